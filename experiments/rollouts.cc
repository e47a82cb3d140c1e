// SPDX-License-Identifier: Apache-2.0
#include "experiments/rollouts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "experiments/case_file.h"
#include "experiments/stage_policy.h"

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

// The stream of what replaces cases without anything to learn from.
Stream refill(const Stream& stream) { return stream.child(hash64("refill")); }

// The value of a metric for one update or rollout; loss is a sum that was divided already.
double value_of(const std::string& name, const MetricSum& metric) {
  return name == "loss" ? metric.sum : metric.mean();
}

}  // namespace

Rollouts::Rollouts(const Experiment& experiment, std::size_t stage, std::int64_t seed,
                   LaneWorld& world, const Policy& policy)
    : experiment_(experiment),
      stage_(stage),
      spec_(experiment.stages[stage]),
      rule_(*spec_.optimizer->rollout()),
      world_(world),
      policy_(policy),
      streams_(training_streams(experiment, spec_, seed)),
      clock_(expert_clock(experiment, experiment.stage_start(stage), seed)),
      reward_data_(streams_.data.child(hash64("reward"))),
      state_(rule_.initial_state()) {
  TR_CHECK(!spec_.optimizer->wanted().value || policy.has_value(), "stage {} has no value head",
           spec_.name);
  if (const Comparison* comparison = rule_.comparison()) {
    TR_CHECK(rule_.plan().enumerate > 0, "stage {} compares what it does not enumerate",
             spec_.name);
    comparison_.emplace(*comparison, streams_.sampling);
  }
}

void Rollouts::fit_reward(const TrainedParameters& trained, Workspace& workspace) {
  if (ready_) return;
  std::vector<Pair> pairs;
  if (const int count = spec_.reward->pairs(); count > 0) {
    const CaseLaws laws = laws_of(0, count);
    const Cases cases = draw_cases(laws, reward_data_, 0, count);
    const PolicyView view = policy_view(spec_.expert.get(), policy_, trained.reference, workspace);
    const Stream stream = streams_.expert.child(hash64("reward"));
    std::shared_ptr<const ExpertData> data;
    const auto context_of = [&](int n) {
      ExpertContext context = view.bound({world_.context().world(), laws.of(n), cases, {}});
      context.clock = clock_;
      context.data = data.get();
      return context;
    };
    data = spec_.expert->prepare(context_of(0));
    for (int n = 0; n < count; ++n) {
      pairs.push_back(spec_.expert->propose(context_of(n), n, spec_.thinking, stream, 0));
    }
  }
  fitted_ = spec_.reward->fit(world_.context().world(), pairs);
  ready_ = true;
}

CaseLaws Rollouts::laws_of(std::int64_t step, int count) {
  if (spec_.environment != "now") return {{world_.context().environment(spec_.environment)}, {}};
  return world_.laws_at(experiment_.stage_start(stage_) + step, count);
}

Cases Rollouts::cases_of(std::int64_t step, int attempt, CaseLaws& laws) {
  const int batch = static_cast<int>(spec_.batch);
  laws = laws_of(step, batch);
  const auto again = [&](const Stream& stream) { return attempt == 0 ? stream : refill(stream); };
  // Refills have a numbering of their own, so that the first draws do not depend on them.
  const std::int64_t number = attempt == 0 ? step : step * rule_.plan().refills + (attempt - 1);
  if (spec_.data_kind == DataKind::kStream) {
    return draw_cases(laws, again(streams_.data), static_cast<std::uint32_t>(number), batch);
  }
  if (!orders_[0]) {
    const int size = static_cast<int>(spec_.cases);
    fixed_ = spec_.file.empty() ? draw_cases(laws, streams_.data, 0, size)
                                : read_case_file(spec_, world_.context().world());
    orders_[0] = std::make_unique<EpochOrder>(streams_.order, size, batch);
    orders_[1] = std::make_unique<EpochOrder>(refill(streams_.order), size, batch);
  }
  const std::span<const std::int32_t> rows = orders_[attempt == 0 ? 0 : 1]->at(number);
  Cases out;
  out.resize(batch, fixed_.attributes, fixed_.channels);
  for (int n = 0; n < batch; ++n) copy_case(fixed_, rows[n], out, n);
  return out;
}

