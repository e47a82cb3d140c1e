// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/commands/command.h"
#include "core/config/yaml.h"
#include "core/log/checkpoint.h"
#include "experiments/evaluation.h"
#include "experiments/runner.h"
#include "experiments/stage_policy.h"
#include "experiments/streams.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;

std::size_t environment_index(const Experiment& experiment, const std::string& name) {
  std::vector<std::string> names;
  for (const NamedEnvironment& named : experiment.environments) {
    if (named.name == name) return names.size();
    names.push_back(named.name);
  }
  const auto near = nearest(name, names);
  throw InputError(fmt::format("--environment {}: no such environment{}; known: {}", name,
                               near ? fmt::format("; did you mean \"{}\"?", *near) : "",
                               join(names, ", ")));
}

void print_segment(const Plan& plan, const Segment& segment, const std::vector<float>& parameters,
                   const std::string& environment, int cases) {
  auto experiment = std::make_shared<Experiment>(*plan.experiment(segment.point));
  if (cases > 0) experiment->evaluate.cases = cases;
  WorldContext context(*experiment, segment.seed);
  const auto policy = make_policy(*experiment, context.world());
  const auto workspace = policy->workspace();
  const std::vector<NamedMetric> metrics = metrics_of(experiment->evaluate);
  const Stage& stage = experiment->stages[static_cast<std::size_t>(segment.stage)];
  const std::size_t e = environment_index(*experiment, environment);
  const Stream stream = lane_stream(*experiment, Purpose::kSampling, segment.seed).child(0);
  const std::vector<double> values =
      evaluate({context, e, *policy, parameters, stage.thinking, experiment->evaluate.sampling,
                stream, 0, experiment->evaluate.groups, &stage},
               metrics, *workspace);
  const std::size_t subsets = values.size() / metrics.size();
  std::cout << fmt::format("segment {}  {}  stage {}  seed {}  environment {}  {} cases\n",
                           segment.id, plan.rows()[segment.row], stage.name, segment.seed,
                           environment, experiment->evaluate.cases);
  std::cout << fmt::format("  {:<20} {:>10} {:>10} {:>10}\n", "", "all", "entangled", "single");
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    std::cout << fmt::format("  {:<20} {:>10.4f} {:>10.4f} {:>10.4f}  {}\n", metrics[m].name,
                             values[m * subsets], values[m * subsets + 1], values[m * subsets + 2],
                             metrics[m].metric->unit());
  }
}

int run(const std::vector<std::string>& args) {
  std::string policy, environment, segment;
  int cases = 0;
  po::options_description flags("options");
  flags.add_options()                                                                   //
      ("policy", po::value(&policy)->required(), "a .policies file of a run folder")    //
      ("environment", po::value(&environment)->required(), "a named environment")       //
      ("segment", po::value(&segment), "only this segment (default: all of the file)")  //
      ("cases", po::value(&cases)->default_value(0), "evaluation cases (default: the run's)");
  parse_arguments("evaluate", args, flags, {}, 0);
  const fs::path folder = fs::absolute(policy).parent_path().parent_path();
  TR_REQUIRE(fs::exists(folder / "config.yaml"), "--policy {}: not inside a run folder", policy);
  const Node tree = load_yaml(folder / "config.yaml");
  Problems problems;
  std::vector<SeedSet> seeds = read_seed_sets(tree, problems);
  problems.throw_if_any();
  const bool confirm_only = fs::exists(folder / "tuning");
  if (confirm_only && seeds.size() == 2) seeds.erase(seeds.begin());
  const Plan plan(tree, seeds);
  const std::optional<LoadedCheckpoint> loaded = load_checkpoint(policy, plan.hash());
  TR_REQUIRE(loaded.has_value(), "--policy {}: no such file", policy);
  int shown = 0;
  for (const Segment& each : plan.segments()) {
    if (!loaded->checkpoint.has(each.id) || (!segment.empty() && each.id != segment)) continue;
    print_segment(plan, each, loaded->checkpoint.get<float>(each.id), environment, cases);
    ++shown;
  }
  TR_REQUIRE(shown > 0, "--segment {}: {} holds no such segment", segment, policy);
  return 0;
}

}  // namespace

TR_COMMAND(evaluate, "evaluate", "evaluate --policy FILE --environment E",
           "evaluate a trained policy anew", run);

}  // namespace tightrope
