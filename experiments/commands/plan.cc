// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>

#include "core/base/check.h"
#include "core/commands/command.h"
#include "experiments/estimate.h"
#include "experiments/manifest.h"
#include "experiments/runner.h"

namespace tightrope {
namespace {

// Into how many independent parts the plan falls, for those who start workers.
void print_parts(const Plan& frozen) {
  const std::vector<PlanPart> parts = independent_parts(frozen);
  double all = 0, largest = 0;
  for (const PlanPart& part : parts) {
    all += part.work;
    largest = std::max(largest, part.work);
  }
  const double share = all > 0 ? largest / all : 1;
  std::cout << fmt::format(
      "{} independent part{} for workers, the largest with {:.0f} % of the work", parts.size(),
      parts.size() == 1 ? "" : "s", 100 * share);
  if (frozen.packs().size() > 1 && share > 0.5) {
    std::cout << "; a smaller `pack:` that divides the number of seeds makes more of them";
  }
  std::cout << "\n";
}

int plan(const std::vector<std::string>& args) {
  std::vector<std::string> sets;
  std::string write;
  int show = 5;
  po::options_description flags("options");
  flags.add_options()                                                               //
      ("set", po::value(&sets)->composing(), "path=value, put over the file")       //
      ("write", po::value(&write), "write the manifest (JSON lines) to this file")  //
      ("show", po::value(&show)->default_value(5), "runs to show");
  const po::variables_map values = parse_arguments("plan", args, flags, {"FILE"}, 1);
  const Node tree = load_experiment_tree(values["FILE"].as<std::string>(), sets);
  const CheckedExperiment checked = check_file(tree);
  const Plan& frozen = checked.plan;
  const Estimate estimate = estimate_cost(frozen);
  std::cout << fmt::format(
      "{}: {} runs, {} segments (equal histories shared), {} packs\n"
      "about {} lane steps, {:.0f} s on {} threads, {:.1f} MB of logs\n",
      checked.name, frozen.runs().size(), frozen.segments().size(), frozen.packs().size(),
      estimate.lane_steps, estimate.seconds, estimate.threads, estimate.megabytes);
  print_parts(frozen);
  for (int i = 0; i < std::min<int>(show, static_cast<int>(frozen.runs().size())); ++i) {
    const Run& run = frozen.runs()[i];
    std::cout << fmt::format("  {}  seed {} ({})  {}\n", run.id, run.seed, run.seed_set, run.row);
  }
  if (!write.empty()) {
    write_manifest(write, checked.name, frozen, checked.environments, checked.reporting);
    std::cout << "manifest written to " << write << "\n";
  }
  return 0;
}

}  // namespace

TR_COMMAND(plan, "plan", "plan FILE.yaml [--set k=v]", "show what a run would do", plan);

}  // namespace tightrope
