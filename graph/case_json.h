// SPDX-License-Identifier: Apache-2.0
// A case told in full: what `tightrope sample` shows.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/api/cases.h"
#include "core/api/world.h"

namespace tightrope {

struct CaseTelling {
  bool oracle = true;  // the law, belief and site posterior at every position
  int top = 0;         // keep the most probable tokens of each law alone; 0 keeps all positive ones
};

// {site, category (rule worlds), disease, attributes: [names of those present], image [C],
//  image_belief {disease: P(z | v)}, tokens: [names],
//  steps: [{prefix: last token, token: the next one, log_prob, law {token: p}, rest, belief,
//  site}]}.
// `rest` is the probability of the tokens that `top` left out.
nlohmann::json describe_case(const World& world, const Environment& environment, const Cases& cases,
                             int n, const CaseTelling& telling = {});

// The same of an alternative trajectory of the case: {disease, tokens, log_prob}; log_prob is that
// of the environment's oracle, -inf written as null.
nlohmann::json describe_alternative(const World& world, const Environment& environment,
                                    const Cases& cases, int n, const Trajectory& trajectory);

// Readable text of what describe_case returns.
std::string case_text(const nlohmann::json& description);

}  // namespace tightrope
