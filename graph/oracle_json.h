// SPDX-License-Identifier: Apache-2.0
// The oracle as a calculator: worlds and cases in JSON, laws and posteriors filled in.
#pragma once

#include <nlohmann/json.hpp>

namespace tightrope {

// Input {worlds: [{world: {sites, diseases, attributes, max_mentions, image_code, omega [U],
// prior [U][Z] = P(z | u), theta [U][Z][K], signal, noise, polarity [C] (and optionally shift),
// mention_present, mention_absent [K], synonym0 [U][K], optionally report_from}, cases: [{image
// [C], tokens, ...}]}]}. Channels: one per attribute, or more. Tokens are "+k.s" (attribute k,
// synonym s),
// "-k" (no k), "</think>", "<answer_now>" and "z<d>". Returns the input with `steps` of every case
// replaced: one {prefix, law, belief, site} for every prefix of `tokens`, the empty one first; a
// law lists the tokens of positive probability. Everything else is kept as it is. Throws InputError
// naming the JSON path, the value and what is allowed.
nlohmann::json fill_oracle(const nlohmann::json& input);

}  // namespace tightrope
