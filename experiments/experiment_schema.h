// SPDX-License-Identifier: Apache-2.0
// The schemas of an experiment file's own sections; components bring theirs from the registry.
#pragma once

#include "core/config/schema.h"
#include "experiments/experiment.h"

namespace tightrope {

struct ExperimentParams {
  std::string experiment;
  std::string description;
  std::int64_t seed = 0;
  std::vector<std::string> seed_varies = {"world", "data", "init", "sampling"};
  Node world, drift, environments, policy, stages, evaluate, record, sweep, seeds, tune, tables,
      claims, include;
  std::int64_t pack = 16;
  static Schema<ExperimentParams> schema();
};

// The keys an experiment file may have at its top.
const std::vector<std::string>& experiment_keys();

struct StageParams {
  std::string name;
  Node optimizer, expert, reward, stepper, data, reference_schedule;
  bool thinking = true;
  std::string train = "auto";
  std::string reference;
  std::int64_t steps = 0;
  std::int64_t batch = 32;
  double direct = 0.15;
  double truncated = 0.15;
  static Schema<StageParams> schema();
};

struct DataParams {
  std::string kind = "fixed";
  std::int64_t cases = 3000;
  std::string environment;
  std::string mixed_with;
  double mixed_share = 0.5;
  std::string trajectories = "factual";
  std::string file;
  bool skip_malformed = false;
  bool prequential = false;
  static Schema<DataParams> schema();
};

struct EvaluateParams {
  std::int64_t every = 100;
  std::int64_t cases = 500;
  std::string thinking = "greedy";
  std::int64_t top_k = 0;
  double top_p = 1;
  double temperature = 1;
  Node groups;
  std::vector<std::string> metrics;
  static Schema<EvaluateParams> schema();
};

struct RecordParams {
  std::int64_t every = 25;
  std::int64_t block = 50;
  std::int64_t probes = 32;
  Node probe = Node::scalar("cases");
  std::string tokens = "top16";
  std::int64_t tokens_full = 8;
  std::int64_t checkpoint_every = 200;
  static Schema<RecordParams> schema();
};

}  // namespace tightrope
