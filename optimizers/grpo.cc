// SPDX-License-Identifier: Apache-2.0
// Group relative policy optimization (arXiv 2402.03300) and its family. For n trajectories per case
// with scores r, A_i = (r_i - mean) / (deviation + e), and over scored tokens
//
//   L = sum_it w_it [ max(-A_i rho_it, -A_i clip(rho_it)) + beta k3_it - entropy_coefficient H_it ]
//
//   loss_type  w_it (N trajectories in the update, L_i tokens in trajectory i)
//   grpo       1 / (N L_i)
//   bnpo       1 / (tokens of the microbatch x microbatches)     as TRL names it
//   dapo       1 / (tokens of the update)                        arXiv 2503.14476
//   dr_grpo    1 / (N max_length)                                arXiv 2503.20783
//   luspo      1 / N                                             as TRL names it
//   cispo      as dapo, with -stop(min(rho, cap)) A log pi       arXiv 2506.13585
//
// importance_sampling_level: sequence is GSPO (arXiv 2507.18071). Draws nothing itself.
#include <fmt/format.h>

#include "optimizers/microbatch.h"
#include "optimizers/sampled_fields.h"
#include "optimizers/sampled_rule.h"

namespace tightrope {
namespace {

struct GrpoParams : ClipParams {
  std::string loss_type = "dapo";
  std::string scale_rewards = "group";
  double scale_epsilon = 1e-4;
  std::string importance_sampling_level = "token";
  double delta = 0;
  double cap = 5;
  double beta = 0;
  std::string kl_estimator = "k3";
  bool use_bias_correction_kl = false;
  double entropy_coefficient = 0;
  double max_length = 0;
  double overlong_buffer = 0;
  std::int64_t dynamic_sampling = 0;
  std::int64_t microbatch = 0;
  std::int64_t num_generations = 8;
  std::int64_t num_iterations = 1;
  std::int64_t minibatches = 1;
};

std::string violation(const GrpoParams& p) {
  const auto broken = [](const std::string& what) { return what; };
  if (p.delta != 0 && p.delta <= 1 + std::max(p.epsilon, p.epsilon_high)) {
    return broken(fmt::format("delta = {} violates: 0, or above 1 + epsilon_high", p.delta));
  }
  if (p.loss_type == "dr_grpo" && p.max_length <= 0) {
    return broken("loss_type = dr_grpo violates: max_length must be > 0");
  }
  if (p.overlong_buffer > p.max_length) {
    return broken(fmt::format("overlong_buffer = {} violates: at most max_length = {}",
                              p.overlong_buffer, p.max_length));
  }
  if (p.microbatch > 0 && p.loss_type != "bnpo") {
    return broken("microbatch violates: only with loss_type bnpo, the others do not know it");
  }
  if (p.loss_type == "cispo" && p.delta != 0) {
    return broken("delta violates: must be 0 with loss_type cispo, whose bound is cap");
  }
  if (p.loss_type == "cispo" && p.importance_sampling_level == "sequence") {
    return broken("importance_sampling_level = sequence violates: not with loss_type cispo");
  }
  return "";
}

void add_loss_fields(Schema<GrpoParams>& s) {
  using P = GrpoParams;
  const auto number = [&s](const char* name, double P::*member, const char* unit, Range range,
                           const char* help) {
    s.field(name, member, {.unit = unit, .range = range, .help = help, .per_lane = true});
  };
  s.field("loss_type", &P::loss_type,
          {.help = "how token losses are weighed: grpo: every trajectory the same; bnpo: every "
                   "token of a microbatch; dapo: every token of the update; dr_grpo: a constant; "
                   "luspo: sums over trajectories; cispo: as dapo, ratios capped, never clipped",
           .choices = {"grpo", "bnpo", "dapo", "dr_grpo", "luspo", "cispo"}});
  s.field("importance_sampling_level", &P::importance_sampling_level,
          {.help = "ratio of each token, or one of its trajectory (GSPO; epsilon about 3e-4)",
           .choices = {"token", "sequence"}});
  add_clip_fields(s);
  number("delta", &P::delta, "1", at_least(0),
         "upper bound of the ratio of tokens with negative advantage (two-sided clip); 0: off");
  number("cap", &P::cap, "1", greater_than(0), "largest ratio of loss_type cispo");
  number("beta", &P::beta, "1/nat", at_least(0), "weight of the KL to the reference in the loss");
  add_kl_form_field(s, &P::kl_estimator);
  s.field("use_bias_correction_kl", &P::use_bias_correction_kl,
          {.help = "multiply the KL term by the ratio: its gradient is then that of KL(policy || "
                   "reference)"});
  add_entropy_field(s, &P::entropy_coefficient);
  s.field("microbatch", &P::microbatch,
          {.unit = "case",
           .range = between(0, 65536),
           .help = "loss_type bnpo: cases of a microbatch (gradient accumulation); 0: the update"});
}

void add_rollout_fields(Schema<GrpoParams>& s) {
  using P = GrpoParams;
  s.field(
      "scale_rewards", &P::scale_rewards,
      {.help = "divide advantages by the deviation of the group's scores, of all scores, or not",
       .choices = scale_names()});
  s.field(
      "scale_epsilon", &P::scale_epsilon,
      {.unit = "1", .range = greater_than(0), .help = "added to that deviation", .per_lane = true});
  s.field("max_length", &P::max_length,
          {.unit = "token",
           .range = at_least(0),
           .help = "divisor of loss_type dr_grpo, and where the overlong punishment reaches -1",
           .per_lane = true});
  s.field("overlong_buffer", &P::overlong_buffer,
          {.unit = "token",
           .range = at_least(0),
           .help = "tokens before max_length over which the punishment grows; 0: none",
           .per_lane = true});
  s.field("dynamic_sampling", &P::dynamic_sampling,
          {.unit = "1",
           .range = between(0, 100),
           .help = "drop cases whose scores are all equal and draw others in their place, up to "
                   "this many times; 0: keep them"});
  add_generations_field(s, &P::num_generations, 2);
  s.field("num_iterations", &P::num_iterations,
          {.unit = "1", .range = between(1, 1000), .help = "passes over a rollout"});
  add_minibatch_field(s, &P::minibatches);
}

Normaliser normaliser_for(const std::string& loss_type) {
  if (loss_type == "grpo") return Normaliser::kSequenceMean;
  if (loss_type == "dr_grpo") return Normaliser::kConstant;
  return loss_type == "luspo" ? Normaliser::kSequenceSum : Normaliser::kTokenMean;
}

class Grpo final : public SampledRule {
 public:
  using Params = GrpoParams;