DrawnCases Rollouts::draw_cases_of(const TrainedParameters& trained, Workspace& workspace) {
  const RolloutPlan plan = rule_.plan();
  const DrawContext context = draw_context(trained, workspace);
  DrawnCases first, out;
  double drawn = 0;
  for (int attempt = 0; attempt <= plan.refills; ++attempt) {
    CaseLaws laws;
    const Cases cases = cases_of(step_, attempt, laws);
    const Stream sampling =
        attempt == 0 ? streams_.sampling
                     : refill(streams_.sampling).child(static_cast<std::uint64_t>(attempt));
    DrawnCases fresh = draw_and_score(context, plan, laws, cases, sampling, step_);
    if (comparison_ && comparison_->due(step_)) {
      laws_ = std::move(laws);
      cases_ = cases;
    }
    if (plan.refills == 0) return fresh;
    drawn += cases.size();
    for (int b = 0; b < cases.size() && out.tokens.cases() < spec_.batch; ++b) {
      if (fresh.has_spread(b)) out.append(fresh, b);
    }
    if (attempt == 0) first = std::move(fresh);
    if (out.tokens.cases() == spec_.batch) break;
  }
  out_.metrics["cases/drawn"] = {drawn, 1};
  out_.metrics["cases/used"] = {static_cast<double>(std::max(0, out.tokens.cases())), 1};
  // Where no case has anything to teach, the equal ones stay and the step changes nothing.
  return out.tokens.cases() > 0 ? std::move(out) : std::move(first);
}

void Rollouts::draw(const TrainedParameters& trained, Workspace& workspace) {
  batch_ = assess_drawn(*spec_.optimizer, policy_, trained.parameters, trained.reference,
                        draw_cases_of(trained, workspace), state_, out_.metrics, workspace);
}

void Rollouts::cut(std::span<const std::int32_t> rows) {
  const RolloutBatch& from = batch_;
  part_.clear(from.tokens.channels);
  totals_ = {};
  const std::vector<double>* sources[] = {&from.behaviour, &from.value, &from.reference,
                                          &from.assessed.advantage, &from.assessed.target_return};
  std::vector<double>* columns[] = {&behaviour_, &value_, &reference_, &advantage_, &return_};
  for (std::vector<double>* column : columns) column->clear();
  for (const std::int32_t row : rows) {
    add_unit(from.tokens, row, part_, totals_);
    const std::int32_t begin = from.tokens.offset[from.tokens.group_begin[row]];
    const std::int32_t end = from.tokens.offset[from.tokens.group_begin[row + 1]];
    for (std::size_t c = 0; c < std::size(columns); ++c) {
      if (sources[c]->empty()) continue;
      columns[c]->insert(columns[c]->end(), sources[c]->begin() + begin, sources[c]->begin() + end);
    }
  }
  rule_.prepare(part_.mask, advantage_);
}

void Rollouts::begin(std::int64_t step, const TrainedParameters& trained, Workspace& workspace) {
  TR_CHECK(!open_, "step {} is not finished", step_);
  fit_reward(trained, workspace);
  open_ = true;
  over_ = false;
  step_ = step;
  update_ = 0;
  sums_.clear();
  out_ = {};
  draw(trained, workspace);
}

// Cuts the minibatch of update_, passing over empty ones (a draw may have fewer cases than
// planned); false when all epochs are done.
bool Rollouts::open_minibatch() {
  const RolloutPlan plan = rule_.plan();
  const int count = batch_.tokens.cases();
  for (; update_ < plan.epochs * plan.minibatches; ++update_) {
    const int epoch = update_ / plan.minibatches, m = update_ % plan.minibatches;
    if (m == 0) {
      const Stream order = streams_.order.child(hash64("minibatches"));
      rows_ = shuffled(
          count, order.at(static_cast<std::uint32_t>(step_), static_cast<std::uint32_t>(epoch)));
    }
    const int begin = static_cast<int>(std::int64_t{m} * count / plan.minibatches);
    const int end = static_cast<int>(std::int64_t{m + 1} * count / plan.minibatches);
    if (begin == end) continue;
    cut(std::span(rows_).subspan(begin, end - begin));
    return true;
  }
  return false;
}

