// SPDX-License-Identifier: Apache-2.0
// One resolved experiment: what a run's YAML says after a sweep point was applied.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/api/drift_process.h"
#include "core/api/expert.h"
#include "core/api/metric.h"
#include "core/api/optimizer.h"
#include "core/api/policy.h"
#include "core/api/probe.h"
#include "core/api/reference_schedule.h"
#include "core/api/reward.h"
#include "core/api/stepper.h"
#include "core/api/world.h"
#include "core/config/node.h"
#include "core/config/problems.h"

namespace tightrope {

// A named environment: the world at one stream time, or a mixed one, in which some mechanisms stand
// as at that time and the others as at time 0.
struct NamedEnvironment {
  std::string name;
  bool at_end = false;                           // `at: end`
  std::int64_t at = 0;                           // stream time, optimizer steps over all stages
  std::optional<std::vector<std::string>> only;  // the mechanisms taken at that time; nothing: all
  std::string written;                           // its key in the file: "target" of "target[prior]"
  // The name that its cases are drawn by: "target[prior]" draws by "target", so that mixed
  // environments differ in their laws and not in their draws.
  std::string drawn_as() const { return only ? name.substr(0, name.find('[')) : name; }
};

enum class DataKind { kFixed, kStream };

// What a supervised stage learns: the cases' own trajectories, or one side of the expert's pairs.
enum class Imitated { kFactual, kProposed, kPreferred };

struct Stage {
  std::string name;
  std::shared_ptr<const Optimizer> optimizer;
  std::shared_ptr<const Expert> expert;       // null when nothing needs pairs
  std::shared_ptr<const RewardModel> reward;  // null unless the optimizer learns from rollouts
  std::shared_ptr<const Stepper> stepper;
  bool thinking = true;
  std::string train;      // "base", "adapters", "all" or "auto" (all; the policy has no adapters)
  std::string reference;  // name of the stage whose end is the reference; "" = this stage's start
  std::shared_ptr<const ReferenceSchedule> schedule;  // null: frozen
  DataKind data_kind = DataKind::kFixed;
  std::int64_t cases = 0;   // fixed: size of the data set
  std::string environment;  // a named environment, or "now" for streams
  std::string mixed_with;   // fixed: "" or the environment of a share of the cases
  double mixed_share = 0;   // the probability of a case to come from it
  std::string file;         // fixed: "" or the CCF file whose first `cases` records are the data
  bool skip_malformed = false;             // of `file`: leave bad records out
  Imitated imitated = Imitated::kFactual;  // of supervised stages
  bool prequential = false;                // streams: test every batch before it is trained on
  std::int64_t steps = 0;
  std::int64_t batch = 0;
  double direct = 0;     // supervised stages: share of direct sequences
  double truncated = 0;  // and of truncated ones, loss on the answer only
};

// Some diseases under a name: a group's value is the plain mean of its diseases' values.
struct DiseaseGroup {
  std::string name;
  std::vector<std::string> diseases;
};

struct EvaluateSpec {
  std::int64_t every = 100;
  std::int64_t cases = 500;
  SamplingOptions sampling;  // of free-running chains
  std::vector<DiseaseGroup> groups;
  std::vector<std::string> metrics;  // computed besides those that always are
};

struct RecordSpec {
  std::int64_t every = 25;
  std::int64_t block = 50;
  std::int64_t probes = 32;
  std::shared_ptr<const Probe> probe;   // which cases they are
  std::int64_t top = 16;                // 0 = no token log
  std::int64_t tokens_full = 8;         // probes logged in full
  std::int64_t checkpoint_every = 200;  // steps
};

// Everything of one run but its seed.
struct Experiment {
  std::string name;
  std::int64_t seed = 0;  // experiment seed: part of every stream's key
  std::vector<std::string> seed_varies;
  std::shared_ptr<const WorldModel> world;
  std::vector<std::shared_ptr<const DriftProcess>> drift;
  std::vector<NamedEnvironment> environments;
  std::shared_ptr<const PolicyModel> policy;
  std::vector<Stage> stages;
  EvaluateSpec evaluate;
  RecordSpec record;
  Node resolved;  // every default filled in; what hashes and logs are made of

  std::int64_t horizon() const;                   // steps over all stages
  std::int64_t stage_start(std::size_t i) const;  // stream time at which stage i starts
  // The last environment that the file writes out: what a progress line is about.
  std::size_t headline_environment() const;
};

// The whole file: the base experiment plus sweep, seeds, tables and claims.
struct ExperimentFile {
  Node tree;  // after includes and --set
  Node sweep;
  std::vector<std::int64_t> explore_seeds;
  std::vector<std::int64_t> confirm_seeds;
};

// Reads one experiment (sweep, seeds, tune, tables and claims are looked at by others).
Experiment read_experiment(const Node& tree, Problems& problems);

}  // namespace tightrope
