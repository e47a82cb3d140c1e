// SPDX-License-Identifier: Apache-2.0
#include "experiments/rollouts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "experiments/loss_pullback.h"

namespace tightrope {
namespace {

// Rows 0 .. count - 1 in the order of one epoch.
std::vector<std::int32_t> shuffled(int count, Draws draws) {
  std::vector<std::int32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0);
  for (int i = count - 1; i > 0; --i) {
    std::swap(rows[i], rows[draws.below(static_cast<std::uint32_t>(i) + 1)]);
  }
  return rows;
}

// The value of a metric for one update or rollout; loss is a sum that was divided already.
double value_of(const std::string& name, const MetricSum& metric) {
  return name == "loss" ? metric.sum : metric.mean();
}

std::vector<double> score_all(const Stage& stage, const World& world, const CaseLaws& laws,
                              const Cases& cases, const std::vector<Sample>& samples,
                              std::span<const double> fitted) {
  std::vector<double> scores;
  for (int n = 0; n < cases.size(); ++n) {
    const RewardContext context{world, laws.of(n), cases};
    scores.push_back(stage.reward->score(context, n, samples[n].trajectory, fitted));
    TR_CHECK(std::isfinite(scores.back()), "the reward of case {} is {}", n, scores.back());
  }
  return scores;
}

}  // namespace

Rollouts::Rollouts(const Experiment& experiment, std::size_t stage, std::int64_t seed,
                   WorldContext& context, const Policy& policy)
    : experiment_(experiment),
      stage_(stage),
      spec_(experiment.stages[stage]),
      rule_(*spec_.optimizer->rollout()),
      context_(context),
      policy_(policy),
      streams_(training_streams(experiment, spec_, seed)),
      reward_data_(streams_.data.child(hash64("reward"))),
      state_(rule_.initial_state()) {
  TR_REQUIRE(!spec_.optimizer->wanted().value || policy.has_value(),
             "stage {}: optimizer.critic = head needs a policy with a value head; switch it on in "
             "`policy:` (type transformer) or use critic: none",
             spec_.name);
}

void Rollouts::fit_reward(const TrainedParameters& trained, Workspace& workspace) {
  if (ready_) return;
  std::vector<Pair> pairs;
  if (const int count = spec_.reward->pairs(); count > 0) {
    const CaseLaws laws = laws_of(0, count);
    const Cases cases = draw_cases(laws, reward_data_, 0, count);
    const PolicyBelief belief =
        belief_of(spec_.expert.get(), policy_, trained.reference, workspace);
    const Stream stream = streams_.expert.child(hash64("reward"));
    for (int n = 0; n < count; ++n) {
      ExpertContext context{context_.world(), laws.of(n), cases, {}};
      if (belief) {
        context.policy_belief = [&](int m, std::span<double> out) { belief(m, cases, out); };
      }
      pairs.push_back(spec_.expert->propose(context, n, spec_.thinking, stream, 0));
    }
  }
  fitted_ = spec_.reward->fit(context_.world(), pairs);
  ready_ = true;
}

CaseLaws Rollouts::laws_of(std::int64_t step, int count) const {
  if (spec_.environment != "now") return {{context_.environment(spec_.environment)}, {}};
  return context_.laws_at(experiment_.stage_start(stage_) + step, count);
}

Cases Rollouts::cases_of(std::int64_t step, CaseLaws& laws) {
  const int batch = static_cast<int>(spec_.batch);
  laws = laws_of(step, batch);
  if (spec_.data_kind == DataKind::kStream) {
    return draw_cases(laws, streams_.data, static_cast<std::uint32_t>(step), batch);
  }
  if (!order_) {
    const int size = static_cast<int>(spec_.cases);
    fixed_ = draw_cases(laws, streams_.data, 0, size);
    order_ = std::make_unique<EpochOrder>(streams_.order, size, batch);
  }
  const std::span<const std::int32_t> rows = order_->at(step);
  Cases out;
  out.resize(batch, fixed_.attributes, fixed_.channels);
  for (int n = 0; n < batch; ++n) copy_case(fixed_, rows[n], out, n);
  return out;
}

Rollouts::Batch Rollouts::draw(std::int64_t step, const TrainedParameters& trained,
                               MetricSums& metrics, Workspace& workspace) {
  CaseLaws laws;
  const Cases cases = cases_of(step, laws);
  // Temperature 1: the law that is sampled is the law that is trained.
  const SamplingOptions options{.greedy = false, .temperature = 1, .thinking = spec_.thinking};
  std::vector<Sample> samples;
  policy_.sample(trained.parameters, cases.image, cases.size(), options, streams_.sampling,
                 static_cast<std::uint32_t>(step), samples, workspace);
  Batch batch;
  batch.tokens.clear(cases.channels);
  for (int n = 0; n < cases.size(); ++n) {
    batch.tokens.add_case(cases.image_of(n));
    batch.tokens.add(samples[n].trajectory);
  }
  // Behaviour log-probs by the pass that the updates use, so that the first ratio is exactly 1.
  TokenQuantities quantities;
  const Wanted wanted{.value = spec_.optimizer->wanted().value};
  policy_.evaluate(trained.parameters, batch.tokens, wanted, quantities, workspace);
  batch.behaviour = std::move(quantities.log_prob);
  if (wanted.value) batch.value = std::move(quantities.value);
  if (spec_.optimizer->needs_reference()) {
    TokenQuantities frozen;
    policy_.evaluate(trained.reference, batch.tokens, {}, frozen, workspace);
    batch.reference = std::move(frozen.log_prob);
  }
  const std::vector<double> scores =
      score_all(spec_, context_.world(), laws, cases, samples, fitted_);
  const Rollout rollout{.offset = batch.tokens.offset,
                        .mask = batch.tokens.mask,
                        .behaviour_log_prob = batch.behaviour,
                        .behaviour_value = batch.value,
                        .reference_log_prob = batch.reference,
                        .score = scores};
  rule_.assess(rollout, state_, batch.assessed, metrics);
  return batch;
}

