// SPDX-License-Identifier: Apache-2.0
// One lane's rollout stage: trajectories drawn from the policy as it is, scored by the reward
// model, assessed by the optimizer's rule, and used for several updates.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/api/rollout.h"
#include "core/log/checkpoint.h"
#include "experiments/estimator_comparison.h"
#include "experiments/lane_world.h"
#include "experiments/loss_pullback.h"
#include "experiments/rollout_batch.h"
#include "experiments/training_set.h"

namespace tightrope {

// The parameters that a rollout step changes, with the stepper's state and the frozen reference.
struct TrainedParameters {
  std::vector<float>& parameters;       // [P]
  std::vector<float>& state;            // of the stepper
  std::vector<float>& gradient;         // [P], scratch
  const std::vector<float>& reference;  // [P]
  const std::vector<ParameterView>& layout;
};

// What one step did.
struct RolloutOutcome {
  MetricSums metrics;   // of the rollout, and of the updates: their means over the updates
  StepReport report;    // mean norm over the updates, learning rate of the last
  std::string failure;  // not empty: why training cannot go on
};

class Rollouts {
 public:
  Rollouts(const Experiment& experiment, std::size_t stage, std::int64_t seed, LaneWorld& world,
           const Policy& policy);

  // Begins step `step` of the stage: draws, scores and assesses a batch (rollout_draw.h); epoch e
  // of the step is shuffled by the order stream. Updates have numbers step x epochs x minibatches
  // onwards, whether or not an early stop skipped some before.
  void begin(std::int64_t step, const TrainedParameters& trained, Workspace& workspace);
  // Whether a step has begun and is not finished.
  bool open() const { return open_; }
  // What the policy must compute for the step's next update (valid until take()); nothing when the
  // last one, or an early stop, is behind us.
  std::optional<LaneStep> next(const TrainedParameters& trained);
  // Goes on from the gradient of next(); where the rule compares, an optimizer that samples is set
  // beside it first.
  void take(const TrainedParameters& trained, Workspace& workspace);
  // What the step did.
  RolloutOutcome finish();
  // Names of the metrics that the stage adds to the optimizer's; cases/drawn and cases/used only
  // where cases without anything to learn from are replaced, estimator/* where the rule compares.
  static std::vector<std::string> extra_metrics(const RolloutRule& rule);

  void save(Checkpoint& checkpoint, const std::string& prefix) const;
  void load(const Checkpoint& checkpoint, const std::string& prefix);

 private:
  void fit_reward(const TrainedParameters& trained, Workspace& workspace);
  CaseLaws laws_of(std::int64_t step, int count);
  Cases cases_of(std::int64_t step, int attempt, CaseLaws& laws);
  DrawnCases draw_cases_of(const TrainedParameters& trained, Workspace& workspace);
  DrawContext draw_context(const TrainedParameters& trained, Workspace& workspace) const {
    return {spec_, world_.context().world(), policy_, trained.parameters, fitted_, workspace};
  }
  void draw(const TrainedParameters& trained, Workspace& workspace);
  void compare(const TrainedParameters& trained, Workspace& workspace);
  bool open_minibatch();
  void cut(std::span<const std::int32_t> rows);

  const Experiment& experiment_;
  std::size_t stage_;
  const Stage& spec_;
  const RolloutRule& rule_;
  LaneWorld& world_;
  const Policy& policy_;
  TrainingStreams streams_;
  ExpertClock clock_;  // at the stage's start
  Stream reward_data_;
  std::vector<double> state_;                      // of the rule
  std::vector<double> fitted_;                     // of the reward model
  bool ready_ = false;                             // fitted_ is valid
  Cases fixed_;                                    // the data set of a fixed stage
  std::unique_ptr<EpochOrder> orders_[2];          // of it: of first draws, of refills
  std::optional<EstimatorComparison> comparison_;  // of a rule that compares
  // The step that is open.
  bool open_ = false;
  std::int64_t step_ = 0;
  int update_ = 0;    // epoch x minibatches + minibatch
  bool over_ = true;  // no more updates
  RolloutBatch batch_;
  CaseLaws laws_;                   // of a step that compares
  Cases cases_;                     // likewise
  std::vector<std::int32_t> rows_;  // of the epoch, shuffled
  MetricSums sums_;                 // over the updates
  RolloutOutcome out_;
  // Its minibatch.
  TokenBatch part_;
  std::vector<double> behaviour_, value_, reference_, advantage_, return_;
  BatchTotals totals_;
  MetricSums metrics_;
  std::optional<LossPullback> pullback_;
};

}  // namespace tightrope
