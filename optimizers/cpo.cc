// SPDX-License-Identifier: Apache-2.0
// Counterfactual preference optimization (arXiv 2505.13081): DPO whose rejected side is the
// expert's counterfactual of the same case. Not contrastive preference optimization (arXiv
// 2401.08417, the "cpo" of TRL and ms-swift), which has no reference. The engine is that of dpo;
// what differs is the presets, which carry the papers' settings. Draws nothing.
#include <map>

#include "optimizers/preference.h"

namespace tightrope {
namespace {

struct Preset {
  double beta;
  double rpo_alpha;
};

// cpo_paper_defaults: the published script passed neither option; at its time ms-swift (2.6 to
// 3.7.3) filled in beta 0.1 and rpo_alpha 1. cpo_pp_script: the script of arXiv 2604.15705.
const std::map<std::string, Preset>& presets() {
  static const std::map<std::string, Preset> all = {
      {"cpo_plain", {0.1, 0}}, {"cpo_paper_defaults", {0.1, 1}}, {"cpo_pp_script", {0.1, 0.1}}};
  return all;
}

class Cpo final : public PreferenceOptimizer {
 public:
  struct Params : PreferenceParams {
    std::string preset = "cpo_plain";
    std::optional<double> beta;
    std::optional<double> rpo_alpha;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("preset", &Params::preset,
            {.help = "settings of beta and rpo_alpha: cpo_plain 0.1 and 0; cpo_paper_defaults 0.1 "
                     "and 1 (what the published script ran with); cpo_pp_script 0.1 and 0.1",
             .choices = {"cpo_plain", "cpo_paper_defaults", "cpo_pp_script"}});
    s.field("beta", &Params::beta,
            {.unit = "1",
             .range = greater_than(0),
             .help = "strength of the pull to the reference; null: the preset's",
             .per_lane = true});
    s.field("rpo_alpha", &Params::rpo_alpha,
            {.unit = "1",
             .range = at_least(0),
             .help = "weight of the chosen side's negative log-likelihood; null: the preset's",
             .per_lane = true});
    add_preference_fields(s);
    return s;
  }

  explicit Cpo(const Params& params)
      : PreferenceOptimizer(
            preference_options(params, params.beta.value_or(presets().at(params.preset).beta),
                               params.rpo_alpha.value_or(presets().at(params.preset).rpo_alpha))) {}
};

TR_REGISTER(
    Optimizer, Cpo, "cpo",
    "counterfactual preference optimization: DPO against the expert's counterfactual; needs "
    "a reference, unlike the contrastive CPO (arXiv 2401.08417), which has none",
    "arXiv 2505.13081");

}  // namespace
}  // namespace tightrope
