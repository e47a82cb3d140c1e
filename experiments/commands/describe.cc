// SPDX-License-Identifier: Apache-2.0
#include "experiments/describe.h"

#include <filesystem>
#include <fstream>
#include <iostream>

#include "core/base/check.h"
#include "core/commands/command.h"

namespace tightrope {
namespace {

int describe(const std::vector<std::string>& args) {
  std::string pages;
  po::options_description flags("options");
  flags.add_options()("all", po::value(&pages), "write a page of every component into this folder");
  const po::variables_map values = parse_arguments("describe", args, flags, {"KIND", "NAME"}, 0);
  if (!pages.empty()) {
    for (const ComponentInfo& info : all_components()) {
      const std::filesystem::path folder = std::filesystem::path(pages) / info.kind;
      std::error_code error;
      std::filesystem::create_directories(folder, error);
      std::ofstream page(folder / (info.name + ".md"));
      page << reference_page(info);
      page.close();
      if (error || !page) throw IoError("cannot write into " + folder.string());
    }
    return 0;
  }
  TR_REQUIRE(values.count("NAME") > 0, "usage: tightrope {}", commands().at("describe").usage);
  std::cout << describe_yaml(
      find_component(values["KIND"].as<std::string>(), values["NAME"].as<std::string>()));
  return 0;
}

int explain(const std::vector<std::string>& args) {
  const po::variables_map values =
      parse_arguments("explain", args, po::options_description("options"), {"METRIC"}, 1);
  const ComponentInfo info = find_component("metric", values["METRIC"].as<std::string>());
  std::cout << info.name << ": " << info.summary << "\nsource: " << info.citation << " ("
            << info.file << ")\n"
            << "subsets: all, entangled, single, or a disease: " << info.name
            << "(target, entangled)\n";
  return 0;
}

}  // namespace

TR_COMMAND(describe, "describe", "describe KIND NAME | describe --all FOLDER",
           "show a component's settings as pasteable YAML", describe);
TR_COMMAND(explain, "explain", "explain METRIC", "say what a metric measures", explain);

}  // namespace tightrope
