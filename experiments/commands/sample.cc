// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/commands/command.h"
#include "experiments/case_file.h"
#include "experiments/runner.h"
#include "experiments/streams.h"
#include "experiments/training_set.h"
#include "graph/case_json.h"

namespace tightrope {
namespace {

// The stage whose data are shown: the named one, else the first with an expert, else the first.
std::size_t choose_stage(const Experiment& experiment, const std::string& name) {
  for (std::size_t i = 0; i < experiment.stages.size(); ++i) {
    if (name.empty() ? experiment.stages[i].expert != nullptr : experiment.stages[i].name == name) {
      return i;
    }
  }
  TR_REQUIRE(name.empty(), "--stage {}: no such stage", name);
  return 0;
}

// The settings of a row, or of the first row whose stage has pairs to show.
std::shared_ptr<const Experiment> choose_row(const Plan& plan, const std::string& row,
                                             const std::string& stage) {
  for (const Run& run : plan.runs()) {
    if (!row.empty() && run.row != row) continue;
    std::shared_ptr<const Experiment> experiment = plan.experiment(run.point);
    if (!row.empty() || experiment->stages[choose_stage(*experiment, stage)].expert) {
      return experiment;
    }
  }
  TR_REQUIRE(row.empty(), "--arm {}: no such row; rows: {}", row, join(plan.rows(), ", "));
  return plan.experiment(0);
}

int sample(const std::vector<std::string>& args) {
  std::vector<std::string> sets;
  std::string stage_name, arm, environment;
  int count = 5, top = 0;
  std::int64_t seed = -1;
  bool as_json = false;
  po::options_description flags("options");
  flags.add_options()                                                                       //
      ("set", po::value(&sets)->composing(), "path=value, put over the file")               //
      ("n", po::value(&count)->default_value(5), "cases")                                   //
      ("json", po::bool_switch(&as_json), "machine-readable")                               //
      ("seed", po::value(&seed), "lane seed (default: the first of the file)")              //
      ("stage", po::value(&stage_name), "stage whose data are drawn")                       //
      ("arm", po::value(&arm), "row of the sweep (default: the first with an expert)")      //
      ("environment", po::value(&environment), "named environment (default: the stage's)")  //
      ("top", po::value(&top)->default_value(0), "most probable tokens per position; 0: all");
  const po::variables_map values = parse_arguments("sample", args, flags, {"FILE"}, 1);
  TR_REQUIRE(count >= 1 && count <= 1000000, "--n {}: expected 1..1000000", count);
  const Node tree = load_experiment_tree(values["FILE"].as<std::string>(), sets);
  const CheckedExperiment checked = check_file(tree);
  const std::shared_ptr<const Experiment> experiment = choose_row(checked.plan, arm, stage_name);
  const Stage& stage = experiment->stages[choose_stage(*experiment, stage_name)];
  if (seed < 0) seed = checked.plan.runs().front().seed;
  WorldContext context(*experiment, seed);
  std::string where = environment.empty() ? stage.environment : environment;
  if (where == "now") where = experiment->environments.front().name;
  bool known = false;
  for (const NamedEnvironment& named : experiment->environments) known |= named.name == where;
  TR_REQUIRE(known, "--environment {}: no such environment", where);
  const auto law = context.environment(where);
  const TrainingStreams streams = training_streams(*experiment, stage, seed);
  const std::int64_t at = experiment->stage_start(choose_stage(*experiment, stage_name));
  Cases cases;
  // Experts that borrow from other patients need some; case n is the same in any number.
  if (stage.file.empty() || !environment.empty()) {
    law->sample(streams.data, 0, 0, std::max(count, 64), cases);
  } else {
    cases = read_case_file(stage, context.world());
    TR_REQUIRE(count <= cases.size(), "--n {}: the stage has {} cases of {}", count, cases.size(),
               stage.file);
  }
  CaseTelling telling;
  telling.top = as_json ? top : (top > 0 ? top : 5);
  nlohmann::json all = nlohmann::json::array();
  const bool propose = stage.expert && !stage.expert->needs_policy();
  ExpertContext expert_context{context.world(), *law, cases, {}};
  expert_context.clock = expert_clock(*experiment, at, seed);
  std::shared_ptr<const ExpertData> data;
  if (propose) data = stage.expert->prepare(expert_context);
  expert_context.data = data.get();
  for (int n = 0; n < count; ++n) {
    nlohmann::json told = describe_case(context.world(), *law, cases, n, telling);
    if (propose) {
      const Pair pair = stage.expert->propose(expert_context, n, stage.thinking, streams.expert, 0);
      told["counterfactual"] = describe_alternative(context.world(), *law, cases, n, pair.rejected);
    }
    if (!as_json) std::cout << "case " << n << "\n" << case_text(told) << "\n";
    all.push_back(std::move(told));
  }
  if (as_json) std::cout << all.dump() << "\n";
  return 0;
}

}  // namespace

TR_COMMAND(sample, "sample", "sample FILE.yaml --n 5 [--json]",
           "cases with reports, counterfactuals and the oracle's laws", sample);

}  // namespace tightrope
