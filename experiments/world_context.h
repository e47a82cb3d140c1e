// SPDX-License-Identifier: Apache-2.0
// Everything of one seed that does not depend on a policy: the world, its environments over stream
// time, evaluation and probe cases with their exact oracles. Shared by all lanes of the seed.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "core/api/metric.h"
#include "drift/compose.h"
#include "experiments/experiment.h"

namespace tightrope {

// Cases of one environment with what no policy changes.
struct CaseSet {
  Cases cases;
  TokenBatch factual;               // complete factual trajectories
  TokenBatch swapped;               // the same with every synonym swapped, up to the diagnosis
  std::vector<OracleTrace> oracle;  // along the factual trajectories
};

// The environments of the cases drawn at one stream time: one law, or several when a gradual drift
// mixes laws case by case.
struct CaseLaws {
  std::vector<std::shared_ptr<const Environment>> laws;
  std::vector<int> of_case;  // index into laws per case; empty: all cases come from laws[0]
  const Environment& of(int n) const {
    return *laws[of_case.empty() ? 0 : static_cast<std::size_t>(of_case[n])];
  }
};

class WorldContext {
 public:
  WorldContext(const Experiment& experiment, std::int64_t seed);

  const World& world() const { return *world_; }
  // The law at stream time t (0 .. horizon), after all drift processes; of a mixture the likelier
  // (a time that mixes in earnest is refused by mixes_at()). `reactions` are a lane's own, of a
  // reactive process; without them it has not moved.
  WorldParams params_at(std::int64_t t, std::span<const DriftReaction> reactions = {}) const;
  std::int64_t time_of(const NamedEnvironment& named) const;
  // The law of a named environment, which no reaction has moved.
  WorldParams params_of(const NamedEnvironment& named) const;
  // Whether a gradual drift mixes two laws at t, each in more than 1 % of the cases: no environment
  // can be named there.
  bool mixes_at(std::int64_t t) const;
  // Exact distances of the law at time t from the law at time 0, per mechanism; kept once computed.
  const std::vector<MechanismDistance>& drift_distances(std::int64_t t);
  // Exact distances of the law at time `to` from the law at time `from`, per mechanism; kept.
  const std::vector<MechanismDistance>& step_distances(std::int64_t from, std::int64_t to);
  // Exact distances of a mixed environment's law from the law at time 0, per mechanism; kept.
  const std::vector<MechanismDistance>& mixed_distances(const NamedEnvironment& named);
  // The drift of this seed: the list, its clock with a lane's reactions, and its path.
  const DriftList& drift() const { return drift_; }
  DriftClock clock(std::span<const DriftReaction> reactions = {}) const {
    return {clock_.horizon, clock_.world, reactions};
  }
  const Stream& drift_stream() const { return drift_stream_; }
  // Environment of a name; built once.
  std::shared_ptr<const Environment> environment(const std::string& name);
  // The laws that cases 0 .. count - 1 of stream time t come from; which one is drawn per case.
  CaseLaws laws_at(std::int64_t t, int count);
  // The same out of `law_of(side)`, the environment of each side that a case comes from.
  CaseLaws laws_at(
      std::int64_t t, int count,
      const std::function<std::shared_ptr<const Environment>(DriftSide)>& law_of) const;
  // Events of all drift processes, by time.
  std::vector<DriftEvent> events() const { return all_events(drift_, clock_, drift_stream_); }
  // Evaluation and probe cases of the e-th named environment; built on first use, then constant.
  const CaseSet& evaluation(std::size_t e);
  const CaseSet& probes(std::size_t e);
  // The probe cases alone. Throws InputError where the environment has none of that kind.
  void draw_probes(std::size_t e, Cases& out);

 private:
  struct Lazy {
    std::once_flag once;
    CaseSet set;
  };
  void fill(CaseSet& set, std::size_t e, Purpose purpose, int count);

  std::vector<NamedEnvironment> named_;
  DriftList drift_;
  DriftClock clock_;
  Stream drift_stream_, evaluation_stream_, probe_stream_;
  int evaluation_cases_ = 0;
  int probe_cases_ = 0;
  std::shared_ptr<const Probe> probe_;
  std::shared_ptr<const World> world_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Environment>> environments_;
  std::map<std::int64_t, std::vector<MechanismDistance>> distances_;
  std::vector<std::pair<WorldParams, std::vector<MechanismDistance>>> distinct_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<MechanismDistance>> steps_;
  std::map<std::string, std::vector<MechanismDistance>> mixed_;
  std::int64_t recent_time_ = -1;
  std::map<DriftSide, std::shared_ptr<const Environment>> recent_;  // at recent_time_
  std::vector<std::unique_ptr<Lazy>> evaluation_, probes_;
};

// Keeps the contexts that were used last; safe to call from several threads.
class WorldContexts {
 public:
  explicit WorldContexts(std::size_t capacity = 48) : capacity_(capacity) {}
  std::shared_ptr<WorldContext> get(const Experiment& experiment, std::int64_t seed);

 private:
  std::size_t capacity_;
  std::mutex mutex_;
  std::list<std::pair<std::string, std::shared_ptr<WorldContext>>> recent_;
};

}  // namespace tightrope
