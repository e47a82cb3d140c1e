// SPDX-License-Identifier: Apache-2.0
// Proximal policy optimization for token sequences (arXiv 1707.06347; for language models arXiv
// 1909.08593): trajectories drawn from the policy, a score at the last token, a KL penalty to the
// frozen reference in the reward or in the loss, GAE, and clipped updates. Draws nothing itself.
//
//   L = sum_t w_t [ ratio_t + value_coefficient value_t - entropy_coefficient H_t + b kl_t ]
//
// over the scored tokens of an update, w_t of the normaliser (surrogate.h); the way from scores to
// advantages is in ppo_rollout.h.
#include <fmt/format.h>

#include "optimizers/ppo_rollout.h"
#include "optimizers/sampled_fields.h"
#include "optimizers/surrogate.h"

namespace tightrope {
namespace {

struct PpoParams : ClipParams {
  double dual_clip = 0;
  std::string critic = "head";
  double value_clip = 0.2;
  double value_coefficient = 0.1;
  double entropy_coefficient = 0;
  double gamma = 1;
  double lambda = 0.95;
  std::string kl_placement = "reward";
  std::string kl_estimator = "k1";
  double kl_coefficient = 0.05;
  std::string kl_controller = "fixed";
  double kl_target = 6;
  double kl_horizon = 10000;
  bool whiten_rewards = false;
  std::string whiten = "center";
  std::string whiten_scope = "batch";
  std::string whiten_variance = "bessel";
  double whiten_epsilon = 1e-8;
  std::string normaliser = "token_mean";
  std::int64_t epochs = 4;
  std::int64_t minibatches = 1;
  double target_kl = 0;
};

void add_loss_fields(Schema<PpoParams>& s) {
  using P = PpoParams;
  const auto number = [&s](const char* name, double P::*member, const char* unit, Range range,
                           const char* help) {
    s.field(name, member, {.unit = unit, .range = range, .help = help, .per_lane = true});
  };
  add_clip_fields(s);
  number("dual_clip", &P::dual_clip, "1", at_least(0),
         "upper bound, in units of the advantage, of the loss of tokens with negative advantage; "
         "> 1, 3 is usual; 0: off");
  s.field("critic", &P::critic,
          {.help = "head: the policy's value head; none: value 0, for policies without one (then "
                   "lambda 1 keeps the policy gradient unbiased)",
           .choices = {"head", "none"}});
  number("value_clip", &P::value_clip, "1", at_least(0),
         "values are clipped this near the old ones; 0: no clipping (TRL: cliprange_value)");
  number("value_coefficient", &P::value_coefficient, "1", at_least(0),
         "weight of the value loss, which has a factor one half of its own (TRL: vf_coef)");
  add_entropy_field(s, &P::entropy_coefficient);
  s.field("normaliser", &P::normaliser,
          {.help = "token_mean: every scored token of an update weighs the same; sequence_mean: "
                   "every trajectory does",
           .choices = normaliser_names()});
}

void add_reward_fields(Schema<PpoParams>& s) {
  using P = PpoParams;
  s.field("gamma", &P::gamma,
          {.unit = "1", .range = between(0, 1), .help = "discount per token", .per_lane = true});
  s.field("lambda", &P::lambda,
          {.unit = "1", .range = between(0, 1), .help = "of GAE (TRL: lam)", .per_lane = true});
  s.field("kl_placement", &P::kl_placement,
          {.help = "reward: penalty of every token's reward, whose optimum is the Boltzmann "
                   "policy; loss: a term of the loss, whose optimum depends on kl_estimator",
           .choices = {"reward", "loss"}});
  add_kl_form_field(s, &P::kl_estimator);
  s.field("kl_coefficient", &P::kl_coefficient,
          {.unit = "1/nat",
           .range = at_least(0),
           .help = "weight of the KL to the reference; where an adaptive controller starts "
                   "(TRL: kl_coef)",
           .per_lane = true});
  s.field("kl_controller", &P::kl_controller,
          {.help = "fixed, or adaptive: the coefficient follows kl_target (KL in the reward only)",
           .choices = {"fixed", "adaptive"}});
  s.field("kl_target", &P::kl_target,
          {.unit = "nat",
           .range = greater_than(0),
           .help = "KL per trajectory that the adaptive controller aims at",
           .per_lane = true});
  s.field("kl_horizon", &P::kl_horizon,
          {.unit = "case",
           .range = greater_than(0),
           .help = "trajectories over which the adaptive controller reacts",
           .per_lane = true});
}

void add_rollout_fields(Schema<PpoParams>& s) {
  using P = PpoParams;
  s.field("whiten_rewards", &P::whiten_rewards,
          {.help = "divide token rewards by their standard deviation over the rollout, mean kept"});
  s.field("whiten", &P::whiten,
          {.help = "of advantages: center: mean 0, deviation 1; scale_only: deviation 1, mean "
                   "added back; none",
           .choices = whiten_names()});
  s.field("whiten_scope", &P::whiten_scope,
          {.help = "whiten over the whole rollout (TRL) or each minibatch (CleanRL)",
           .choices = {"batch", "minibatch"}});
  s.field("whiten_variance", &P::whiten_variance,
          {.help = "divisor of the variance: bessel: n - 1; population: n",
           .choices = variance_names()});
  s.field(
      "whiten_epsilon", &P::whiten_epsilon,
      {.unit = "1", .range = greater_than(0), .help = "added to the variance", .per_lane = true});
  s.field("epochs", &P::epochs,
          {.unit = "1",
           .range = between(1, 1000),
           .help = "passes over a rollout (TRL: num_ppo_epochs)"});
  add_minibatch_field(s, &P::minibatches);
  s.field("target_kl", &P::target_kl,
          {.unit = "nat",
           .range = at_least(0),
           .help = "leave a rollout before the update whose approx_kl/k3 per token exceeds this; "
                   "0: never",
           .per_lane = true});
}

class Ppo final : public Optimizer, public RolloutRule {
 public:
  using Params = PpoParams;

