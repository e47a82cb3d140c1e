// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <limits>
#include <thread>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/paths.h"
#include "core/base/strings.h"
#include "core/commands/command.h"
#include "core/config/problems.h"
#include "experiments/dataset_maker.h"
#include "experiments/interrupt.h"
#include "experiments/progress.h"
#include "experiments/runner.h"
#include "experiments/streams.h"
#include "experiments/training_set.h"
#include "graph/ccf_reader.h"

namespace tightrope {
namespace {

struct Options {
  std::string experiment, out, environment, stage, arm;
  std::vector<std::string> sets;
  std::int64_t n = 0, seed = -1, show = 0;
  int counterfactuals = 2, threads = 0;
  bool quiet = false;
};

// The experiment whose world is meant: that of `--arm`, else of the file's first run.
struct Chosen {
  std::shared_ptr<const Experiment> experiment;
  std::int64_t seed;
};

Chosen choose(const Options& o) {
  const std::string file =
      o.experiment.empty() ? (data_folder() / "experiments/configs/paper/cpo_table5.yaml").string()
                           : o.experiment;
  const CheckedExperiment checked = check_file(load_experiment_tree(file, o.sets));
  for (const Run& run : checked.plan.runs()) {
    if (!o.arm.empty() && run.row != o.arm) continue;
    return {checked.plan.experiment(run.point), o.seed < 0 ? run.seed : o.seed};
  }
  throw InputError(fmt::format("--arm {}: no such row{}; rows: {}", o.arm,
                               did_you_mean(o.arm, checked.plan.rows()),
                               join(checked.plan.rows(), ", ")));
}

const Stage* stage_of(const Options& o, const Experiment& experiment) {
  if (o.stage.empty()) return nullptr;
  std::vector<std::string> names;
  for (const Stage& stage : experiment.stages) {
    if (stage.name == o.stage) return &stage;
    names.push_back(stage.name);
  }
  throw InputError(fmt::format("--stage {}: no such stage{}; stages: {}", o.stage,
                               did_you_mean(o.stage, names), join(names, ", ")));
}

std::string environment_of(const Options& o, const Experiment& experiment, const Stage* stage) {
  std::vector<std::string> names;
  for (const NamedEnvironment& named : experiment.environments) names.push_back(named.name);
  if (o.environment.empty()) {
    return stage == nullptr || stage->environment == "now" ? names.front() : stage->environment;
  }
  TR_REQUIRE(std::find(names.begin(), names.end(), o.environment) != names.end(),
             "--environment {}: no such environment{}; environments: {}", o.environment,
             did_you_mean(o.environment, names), join(names, ", "));
  return o.environment;
}

DatasetPlan plan_of(const Options& o, const Chosen& chosen, const Stage* stage) {
  TR_REQUIRE(o.counterfactuals >= 1, "--counterfactuals {}: expected at least 1",
             o.counterfactuals);
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  TR_REQUIRE(o.n >= 1 && o.n % o.counterfactuals == 0 && o.n / o.counterfactuals <= kMost,
             "--n {}: counts counterfactual trajectories, expected a positive multiple of "
             "--counterfactuals {} for at most {} reports",
             o.n, o.counterfactuals, kMost);
  TR_REQUIRE(o.threads >= 0, "--threads {}: expected at least 0", o.threads);
  DatasetPlan out;
  out.records = o.n / o.counterfactuals;
  out.counterfactuals = o.counterfactuals;
  const std::uint64_t tag = hash64(stage != nullptr ? stage->name : "dataset");
  out.data = lane_stream(*chosen.experiment, Purpose::kData, chosen.seed).child(tag);
  out.expert = lane_stream(*chosen.experiment, Purpose::kExpert, chosen.seed).child(tag);
  out.threads = o.threads > 0 ? o.threads
                              : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return out;
}

int make(const Options& o) {
  TR_REQUIRE(!o.out.empty(), "dataset make: --out FOLDER is missing");
  const Chosen chosen = choose(o);
  const Stage* stage = stage_of(o, *chosen.experiment);
  const std::string where = environment_of(o, *chosen.experiment, stage);
  const DatasetPlan plan = plan_of(o, chosen, stage);
  WorldContext context(*chosen.experiment, chosen.seed);
  interrupted();  // from here on signals mean: stop and leave nothing behind
  try {
    Progress progress(plan.records, 0, o.quiet, {"records", "records/s"});
    make_dataset(plan, context.world(), *context.environment(where), o.out, [&](std::int64_t more) {
      progress.update(more, "", std::numeric_limits<double>::quiet_NaN());
    });
  } catch (const Interrupted&) {
    std::cerr << "stopped; nothing was written\n";
    return 1;
  }
  std::cout << fmt::format(
      "{} records with {} counterfactuals each, environment {}, seed {}\n{}/ccf.jsonl\n{}/ccf.h5\n",
      plan.records, plan.counterfactuals, where, chosen.seed, o.out, o.out);
  return 0;
}

int check(const Options& o, const std::string& file) {
  const Chosen chosen = choose(o);
  const WorldContext context(*chosen.experiment, chosen.seed);
  CcfReading reading{.skip_malformed = true};
  std::int64_t told = 0;
  reading.on_malformed = [&](const std::string& text) {
    if (++told <= o.show) std::cerr << text << "\n";
  };
  CcfReader reader(file, context.world(), reading);
  std::int64_t counterfactuals = 0, cases = 0;
  for (CcfRecord record; reader.next(record);) {
    counterfactuals += static_cast<std::int64_t>(record.counterfactuals.size());
    cases += has_case(record) ? 1 : 0;
  }
  if (told > o.show) std::cerr << fmt::format("... and {} more\n", told - o.show);
  std::cout << fmt::format(
      "{}: {} records, {} malformed; the good ones have {} counterfactuals, {} have image, site "
      "and attributes\n",
      file, reader.records(), reader.malformed(), counterfactuals, cases);
  return reader.malformed() > 0 ? 2 : 0;
}

int dataset(const std::vector<std::string>& args) {
  Options o;
  po::options_description flags("options");
  flags.add_options()                                                                           //
      ("set", po::value(&o.sets)->composing(), "path=value, put over the experiment")           //
      ("arm", po::value(&o.arm), "row of the sweep whose world is meant (default: the first)")  //
      ("seed", po::value(&o.seed), "lane seed (default: the first of the experiment)")          //
      ("n", po::value(&o.n)->default_value(320416), "make: counterfactual trajectories")        //
      ("counterfactuals", po::value(&o.counterfactuals)->default_value(2),
       "make: nearest diseases per report")                                                 //
      ("out", po::value(&o.out), "make: folder for ccf.jsonl and ccf.h5, absent or empty")  //
      ("environment", po::value(&o.environment),
       "make: named environment (default: the stage's, else the first)")  //
      ("stage", po::value(&o.stage),
       "make: draw the cases and counterfactuals that this stage would")                     //
      ("threads", po::value(&o.threads)->default_value(0), "make: 0: as many as there are")  //
      ("quiet", po::bool_switch(&o.quiet), "make: no progress")                              //
      ("show", po::value(&o.show)->default_value(20), "check: malformed records told");
  const po::variables_map values =
      parse_arguments("dataset", args, flags, {"ACTION", "FILE", "EXPERIMENT"}, 1);
  const std::string action = values["ACTION"].as<std::string>();
  const auto text = [&](const char* name) {
    return values.count(name) > 0 ? values[name].as<std::string>() : std::string();
  };
  TR_REQUIRE(values.count("seed") == 0 || o.seed >= 0, "--seed {}: expected at least 0", o.seed);
  TR_REQUIRE(action == "make" || action == "check", "dataset {}: expected make or check", action);
  if (action == "check") {
    TR_REQUIRE(values.count("FILE") > 0, "dataset check: the CCF file is missing");
    o.experiment = text("EXPERIMENT");
    return check(o, text("FILE"));
  }
  TR_REQUIRE(values.count("EXPERIMENT") == 0, "dataset make: one experiment file, got {} and {}",
             text("FILE"), text("EXPERIMENT"));
  o.experiment = text("FILE");
  return make(o);
}

}  // namespace

TR_COMMAND(dataset, "dataset", "dataset make [X.yaml] --out FOLDER | check FILE [X.yaml]",
           "make a synthetic CCF (counterfactual data set), or check one", dataset);

}  // namespace tightrope