  static Schema<Params> schema() {
    Schema<Params> s;
    add_loss_fields(s);
    add_rollout_fields(s);
    s.check(violation);
    return s;
  }

  explicit Grpo(const Params& p) : microbatch_(static_cast<int>(p.microbatch)) {
    loss_.term = p.loss_type == "cispo" ? PolicyTerm::kTruncate : PolicyTerm::kClip;
    loss_.level =
        p.importance_sampling_level == "token" ? RatioLevel::kToken : RatioLevel::kSequenceMean;
    loss_.ratio = p.clip(p.delta);
    loss_.cap = p.cap;
    loss_.entropy_coefficient = p.entropy_coefficient;
    loss_.kl_coefficient = p.beta;
    loss_.kl_form = kl_form_of(p.kl_estimator);
    loss_.kl_correction = p.use_bias_correction_kl;
    loss_.normaliser = normaliser_for(p.loss_type);
    loss_.fixed_length = p.max_length;
    rollout_.advantage = {Baseline::kGroup, scale_of(p.scale_rewards), p.scale_epsilon};
    if (p.overlong_buffer > 0) rollout_.overlong = {p.max_length, p.overlong_buffer};
    rollout_.kl_form = loss_.kl_form;
    rollout_.exponent_clamp = p.exponent_clamp;
    plan_ = {.epochs = static_cast<int>(p.num_iterations),
             .minibatches = static_cast<int>(p.minibatches),
             .samples = static_cast<int>(p.num_generations),
             .refills = static_cast<int>(p.dynamic_sampling)};
  }

  std::vector<double> case_weights(const BatchShape& step) const override {
    if (microbatch_ == 0) return {};
    return token_mean_of_microbatches(step, microbatch_);
  }

 private:
  int microbatch_;
};

TR_REGISTER(Optimizer, Grpo, "grpo",
            "group relative policy optimization: grpo, bnpo, dapo, dr_grpo, luspo, cispo, GSPO",
            "arXiv 2402.03300, eq. 3; switches and defaults as TRL f2cd57710, grpo_trainer.py");

}  // namespace
}  // namespace tightrope