  static Schema<Params> schema() {
    Schema<Params> s;
    add_loss_fields(s);
    add_reward_fields(s);
    add_rollout_fields(s);
    s.check([](const Params& p) {
      return p.dual_clip == 0 || p.dual_clip > 1
                 ? std::string()
                 : fmt::format("dual_clip = {} violates: 0 or > 1", p.dual_clip);
    });
    s.check([](const Params& p) {
      return p.kl_controller == "fixed" || (p.kl_placement == "reward" && p.kl_coefficient > 0)
                 ? std::string()
                 : std::string(
                       "kl_controller = adaptive violates: only with kl_placement: reward "
                       "and kl_coefficient > 0");
    });
    return s;
  }

  explicit Ppo(const Params& p) : params_(p) {
    const KlForm form = kl_form_of(p.kl_estimator);
    const bool in_reward = p.kl_placement == "reward";
    loss_.ratio = p.clip(p.dual_clip);
    loss_.critic = p.critic == "head";
    loss_.value_clip = p.value_clip;
    loss_.value_coefficient = p.value_coefficient;
    loss_.entropy_coefficient = p.entropy_coefficient;
    loss_.kl_coefficient = in_reward ? 0 : p.kl_coefficient;
    loss_.kl_form = form;
    loss_.normaliser = normaliser_of(p.normaliser);
    minibatch_whitening_ = {whiten_of(p.whiten), variance_of(p.whiten_variance), p.whiten_epsilon};
    rollout_.gae = {p.gamma, p.lambda};
    rollout_.kl_in_reward = in_reward;
    rollout_.kl_form = form;
    rollout_.adaptive = p.kl_controller == "adaptive";
    rollout_.controller = {p.kl_target, p.kl_horizon};
    rollout_.exponent_clamp = p.exponent_clamp;
    rollout_.whiten_rewards = p.whiten_rewards;
    rollout_.reward_whitening = {Whiten::kScaleOnly, variance_of(p.whiten_variance),
                                 p.whiten_epsilon};
    rollout_.whitening = minibatch_whitening_;
    (p.whiten_scope == "batch" ? minibatch_whitening_ : rollout_.whitening).form = Whiten::kNone;
  }

  TrajectoryKind trajectories() const override { return TrajectoryKind::kRollout; }
  bool needs_reference() const override { return params_.kl_coefficient > 0; }
  Wanted wanted() const override {
    return {.entropy = loss_.entropy_coefficient > 0, .value = loss_.critic};
  }
  const RolloutRule* rollout() const override { return this; }

  std::vector<std::string> metrics() const override {
    std::vector<std::string> names = surrogate_metrics();
    const std::vector<std::string> more = ppo_rollout_metrics();
    names.insert(names.end(), more.begin(), more.end());
    return names;
  }

  void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
            MetricSums& metrics) const override {
    surrogate_loss(loss_, group, totals, gradient, metrics);
  }

  RolloutPlan plan() const override {
    return {static_cast<int>(params_.epochs), static_cast<int>(params_.minibatches)};
  }
  // The KL coefficient.
  std::vector<double> initial_state() const override { return {params_.kl_coefficient}; }
  void assess(const Rollout& rollout, std::span<double> state, Assessment& out,
              MetricSums& metrics) const override {
    assess_rollout(rollout_, rollout, state[0], out, metrics);
  }
  void prepare(std::span<const std::uint8_t> mask, std::span<double> advantage) const override {
    tightrope::whiten(minibatch_whitening_, mask, advantage);
  }
  bool stop(const MetricSums& update) const override {
    return params_.target_kl > 0 && update.at("approx_kl/k3").mean() > params_.target_kl;
  }

 private:
  Params params_;
  SurrogateOptions loss_;
  PpoRolloutOptions rollout_;
  WhitenOptions minibatch_whitening_;
};

TR_REGISTER(Optimizer, Ppo, "ppo",
            "proximal policy optimization: GAE, clipped ratio and value, KL in reward or loss",
            "arXiv 1707.06347, eqs. 7 and 9; token form as TRL f2cd57710, ppo_trainer.py");

}  // namespace
}  // namespace tightrope
