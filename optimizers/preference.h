// SPDX-License-Identifier: Apache-2.0
// The engine of the pairwise preference optimizers (dpo, cpo):
//
//   L = (1 / pairs) sum_i link_i + rpo_alpha (1 / chosen tokens) sum_i -log pi(y_w,i)
//
// where pairs and chosen tokens are counted over the whole optimizer step.
#pragma once

#include <string>
#include <vector>

#include "core/api/optimizer.h"
#include "core/config/schema.h"
#include "optimizers/pairwise_link.h"
#include "optimizers/preference_tally.h"

namespace tightrope {

// Which tokens the preference term sees.
enum class Credit {
  kTrajectory,       // every scored token of both sides
  kFirstDivergence,  // on each side the first scored token where the two part
};

struct PreferenceOptions {
  LinkOptions link;
  Credit credit = Credit::kTrajectory;
  double rpo_alpha = 0;         // >= 0, weight of the negative log-likelihood of the chosen side
  bool reference_free = false;  // log-probs stand in the place of log-ratios
};

// The options that dpo and cpo share, as they are written in YAML; a component's Params derives.
struct PreferenceParams {
  std::string loss_type = "sigmoid";
  double label_smoothing = 0;
  std::string f_divergence = "reverse_kl";
  double alpha_divergence = 0.5;
  double exponent_clamp = 80;
  double discopop_tau = 0.05;
  double bco_shift = 0;
  std::string credit = "trajectory";
};

PreferenceOptions preference_options(const PreferenceParams& params, double beta, double rpo_alpha);

// Optimizer::logistic_beta() of these options.
std::optional<double> logistic_beta_of(const PreferenceOptions& options);

// The fields `beta` and the weight of the likelihood term, which is called rpo_alpha or cpo_alpha.
template <class Params>
void add_beta_field(Schema<Params>& schema, double Params::*member);
template <class Params>
void add_likelihood_field(Schema<Params>& schema, const char* name, double Params::*member);

// Adds the shared fields and the rules between them; `Params` derives from PreferenceParams.
template <class Params>
void add_preference_fields(Schema<Params>& schema);

// Adds one pair, given by its trajectories in the group, and returns its preference term before
// `weight`.
// Rewards are beta times the log-ratio of the whole trajectory, whatever link, divergence and
// credit are.
double add_pair(const PreferenceOptions& options, const Group& group, const BatchTotals& totals,
                const GroupGradient& gradient, int chosen, int rejected, double weight,
                PreferenceTally& tally);

// Optimizer::loss of the engine; a group holds whole pairs, chosen first. A pair's preference term
// weighs group.weight_of(pair) / pairs; its likelihood term is not weighed.
void preference_loss(const PreferenceOptions& options, const Group& group,
                     const BatchTotals& totals, GroupGradient gradient, MetricSums& metrics);

// What dpo, cpo and ipo are: the engine with their settings.
class PreferenceOptimizer : public Optimizer {
 public:
  TrajectoryKind trajectories() const final { return TrajectoryKind::kPair; }
  bool needs_reference() const final { return true; }
  std::optional<double> logistic_beta() const final { return logistic_beta_of(options_); }
  std::vector<std::string> metrics() const final { return preference_metrics(); }
  void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
            MetricSums& metrics) const final {
    preference_loss(options_, group, totals, gradient, metrics);
  }

 protected:
  explicit PreferenceOptimizer(PreferenceOptions options) : options_(std::move(options)) {}

 private:
  PreferenceOptions options_;
};

}  // namespace tightrope

#include "optimizers/preference_inl.h"
