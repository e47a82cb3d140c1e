// SPDX-License-Identifier: Apache-2.0
// The template of preference.h.
#pragma once

namespace tightrope {

template <class Params>
void add_beta_field(Schema<Params>& s, double Params::*member) {
  s.field("beta", member,
          {.unit = "1",
           .range = greater_than(0),
           .help = "strength of the pull to the reference: rewards are beta times log-ratios",
           .per_lane = true});
}

template <class Params>
void add_likelihood_field(Schema<Params>& s, const char* name, double Params::*member) {
  s.field(name, member,
          {.unit = "1",
           .range = at_least(0),
           .help = "weight of the chosen side's negative log-likelihood per token of the step",
           .per_lane = true});
}

template <class Params>
void add_preference_fields(Schema<Params>& s) {
  const auto text = [&s](const char* name, auto member, std::vector<std::string> choices,
                         const char* help) {
    FieldOptions options;
    options.help = help;
    options.choices = std::move(choices);
    s.field(name, static_cast<std::string Params::*>(member), options);
  };
  const auto number = [&s](const char* name, auto member, const char* unit, Range range,
                           const char* help) {
    FieldOptions options;
    options.unit = unit;
    options.range = range;
    options.help = help;
    options.per_lane = true;
    s.field(name, static_cast<double Params::*>(member), options);
  };
  text("loss_type", &Params::loss_type, link_names(),
       "link of the pairwise loss; there is no bare ipo: ipo_sum sums log-ratios over tokens, "
       "ipo_avg averages them");
  number("label_smoothing", &Params::label_smoothing, "1", from_until(0, 1),
         "assumed share of swapped labels: conservative DPO with sigmoid; < 0.5 with robust; > 0 "
         "with exo_pair; must be 0 elsewhere");
  text("f_divergence", &Params::f_divergence, divergence_names(),
       "divergence whose score replaces the log-ratio; nca_pair, bco_pair, sppo_hard and apo_zero "
       "take the raw log-ratio");
  number("alpha_divergence", &Params::alpha_divergence, "1", any_number(),
         "alpha of f_divergence alpha: 0 is forward KL, 1 reverse KL (convention of TRL 0.29 on)");
  number("exponent_clamp", &Params::exponent_clamp, "nat", greater_than(0),
         "largest exponent of forward_kl and alpha, no gradient beyond it; .inf switches it off");
  number("discopop_tau", &Params::discopop_tau, "1", greater_than(0), "temperature of discopop");
  number("bco_shift", &Params::bco_shift, "nat", any_number(),
         "constant reward shift of bco_pair; must be 0 elsewhere");
  text("credit", &Params::credit, {"trajectory", "first_divergence"},
       "tokens of the preference term: all, or on each side the first where chosen and rejected "
       "part; the likelihood term always takes the whole chosen trajectory");
  s.check([](const Params& p) { return link_violation(preference_options(p, 0.1, 0).link); });
}

}  // namespace tightrope
