// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "core/commands/command.h"
#include "experiments/runner.h"

namespace tightrope {
namespace {

CheckedExperiment checked(const po::variables_map& values, const std::vector<std::string>& sets) {
  const Node tree = load_experiment_tree(values["FILE"].as<std::string>(), sets);
  return check_file(tree);
}

int check(const std::vector<std::string>& args) {
  std::vector<std::string> sets;
  po::options_description flags("options");
  flags.add_options()("set", po::value(&sets)->composing(), "path=value, put over the file");
  const po::variables_map values = parse_arguments("check", args, flags, {"FILE"}, 1);
  const CheckedExperiment experiment = checked(values, sets);
  std::cout << values["FILE"].as<std::string>() << ": good, " << experiment.plan.runs().size()
            << " runs\n";
  return 0;
}

}  // namespace

TR_COMMAND(check, "check", "check FILE.yaml [--set k=v]", "check an experiment file", check);

}  // namespace tightrope
