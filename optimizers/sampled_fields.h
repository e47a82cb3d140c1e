// SPDX-License-Identifier: Apache-2.0
// Options that the rules on sampled trajectories share, as they are written in YAML; a component's
// Params derives from what it takes.
#pragma once

#include <string>

#include "core/config/schema.h"
#include "optimizers/clipped_ratio.h"
#include "optimizers/kl_estimate.h"

namespace tightrope {

struct ClipParams {
  double epsilon = 0.2;
  double epsilon_high = 0;
  double exponent_clamp = 80;

  // `dual`: the bound of tokens with negative advantage, 0: off.
  RatioClip clip(double dual = 0) const {
    return {epsilon, epsilon_high > 0 ? epsilon_high : epsilon, dual, exponent_clamp};
  }
};

template <class Params>
void add_clip_fields(Schema<Params>& s) {
  using P = ClipParams;
  const auto number = [&s](const char* name, double P::*member, const char* unit, Range range,
                           const char* help) {
    s.field(name, static_cast<double Params::*>(member),
            {.unit = unit, .range = range, .help = help, .per_lane = true});
  };
  number("epsilon", &P::epsilon, "1", between(1e-6, 0.999),
         "ratios are clipped to 1 - epsilon .. 1 + epsilon_high");
  number("epsilon_high", &P::epsilon_high, "1", at_least(0), "upper clip; 0: as epsilon");
  number("exponent_clamp", &P::exponent_clamp, "nat", greater_than(0),
         "largest log-ratio that is exponentiated, no gradient beyond it; .inf switches it off");
}

template <class Params>
void add_entropy_field(Schema<Params>& s, double Params::*member) {
  s.field("entropy_coefficient", member,
          {.unit = "1",
           .range = at_least(0),
           .help = "weight of the entropy bonus per token; > 0 needs a policy that gives its "
                   "entropy",
           .per_lane = true});
}

template <class Params>
void add_kl_form_field(Schema<Params>& s, std::string Params::*member) {
  s.field("kl_estimator", member,
          {.help = "k1: l; k2: l^2 / 2; k3: exp(-l) - 1 + l, with l = log policy - log reference",
           .choices = kl_form_names()});
}

// Trajectories drawn per case; `least` of them.
template <class Params>
void add_generations_field(Schema<Params>& s, std::int64_t Params::*member, double least) {
  s.field("num_generations", member,
          {.unit = "1",
           .range = between(least, 4096),
           .help = "trajectories drawn for each case of a batch"});
}

template <class Params>
void add_minibatch_field(Schema<Params>& s, std::int64_t Params::*member) {
  s.field("minibatches", member,
          {.unit = "1",
           .range = between(1, 65536),
           .help = "updates per pass over a rollout, each on whole cases; at most the stage's "
                   "batch"});
}

}  // namespace tightrope
