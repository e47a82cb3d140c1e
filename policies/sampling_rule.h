// SPDX-License-Identifier: Apache-2.0
// How a token is drawn from a law: temperature, top-k, top-p (arXiv 1904.09751), greedy.
#pragma once

#include <span>
#include <vector>

#include "core/api/policy.h"

namespace tightrope {

// Throws InputError for temperature <= 0, top_k < 0 or top_p outside (0, 1].
void check_sampling(const SamplingOptions& options);

// Changes normalised log-probs `law` into those of the law that is drawn from, in this order:
// divided by the temperature; the top_k largest kept; of these the fewest that hold top_p of the
// mass, in falling order; renormalised. Of equal tokens the first is kept. What is left out is
// -inf. `order` is scratch.
void shape_law(const SamplingOptions& options, std::span<double> law, std::vector<int>& order);

// Draws an index of a shaped law; greedy takes the largest, the first among equals. `weights` is
// scratch.
int draw_index(const SamplingOptions& options, std::span<const double> law, Draws& draws,
               std::vector<double>& weights);

}  // namespace tightrope