void Rollouts::cut(const Batch& from, std::span<const std::int32_t> rows) {
  part_.clear(from.tokens.channels);
  totals_ = {};
  const std::vector<double>* sources[] = {&from.behaviour, &from.value, &from.reference,
                                          &from.assessed.advantage, &from.assessed.target_return};
  std::vector<double>* columns[] = {&behaviour_, &value_, &reference_, &advantage_, &return_};
  for (std::vector<double>* column : columns) column->clear();
  for (const std::int32_t row : rows) {
    add_group(from.tokens, row, part_, totals_);
    const std::int32_t begin = from.tokens.offset[row], end = from.tokens.offset[row + 1];
    for (std::size_t c = 0; c < std::size(columns); ++c) {
      if (sources[c]->empty()) continue;
      columns[c]->insert(columns[c]->end(), sources[c]->begin() + begin, sources[c]->begin() + end);
    }
  }
  rule_.prepare(part_.mask, advantage_);
}

// One update on the minibatch; false when it was the rollout's last.
bool Rollouts::update(std::int64_t number, const TrainedParameters& trained, MetricSums& sums,
                      RolloutOutcome& out, Workspace& workspace) {
  MetricSums metrics;
  LossPullback pullback(*spec_.optimizer, totals_, metrics);
  std::fill(trained.gradient.begin(), trained.gradient.end(), 0.0F);
  policy_.step(trained.parameters, part_,
               {.reference_log_prob = reference_,
                .behaviour_log_prob = behaviour_,
                .behaviour_value = value_,
                .advantage = advantage_,
                .target_return = return_},
               spec_.optimizer->wanted(), pullback, trained.gradient, workspace);
  for (const auto& [name, metric] : metrics) {
    sums[name].sum += value_of(name, metric);
    sums[name].count += 1;
  }
  if (!std::isfinite(metrics.at("loss").sum)) {
    out.failure = "the loss is not finite";
    return false;
  }
  if (rule_.stop(metrics)) return false;
  const RolloutPlan plan = rule_.plan();
  const StepReport report =
      spec_.stepper->update(trained.parameters, trained.gradient, trained.state, number,
                            spec_.steps * plan.epochs * plan.minibatches, trained.layout);
  if (!report.finite) {
    out.failure = "the gradient is not finite";
    return false;
  }
  sums["updates"].sum += 1;
  out.report.gradient_norm += report.gradient_norm;
  out.report.learning_rate = report.learning_rate;
  return true;
}

RolloutOutcome Rollouts::step(std::int64_t step, const TrainedParameters& trained,
                              Workspace& workspace) {
  fit_reward(trained, workspace);
  RolloutOutcome out;
  MetricSums sums;
  const Batch batch = draw(step, trained, out.metrics, workspace);
  const RolloutPlan plan = rule_.plan();
  const int count = batch.tokens.cases();
  const Stream order = streams_.order.child(hash64("minibatches"));
  bool more = true;
  for (int epoch = 0; epoch < plan.epochs && more; ++epoch) {
    const std::vector<std::int32_t> rows = shuffled(
        count, order.at(static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(epoch)));
    for (int m = 0; m < plan.minibatches && more; ++m) {
      const int begin = static_cast<int>(std::int64_t{m} * count / plan.minibatches);
      const int end = static_cast<int>(std::int64_t{m + 1} * count / plan.minibatches);
      cut(batch, std::span(rows).subspan(begin, end - begin));
      const std::int64_t number = (step * plan.epochs + epoch) * plan.minibatches + m;
      more = update(number, trained, sums, out, workspace);
    }
  }
  const double updates = sums["updates"].sum;
  if (updates > 0) out.report.gradient_norm /= updates;
  out.metrics["updates"] = {updates, 1};
  sums.erase("updates");
  for (const auto& [name, metric] : sums) out.metrics[name] = {metric.mean(), 1};
  return out;
}

void Rollouts::save(Checkpoint& checkpoint, const std::string& prefix) const {
  checkpoint.set(prefix + "/rule", state_);
  checkpoint.set(prefix + "/reward", fitted_);
  checkpoint.set(prefix + "/ready", std::vector<std::int64_t>{ready_ ? 1 : 0});
}

void Rollouts::load(const Checkpoint& checkpoint, const std::string& prefix) {
  state_ = checkpoint.get<double>(prefix + "/rule");
  fitted_ = checkpoint.get<double>(prefix + "/reward");
  ready_ = checkpoint.get<std::int64_t>(prefix + "/ready").at(0) == 1;
}

}  // namespace tightrope
