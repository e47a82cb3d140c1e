// SPDX-License-Identifier: Apache-2.0
// One segment in progress: its policy parameters, its stepper state and its place in the stage.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/log/checkpoint.h"
#include "experiments/lane_world.h"
#include "experiments/loss_pullback.h"
#include "experiments/rollouts.h"

namespace tightrope {

// Why and when a lane stopped training; its neighbours go on.
struct Frozen {
  std::int64_t step = -1;  // -1: not frozen
  std::string cause;       // "loss is nan", "gradient is not finite"
};

class Lane {
 public:
  // `start` are the parameters at the stage's start; `reference` those of the frozen reference;
  // `reactions` what a reactive drift decided in the stages before.
  Lane(std::shared_ptr<const Experiment> experiment, std::size_t stage, std::int64_t seed,
       std::shared_ptr<WorldContext> context, std::shared_ptr<const Policy> policy,
       std::vector<float> start, std::vector<float> reference,
       std::vector<DriftReaction> reactions = {});

  // Trains up to step `until`, leaving early (between two steps) when `stop` becomes true. Scalars
  // of every step are appended to pending().
  void advance(std::int64_t until, const std::atomic<bool>& stop);
  // The same in pieces, for lanes that are stepped together: what the policy must compute next
  // (valid until take()), or nothing when advance() would return; take() goes on from the gradient.
  std::optional<LaneStep> next(std::int64_t until, const std::atomic<bool>& stop);
  void take();

  std::int64_t step() const { return step_; }
  const Stage& stage() const { return experiment_->stages[stage_]; }
  const Experiment& experiment() const { return *experiment_; }
  std::int64_t seed() const { return seed_; }
  const Frozen& frozen() const { return frozen_; }
  WorldContext& context() const { return world_.context(); }
  const LaneWorld& world() const { return world_; }
  std::int64_t time() const { return experiment_->stage_start(stage_) + step_; }  // stream time
  const Policy& policy() const { return *policy_; }
  Workspace& workspace() { return *workspace_; }
  const std::vector<float>& parameters() const { return parameters_; }
  const std::vector<float>& reference() const { return reference_; }

  // Names of the scalars of stage `stage`, in the order of a row: the optimizer's metrics (and
  // those of rollouts, of prequential tests, of a reactive drift), gradient_norm, learning_rate.
  static std::vector<std::string> scalar_names(const Experiment& experiment, std::size_t stage);
  std::vector<std::string> scalar_names() const { return scalar_names(*experiment_, stage_); }
  // Rows [steps, scalars] of the steps taken since clear_pending().
  const std::vector<double>& pending() const { return pending_; }
  void clear_pending() { pending_.clear(); }

  // State under "PREFIX/...": what a checkpoint keeps of this lane.
  void save(Checkpoint& checkpoint, const std::string& prefix) const;
  void load(const Checkpoint& checkpoint, const std::string& prefix);

 private:
  void prepare();
  bool react();
  void gather_batch();
  LaneStep training_step();
  void take_training_step();
  TrainedParameters trained() { return {parameters_, state_, gradient_, reference_, layout_}; }
  void record(const MetricSums& metrics, const StepReport& report, const std::string& failure);
  bool moving() const { return stage().schedule && !stage().schedule->frozen(); }
  double follow(const MetricSums& metrics);
  bool in_step() const { return rollouts_ && rollouts_->open(); }  // its updates are not done

  std::shared_ptr<const Experiment> experiment_;
  std::size_t stage_;
  std::int64_t seed_;
  LaneWorld world_;
  std::shared_ptr<const Policy> policy_;
  std::vector<ParameterView> layout_;
  std::vector<float> parameters_, reference_, state_, gradient_;
  std::vector<float> first_reference_;  // of a moving reference: what data sets are made with
  std::vector<double> schedule_state_;  // of the reference schedule
  TrainingStreams streams_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<Rollouts> rollouts_;  // of a rollout stage; the next two are then null
  std::unique_ptr<TrainingSet> data_;
  std::unique_ptr<EpochOrder> order_;
  TokenBatch batch_;
  std::vector<double> batch_reference_;
  std::vector<std::uint8_t> batch_source_;
  BatchTotals totals_;
  MetricSums metrics_;                    // of the step that take() waits for
  MetricSums before_;                     // of its batch before training, where asked for
  MetricSums reacted_;                    // of the drift's decision at this step, if it made one
  std::optional<LossPullback> pullback_;  // likewise
  std::int64_t step_ = 0;
  Frozen frozen_;
  std::vector<double> pending_;
};

// Lane::advance() of all lanes, with one Policy::step_lanes() for the next step of each; what is
// not the policy's goes on `threads` threads.
void advance_together(std::span<const std::unique_ptr<Lane>> lanes, std::int64_t until, int threads,
                      const std::atomic<bool>& stop);

}  // namespace tightrope