std::vector<std::string> Rollouts::extra_metrics(const RolloutRule& rule) {
  std::vector<std::string> names = {"updates"};
  if (rule.plan().refills > 0) names.insert(names.end(), {"cases/drawn", "cases/used"});
  if (rule.comparison() != nullptr) {
    for (const std::string& name : GradientSpread::metrics()) names.push_back(name);
  }
  return names;
}

std::optional<LaneStep> Rollouts::next(const TrainedParameters& trained) {
  if (over_ || !open_minibatch()) return std::nullopt;
  metrics_.clear();
  pullback_.emplace(*spec_.optimizer, part_, totals_, metrics_);
  std::fill(trained.gradient.begin(), trained.gradient.end(), 0.0F);
  return LaneStep{.parameters = trained.parameters,
                  .batch = &part_,
                  .data = {.reference_log_prob = reference_,
                           .behaviour_log_prob = behaviour_,
                           .behaviour_value = value_,
                           .advantage = advantage_,
                           .target_return = return_},
                  .wanted = spec_.optimizer->wanted(),
                  .pullback = &*pullback_,
                  .gradient = trained.gradient};
}

void Rollouts::compare(const TrainedParameters& trained, Workspace& workspace) {
  comparison_->compare({.draw = draw_context(trained, workspace),
                        .reference = trained.reference,
                        .layout = trained.layout,
                        .laws = laws_,
                        .cases = cases_,
                        .step = step_},
                       trained.gradient, out_.metrics);
}

void Rollouts::take(const TrainedParameters& trained, Workspace& workspace) {
  for (const auto& [name, metric] : metrics_) {
    sums_[name].sum += value_of(name, metric);
    sums_[name].count += 1;
  }
  over_ = true;
  if (!std::isfinite(metrics_.at("loss").sum)) {
    out_.failure = "the loss is not finite";
    return;
  }
  if (rule_.stop(metrics_)) return;
  const RolloutPlan plan = rule_.plan();
  const std::int64_t number = step_ * plan.epochs * plan.minibatches + update_;
  clear_frozen_views(trained.layout, trained.gradient);
  if (comparison_ && comparison_->due(step_)) compare(trained, workspace);
  const StepReport report =
      spec_.stepper->update(trained.parameters, trained.gradient, trained.state, number,
                            spec_.steps * plan.epochs * plan.minibatches, trained.layout);
  if (!report.finite) {
    out_.failure = "the gradient is not finite";
    return;
  }
  over_ = false;
  ++update_;
  sums_["updates"].sum += 1;
  out_.report.gradient_norm += report.gradient_norm;
  out_.report.learning_rate = report.learning_rate;
}

RolloutOutcome Rollouts::finish() {
  open_ = false;
  const double updates = sums_["updates"].sum;
  if (updates > 0) out_.report.gradient_norm /= updates;
  out_.metrics["updates"] = {updates, 1};
  sums_.erase("updates");
  for (const auto& [name, metric] : sums_) out_.metrics[name] = {metric.mean(), 1};
  return std::move(out_);
}

void Rollouts::save(Checkpoint& checkpoint, const std::string& prefix) const {
  checkpoint.set(prefix + "/rule", state_);
  checkpoint.set(prefix + "/reward", fitted_);
  checkpoint.set(prefix + "/ready", std::vector<std::int64_t>{ready_ ? 1 : 0});
  if (comparison_) checkpoint.set(prefix + "/compared", comparison_->state());
}

void Rollouts::load(const Checkpoint& checkpoint, const std::string& prefix) {
  state_ = checkpoint.get<double>(prefix + "/rule");
  fitted_ = checkpoint.get<double>(prefix + "/reward");
  ready_ = checkpoint.get<std::int64_t>(prefix + "/ready").at(0) == 1;
  if (comparison_) comparison_->set_state(checkpoint.get<double>(prefix + "/compared"));
}

}  // namespace tightrope
