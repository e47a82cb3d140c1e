// SPDX-License-Identifier: Apache-2.0
// Direct preference optimization (arXiv 2305.18290) with the links of pairwise_link.h and the
// f-divergences of f_divergence.h. Needs pairs and a reference; draws nothing.
#include "optimizers/preference.h"

namespace tightrope {
namespace {

class Dpo final : public PreferenceOptimizer {
 public:
  struct Params : PreferenceParams {
    double beta = 0.1;
    double rpo_alpha = 0;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    add_beta_field(s, &Params::beta);
    add_likelihood_field(s, "rpo_alpha", &Params::rpo_alpha);
    add_preference_fields(s);
    return s;
  }

  explicit Dpo(const Params& params)
      : PreferenceOptimizer(preference_options(params, params.beta, params.rpo_alpha)) {}
};

TR_REGISTER(Optimizer, Dpo, "dpo",
            "direct preference optimization: pairwise links, f-divergences, likelihood term",
            "arXiv 2305.18290, eq. 7; links as in TRL f2cd57710, trl/trainer/dpo_trainer.py");

}  // namespace
}  // namespace tightrope
