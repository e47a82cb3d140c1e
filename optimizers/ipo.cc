// SPDX-License-Identifier: Apache-2.0
// Identity preference optimization (arXiv 2310.12036, eq. 17): the squared distance of the
// log-ratio difference of a pair from its target,
//
//   L = (1 / pairs) sum_i (D_i - 1 / (2 beta))^2
//
// with D = dw - dl summed over the tokens of each side (as in the paper), or averaged over them
// (length_average, as TRL computes it). The engine is that of dpo, whose loss_type ipo_sum and
// ipo_avg these are. Draws nothing.
#include "optimizers/preference.h"

namespace tightrope {
namespace {

class Ipo final : public PreferenceOptimizer {
 public:
  struct Params {
    double beta = 0.1;
    double rpo_alpha = 0;
    bool length_average = false;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    add_beta_field(s, &Params::beta);
    add_likelihood_field(s, "rpo_alpha", &Params::rpo_alpha);
    s.field("length_average", &Params::length_average,
            {.help = "log-ratios averaged over each side's tokens (TRL's ipo) instead of summed"});
    return s;
  }

  explicit Ipo(const Params& params)
      : PreferenceOptimizer(
            preference_options({.loss_type = params.length_average ? "ipo_avg" : "ipo_sum"},
                               params.beta, params.rpo_alpha)) {}
};

TR_REGISTER(Optimizer, Ipo, "ipo",
            "identity preference optimization: a squared distance to a target difference",
            "arXiv 2310.12036, eq. 17; token average as in TRL f2cd57710");

}  // namespace
}  // namespace tightrope
