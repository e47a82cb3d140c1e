// SPDX-License-Identifier: Apache-2.0
// The trajectories a stage trains on, ready to be cut into batches.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/api/optimizer.h"
#include "core/api/policy.h"
#include "experiments/experiment.h"
#include "experiments/world_context.h"

namespace tightrope {

// The streams a training set draws from; `stage` tags keep stages apart, so that every arm of a
// sweep sees the same cases (common random numbers).
struct TrainingStreams {
  Stream data, expert, form, order, sampling;
};
TrainingStreams training_streams(const Experiment& experiment, const Stage& stage,
                                 std::int64_t seed);

// The clock of experts at stream time `time`.
ExpertClock expert_clock(const Experiment& experiment, std::int64_t time, std::int64_t seed);

// `count` cases from `laws`: case r of batch `step` draws from data.at(step, r).
Cases draw_cases(const CaseLaws& laws, const Stream& data, std::uint32_t step, int count);

// Makes case n of `to` case m of `from`.
void copy_case(const Cases& from, int m, Cases& to, int n);

// What an expert may ask of the policy: empty functions when the expert asks for nothing.
struct PolicyView {
  std::function<void(int n, const Cases& cases, std::span<double> belief)> belief;
  std::function<Trajectory(int n, const Cases& cases, const Stream& stream)> sample;
  // `context` with the policy's functions bound to its cases.
  ExpertContext bound(ExpertContext context) const;
};
PolicyView policy_view(const Expert* expert, const Policy& policy,
                       std::span<const float> parameters, Workspace& workspace);

// Appends unit u of `from` with its cases and their trajectories and counts it.
void add_unit(const TokenBatch& from, int u, TokenBatch& to, BatchTotals& totals);

class TrainingSet {
 public:
  // `count` cases from `laws`: case r of batch `step` draws from data.at(step, r); those of a stage
  // with a case file are read from it (and follow laws[0] where an expert asks). Pairs come from
  // the stage's expert; supervised sequences, the cases' own or (stage.imitated) the expert's, are
  // full, direct or truncated by stage shares.
  TrainingSet(const Stage& stage, const World& world, const CaseLaws& laws,
              const TrainingStreams& streams, std::uint32_t step, int count,
              const PolicyView& policy, const ExpertClock& clock);

  int size() const { return all_.units(); }
  const Cases& cases() const { return cases_; }
  const TokenBatch& all() const { return all_; }
  // Log-probs of the frozen reference along all trajectories; computed once.
  void set_reference(const Policy& policy, std::span<const float> parameters, Workspace& workspace);
  // Copies the given units into `batch` and their reference log-probs into `reference` (empty when
  // there is no reference), with the totals of the step.
  void gather(std::span<const std::int32_t> units, TokenBatch& batch,
              std::vector<double>& reference, BatchTotals& totals) const;
  // Sources of the pairs of the given units; empty when there are no pairs.
  std::vector<std::uint8_t> sources_of(std::span<const std::int32_t> units) const;

 private:
  Cases cases_;
  TokenBatch all_;
  std::vector<std::uint8_t> source_;  // [units], of pairs
  std::vector<double> reference_;
};

// Order of cases: epoch after epoch of permutations, incomplete last batches dropped.
class EpochOrder {
 public:
  EpochOrder(const Stream& stream, int cases, int batch);
  // The cases of step `step`; deterministic in (stream, step), whatever was asked before.
  std::span<const std::int32_t> at(std::int64_t step);

 private:
  Stream stream_;
  int cases_;
  int batch_;
  std::int64_t epoch_ = -1;
  std::vector<std::int32_t> order_;
};

}  // namespace tightrope
