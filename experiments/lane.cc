// SPDX-License-Identifier: Apache-2.0
#include "experiments/lane.h"

#include <cmath>
#include <limits>

#include "core/base/check.h"

namespace tightrope {
namespace {

// Joins the optimizer's loss to the policy's pass.
class LossPullback : public Pullback {
 public:
  LossPullback(const Optimizer& optimizer, const BatchTotals& totals, MetricSums& metrics)
      : optimizer_(optimizer), totals_(totals), metrics_(metrics) {}
  void operator()(const Group& group, GroupGradient gradient) override {
    optimizer_.loss(group, totals_, gradient, metrics_);
  }

 private:
  const Optimizer& optimizer_;
  const BatchTotals& totals_;
  MetricSums& metrics_;
};

}  // namespace

Lane::Lane(std::shared_ptr<const Experiment> experiment, std::size_t stage, std::int64_t seed,
           std::shared_ptr<WorldContext> context, std::shared_ptr<const Policy> policy,
           std::vector<float> start, std::vector<float> reference)
    : experiment_(std::move(experiment)),
      stage_(stage),
      seed_(seed),
      context_(std::move(context)),
      policy_(std::move(policy)),
      layout_(policy_->layout()),
      parameters_(std::move(start)),
      reference_(std::move(reference)),
      state_(experiment_->stages[stage].stepper->state_size(policy_->parameter_count()), 0.0F),
      gradient_(policy_->parameter_count(), 0.0F),
      streams_(training_streams(*experiment_, experiment_->stages[stage], seed)),
      workspace_(policy_->workspace()) {
  TR_CHECK(static_cast<std::int64_t>(parameters_.size()) == policy_->parameter_count(),
           "{} parameters of {}", parameters_.size(), policy_->parameter_count());
}

std::vector<std::string> Lane::scalar_names(const Stage& stage) {
  std::vector<std::string> names = stage.optimizer->metrics();
  names.push_back("gradient_norm");
  names.push_back("learning_rate");
  return names;
}

// The policy's belief without thinking: what confusion-driven proposals ask for.
static std::function<void(int, const Cases&, std::span<double>)> belief_of(
    const Stage& stage, const Policy& policy, std::span<const float> parameters,
    Workspace& workspace) {
  if (!stage.expert || !stage.expert->needs_policy()) return {};
  return [&policy, parameters, &workspace](int n, const Cases& cases, std::span<double> belief) {
    TokenBatch batch;
    batch.clear(cases.channels);
    batch.add_case(cases.image_of(n));
    batch.add({{Vocabulary::think()}, {0}});
    Distributions out;
    policy.distribution(parameters, batch, out, workspace);
    for (std::size_t z = 0; z < belief.size(); ++z) belief[z] = std::exp(out.belief[z]);
  };
}

void Lane::prepare() {
  const Stage& spec = stage();
  if (spec.data_kind == DataKind::kStream || data_) return;
  data_ = std::make_unique<TrainingSet>(
      spec, context_->world(), CaseLaws{{context_->environment(spec.environment)}, {}}, streams_, 0,
      static_cast<int>(spec.cases), belief_of(spec, *policy_, reference_, *workspace_));
  if (spec.optimizer->needs_reference()) data_->set_reference(*policy_, reference_, *workspace_);
  order_ =
      std::make_unique<EpochOrder>(streams_.order, data_->size(), static_cast<int>(spec.batch));
}

void Lane::gather_batch() {
  const Stage& spec = stage();
  if (spec.data_kind == DataKind::kFixed) {
    data_->gather(order_->at(step_), batch_, batch_reference_, totals_);
    return;
  }
  const std::int64_t now = experiment_->stage_start(stage_) + step_;
  const CaseLaws laws = spec.environment == "now"
                            ? context_->laws_at(now, static_cast<int>(spec.batch))
                            : CaseLaws{{context_->environment(spec.environment)}, {}};
  TrainingSet fresh(spec, context_->world(), laws, streams_, static_cast<std::uint32_t>(step_),
                    static_cast<int>(spec.batch),
                    belief_of(spec, *policy_, parameters_, *workspace_));
  if (spec.optimizer->needs_reference()) fresh.set_reference(*policy_, reference_, *workspace_);
  std::vector<std::int32_t> all(fresh.size());
  for (std::int32_t b = 0; b < fresh.size(); ++b) all[b] = b;
  fresh.gather(all, batch_, batch_reference_, totals_);
}

void Lane::train_step() {
  gather_batch();
  MetricSums metrics;
  LossPullback pullback(*stage().optimizer, totals_, metrics);
  std::fill(gradient_.begin(), gradient_.end(), 0.0F);
  policy_->step(parameters_, batch_, batch_reference_, pullback, gradient_, *workspace_);
  StepReport report;
  const double loss = metrics["loss"].sum;
  if (!std::isfinite(loss)) {
    frozen_ = {step_, "the loss is not finite"};
    report.gradient_norm = report.learning_rate = std::numeric_limits<double>::quiet_NaN();
  } else {
    report = stage().stepper->update(parameters_, gradient_, state_, step_, stage().steps, layout_);
    if (!report.finite) frozen_ = {step_, "the gradient is not finite"};
  }
  record(metrics, report);
}

void Lane::record(const MetricSums& metrics, const StepReport& report) {
  for (const std::string& name : stage().optimizer->metrics()) {
    const auto found = metrics.find(name);
    if (found == metrics.end()) {
      pending_.push_back(std::numeric_limits<double>::quiet_NaN());
    } else {
      pending_.push_back(name == "loss" ? found->second.sum : found->second.mean());
    }
  }
  pending_.push_back(report.gradient_norm);
  pending_.push_back(report.learning_rate);
}

void Lane::advance(std::int64_t until, const std::atomic<bool>& stop) {
  if (step_ < until && frozen_.step < 0) prepare();
  const std::size_t width = scalar_names(stage()).size();
  while (step_ < until && !stop.load(std::memory_order_relaxed)) {
    if (frozen_.step >= 0) {
      pending_.insert(pending_.end(), width, std::numeric_limits<double>::quiet_NaN());
    } else {
      train_step();
    }
    ++step_;
  }
  if (step_ == stage().steps) {  // the data are not needed any more
    data_.reset();
    order_.reset();
  }
}

void Lane::save(Checkpoint& checkpoint, const std::string& prefix) const {
  checkpoint.set(prefix + "/parameters", parameters_);
  checkpoint.set(prefix + "/reference", reference_);
  checkpoint.set(prefix + "/state", state_);
  checkpoint.set(prefix + "/pending", pending_);
  checkpoint.set(prefix + "/place", std::vector<std::int64_t>{step_, frozen_.step});
  checkpoint.set(prefix + "/cause", std::vector<std::string>{frozen_.cause});
}

void Lane::load(const Checkpoint& checkpoint, const std::string& prefix) {
  parameters_ = checkpoint.get<float>(prefix + "/parameters");
  reference_ = checkpoint.get<float>(prefix + "/reference");
  state_ = checkpoint.get<float>(prefix + "/state");
  pending_ = checkpoint.get<double>(prefix + "/pending");
  step_ = checkpoint.get<std::int64_t>(prefix + "/place").at(0);
  frozen_.step = checkpoint.get<std::int64_t>(prefix + "/place").at(1);
  frozen_.cause = checkpoint.get<std::string>(prefix + "/cause").at(0);
}

}  // namespace tightrope
