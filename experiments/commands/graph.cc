// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "core/base/check.h"
#include "core/commands/command.h"
#include "graph/graph_draw.h"

namespace tightrope {
namespace {

void show(const ConceptGraph& graph) {
  std::cout << fmt::format("{}: {} diseases, {} attributes, {} edges\n", graph.name(),
                           graph.diseases(), graph.attributes(), graph.edges().size());
  for (int z = 0; z < graph.diseases(); ++z) {
    const std::vector<int> near = graph.nearest(z, std::min(2, graph.diseases() - 1));
    std::cout << fmt::format(
        "  {:<28} {:>2} associations {:>2} exclusions; nearest:", graph.disease(z).name,
        graph.associations(z).size(), graph.exclusions(z).size());
    for (const int j : near) {
      std::cout << fmt::format(" {} ({:.2f})", graph.disease(j).name, graph.entanglement(z, j));
    }
    std::cout << "\n";
  }
}

int graph(const std::vector<std::string>& args) {
  std::string out;
  po::options_description flags("options");
  flags.add_options()("out", po::value(&out)->default_value("."), "folder for the drawings");
  const po::variables_map values = parse_arguments("graph", args, flags, {"ACTION", "GRAPH"}, 2);
  const std::string action = values["ACTION"].as<std::string>();
  TR_REQUIRE(action == "draw" || action == "show", "graph {}: expected draw or show", action);
  const ConceptGraph loaded = load_graph(values["GRAPH"].as<std::string>());
  if (action == "show") {
    show(loaded);
    return 0;
  }
  for (const auto& [extension, text] :
       {std::pair<std::string, std::string>{"dot", graph_dot(loaded)},
        {"svg", graph_svg(loaded)}}) {
    const std::string path = out + "/" + loaded.name() + "." + extension;
    std::ofstream file(path);
    file << text;
    file.close();
    if (!file) throw IoError("cannot write " + path);
    std::cout << "wrote " << path << "\n";
  }
  return 0;
}

}  // namespace

TR_COMMAND(graph, "graph", "graph show|draw GRAPH [--out FOLDER]",
           "show or draw a concept graph (cxr, toy or a file)", graph);

}  // namespace tightrope
