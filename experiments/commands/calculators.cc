// SPDX-License-Identifier: Apache-2.0
// The researcher's calculators: oracle and objective, JSON in and JSON out.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/commands/command.h"
#include "experiments/objective_command.h"
#include "graph/oracle_json.h"

namespace tightrope {
namespace {

nlohmann::json read_json(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path);
    TR_REQUIRE(file.good(), "--input {}: cannot read it", path);
  }
  std::istream& in = path == "-" ? std::cin : file;
  try {
    return nlohmann::json::parse(in);
  } catch (const nlohmann::json::parse_error& error) {
    throw InputError("--input " + path + ": not JSON: " + error.what());
  }
}

int oracle(const std::vector<std::string>& args) {
  std::string input;
  po::options_description flags("options");
  flags.add_options()("input", po::value(&input)->required(), "worlds and cases; - for stdin");
  parse_arguments("oracle", args, flags, {}, 0);
  std::cout << fill_oracle(read_json(input)).dump() << "\n";
  return 0;
}

int objective(const std::vector<std::string>& args) {
  std::string input;
  std::vector<std::string> sets;
  po::options_description flags("options");
  flags.add_options()                                                                     //
      ("input", po::value(&input)->required(), "log-probabilities in JSON; - for stdin")  //
      ("set", po::value(&sets)->composing(), "setting of the optimizer, beta=0.1");
  const po::variables_map values = parse_arguments("objective", args, flags, {"NAME"}, 1);
  std::cout << run_objective(values["NAME"].as<std::string>(), read_json(input), sets).dump()
            << "\n";
  return 0;
}

}  // namespace

TR_COMMAND(oracle, "oracle", "oracle --input FILE.json",
           "fill in exact laws and posteriors of given worlds and cases", oracle);
TR_COMMAND(objective, "objective", "objective NAME --input FILE.json",
           "an optimizer's loss and gradient for given log-probabilities", objective);

}  // namespace tightrope
