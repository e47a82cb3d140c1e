// SPDX-License-Identifier: Apache-2.0
#include "experiments/lane.h"

#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "experiments/mismatched.h"
#include "experiments/prequential.h"
#include "experiments/stage_policy.h"
#include "experiments/workers.h"

namespace tightrope {
namespace {

// Whether a case comes from the second environment is drawn apart, so that the cases of a share of
// 0 are those of an unmixed set.
CaseLaws fixed_laws(const Stage& stage, WorldContext& context, const TrainingStreams& streams) {
  CaseLaws out{{context.environment(stage.environment)}, {}};
  if (stage.mixed_with.empty()) return out;
  out.laws.push_back(context.environment(stage.mixed_with));
  const Stream mixing = streams.data.child(hash64("mixed"));
  for (std::uint32_t n = 0; n < stage.cases; ++n) {
    out.of_case.push_back(mixing.at(0, n).bernoulli(stage.mixed_share) ? 1 : 0);
  }
  return out;
}

}  // namespace

Lane::Lane(std::shared_ptr<const Experiment> experiment, std::size_t stage, std::int64_t seed,
           std::shared_ptr<WorldContext> context, std::shared_ptr<const Policy> policy,
           std::vector<float> start, std::vector<float> reference,
           std::vector<DriftReaction> reactions)
    : experiment_(std::move(experiment)),
      stage_(stage),
      seed_(seed),
      world_(std::move(context), std::move(reactions)),
      policy_(std::move(policy)),
      layout_(trained_layout(experiment_->stages[stage], *policy_)),
      parameters_(std::move(start)),
      reference_(std::move(reference)),
      state_(experiment_->stages[stage].stepper->state_size(policy_->parameter_count()), 0.0F),
      gradient_(policy_->parameter_count(), 0.0F),
      streams_(training_streams(*experiment_, experiment_->stages[stage], seed)),
      workspace_(policy_->workspace()) {
  TR_CHECK(static_cast<std::int64_t>(parameters_.size()) == policy_->parameter_count(),
           "{} parameters of {}", parameters_.size(), policy_->parameter_count());
  if (moving()) {
    first_reference_ = reference_;
    schedule_state_ = this->stage().schedule->initial_state();
  }
  if (this->stage().optimizer->rollout() != nullptr) {
    rollouts_ = std::make_unique<Rollouts>(*experiment_, stage_, seed_, world_, *policy_);
  }
}

std::vector<std::string> Lane::scalar_names(const Experiment& experiment, std::size_t place) {
  const Stage& stage = experiment.stages[place];
  std::vector<std::string> names = stage.optimizer->metrics();
  if (const RolloutRule* rule = stage.optimizer->rollout()) {
    for (const std::string& name : Rollouts::extra_metrics(*rule)) names.push_back(name);
  }
  if (stage.prequential) {
    for (const std::string& name : prequential_metrics()) names.push_back(name);
  }
  for (const std::string& name : LaneWorld::metrics(experiment.drift)) names.push_back(name);
  if (stage.schedule && !stage.schedule->frozen()) names.push_back("reference/weight");
  names.push_back("gradient_norm");
  names.push_back("learning_rate");
  return names;
}

void Lane::prepare() {
  const Stage& spec = stage();
  if (spec.data_kind == DataKind::kStream || data_ || rollouts_) return;
  data_ = std::make_unique<TrainingSet>(
      spec, context().world(), fixed_laws(spec, context(), streams_), streams_, 0,
      static_cast<int>(spec.cases),
      policy_view(spec.expert.get(), *policy_, moving() ? first_reference_ : reference_,
                  *workspace_),
      expert_clock(*experiment_, experiment_->stage_start(stage_), seed_));
  if (spec.optimizer->needs_reference() && !moving()) {
    data_->set_reference(*policy_, reference_, *workspace_);
  }
  order_ =
      std::make_unique<EpochOrder>(streams_.order, data_->size(), static_cast<int>(spec.batch));
}

void Lane::gather_batch() {
  const Stage& spec = stage();
  if (spec.data_kind == DataKind::kFixed) {
    const std::span<const std::int32_t> units = order_->at(step_);
    data_->gather(units, batch_, batch_reference_, totals_);
    batch_source_ = data_->sources_of(units);
    if (!moving()) return;
    TokenQuantities quantities;  // a reference that moves knows the batch only
    policy_->evaluate(reference_, batch_, {}, quantities, *workspace_);
    batch_reference_ = std::move(quantities.log_prob);
    return;
  }
  const std::int64_t now = time();
  const CaseLaws laws = spec.environment == "now"
                            ? world_.laws_at(now, static_cast<int>(spec.batch))
                            : CaseLaws{{context().environment(spec.environment)}, {}};
  TrainingSet fresh(spec, context().world(), laws, streams_, static_cast<std::uint32_t>(step_),
                    static_cast<int>(spec.batch),
                    policy_view(spec.expert.get(), *policy_, parameters_, *workspace_),
                    expert_clock(*experiment_, now, seed_));
  if (spec.optimizer->needs_reference()) fresh.set_reference(*policy_, reference_, *workspace_);
  if (spec.prequential) {
    before_ = prequential(*policy_, parameters_, fresh.cases(), laws, *workspace_);
  }
  std::vector<std::int32_t> all(fresh.size());
  for (std::int32_t b = 0; b < fresh.size(); ++b) all[b] = b;
  fresh.gather(all, batch_, batch_reference_, totals_);
  batch_source_ = fresh.sources_of(all);
}

LaneStep Lane::training_step() {
  gather_batch();
  if (stage().optimizer->needs_mismatched()) {
    totals_.kl_baseline =
        mismatched_log_ratio(*policy_, parameters_, reference_, batch_, *workspace_);
  }
  metrics_ = before_;
  pullback_.emplace(*stage().optimizer, batch_, totals_, metrics_, batch_source_);
  if (batch_.units() != batch_.cases()) {
    TokenQuantities quantities;
    policy_->evaluate(parameters_, batch_, stage().optimizer->wanted(), quantities, *workspace_);
    pullback_->compute_ahead({.reference_log_prob = batch_reference_}, quantities);
  }
  std::fill(gradient_.begin(), gradient_.end(), 0.0F);
  return {.parameters = parameters_,
          .batch = &batch_,
          .data = {.reference_log_prob = batch_reference_},
          .wanted = stage().optimizer->wanted(),
          .pullback = &*pullback_,
          .gradient = gradient_};
}

void Lane::take_training_step() {
  StepReport report;
  std::string failure;
  if (!std::isfinite(metrics_["loss"].sum)) {
    failure = "the loss is not finite";
  } else {
    clear_frozen_views(layout_, gradient_);
    report = stage().stepper->update(parameters_, gradient_, state_, step_, stage().steps, layout_);
    if (!report.finite) failure = "the gradient is not finite";
  }
  record(metrics_, report, failure);
  ++step_;
}

// Moves the reference as the schedule says; the weight.
double Lane::follow(const MetricSums& metrics) {
  const std::string watched = stage().schedule->watches();
  double value = 0;
  if (!watched.empty()) {
    const auto found = metrics.find(watched);
    if (found == metrics.end()) return 0;
    value = watched == "loss" ? found->second.sum : found->second.mean();
    if (!std::isfinite(value)) return 0;
  }
  const auto weight =
      static_cast<float>(stage().schedule->after_step(step_, value, schedule_state_));
  TR_CHECK(weight >= 0 && weight <= 1, "weight {} of the reference", weight);
  if (weight == 0) return 0;
  for (std::size_t i = 0; i < reference_.size(); ++i) {
    reference_[i] =
        weight == 1 ? parameters_[i] : weight * parameters_[i] + (1 - weight) * reference_[i];
  }
  return weight;
}

void Lane::record(const MetricSums& metrics, const StepReport& report, const std::string& failure) {
  constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();
  if (!failure.empty()) frozen_ = {step_, failure};
  const double followed = moving() && failure.empty() ? follow(metrics) : 0;
  const std::vector<std::string> names = scalar_names();
  for (std::size_t i = 0; i + 2 < names.size(); ++i) {
    const auto found = metrics.find(names[i]);
    const auto reacted = reacted_.find(names[i]);
    if (names[i] == "reference/weight") {
      pending_.push_back(followed);
    } else if (reacted != reacted_.end()) {
      pending_.push_back(reacted->second.mean());
    } else if (found == metrics.end()) {
      pending_.push_back(kNotKnown);
    } else {
      pending_.push_back(names[i] == "loss" ? found->second.sum : found->second.mean());
    }
  }
  const bool updated = failure != "the loss is not finite";
  pending_.push_back(updated ? report.gradient_norm : kNotKnown);
  pending_.push_back(updated ? report.learning_rate : kNotKnown);
}

// Before the step's batch is drawn the drift may answer the policy; false when the lane freezes.
bool Lane::react() {
  if (!world_.react(time(), *policy_, parameters_, *workspace_)) {
    frozen_ = {step_, "what the drift sees of the policy is not finite"};
    return false;
  }
  reacted_ = world_.metrics_at(time());
  return true;
}

std::optional<LaneStep> Lane::next(std::int64_t until, const std::atomic<bool>& stop) {
  if (step_ < until && frozen_.step < 0) prepare();
  bool go_on = in_step() || !stop.load(std::memory_order_relaxed);
  while (step_ < until && go_on) {
    const bool going = in_step() || (frozen_.step < 0 && react());
    if (!going) {
      pending_.insert(pending_.end(), scalar_names().size(),
                      std::numeric_limits<double>::quiet_NaN());
      ++step_;
    } else if (!rollouts_) {
      return training_step();
    } else {
      if (!rollouts_->open()) rollouts_->begin(step_, trained(), *workspace_);
      if (const std::optional<LaneStep> update = rollouts_->next(trained())) return update;
      const RolloutOutcome out = rollouts_->finish();
      record(out.metrics, out.report, out.failure);
      ++step_;
    }
    go_on = !stop.load(std::memory_order_relaxed);
  }
  if (step_ == stage().steps) {  // the data are not needed any more
    data_.reset();
    order_.reset();
  }
  return std::nullopt;
}

void Lane::take() {
  if (rollouts_) {
    rollouts_->take(trained(), *workspace_);
  } else {
    take_training_step();
  }
}

void Lane::advance(std::int64_t until, const std::atomic<bool>& stop) {
  while (const std::optional<LaneStep> step = next(until, stop)) {
    policy_->step(step->parameters, *step->batch, step->data, step->wanted, *step->pullback,
                  step->gradient, *workspace_);
    take();
  }
}

void advance_together(std::span<const std::unique_ptr<Lane>> lanes, std::int64_t until, int threads,
                      const std::atomic<bool>& stop) {
  const int count = static_cast<int>(lanes.size());
  std::vector<std::optional<LaneStep>> asked(lanes.size());
  while (count > 0) {
    parallel_for(count, threads, [&](int l) { asked[l] = lanes[l]->next(until, stop); });
    std::vector<LaneStep> steps;
    for (const std::optional<LaneStep>& step : asked) {
      if (step) steps.push_back(*step);
    }
    if (steps.empty()) return;
    lanes.front()->policy().step_lanes(steps, lanes.front()->workspace());
    parallel_for(count, threads, [&](int l) {
      if (asked[l]) lanes[l]->take();
    });
  }
}

void Lane::save(Checkpoint& checkpoint, const std::string& prefix) const {
  checkpoint.set(prefix + "/parameters", parameters_);
  checkpoint.set(prefix + "/reference", reference_);
  if (moving()) {
    checkpoint.set(prefix + "/first_reference", first_reference_);
    checkpoint.set(prefix + "/schedule", schedule_state_);
  }
  checkpoint.set(prefix + "/state", state_);
  checkpoint.set(prefix + "/pending", pending_);
  checkpoint.set(prefix + "/place", std::vector<std::int64_t>{step_, frozen_.step});
  checkpoint.set(prefix + "/cause", std::vector<std::string>{frozen_.cause});
  world_.save(checkpoint, prefix + "/reactions");
  if (rollouts_) rollouts_->save(checkpoint, prefix + "/rollouts");
}

void Lane::load(const Checkpoint& checkpoint, const std::string& prefix) {
  parameters_ = checkpoint.get<float>(prefix + "/parameters");
  reference_ = checkpoint.get<float>(prefix + "/reference");
  if (moving()) {
    first_reference_ = checkpoint.get<float>(prefix + "/first_reference");
    schedule_state_ = checkpoint.get<double>(prefix + "/schedule");
  }
  state_ = checkpoint.get<float>(prefix + "/state");
  pending_ = checkpoint.get<double>(prefix + "/pending");
  step_ = checkpoint.get<std::int64_t>(prefix + "/place").at(0);
  frozen_.step = checkpoint.get<std::int64_t>(prefix + "/place").at(1);
  frozen_.cause = checkpoint.get<std::string>(prefix + "/cause").at(0);
  world_.load(checkpoint, prefix + "/reactions");
  if (rollouts_) rollouts_->load(checkpoint, prefix + "/rollouts");
}

}  // namespace tightrope
