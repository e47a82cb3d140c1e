// SPDX-License-Identifier: Apache-2.0
// Whitening of a column over its scored entries: centred as TRL and CleanRL do, or scaled only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tightrope {

enum class Whiten {
  kNone,
  kCenter,     // (x - mean) / sqrt(var + epsilon): mean 0
  kScaleOnly,  // the same with the mean added back (TRL's shift_mean = False, torchtune)
};

enum class Variance {
  kBessel,      // sum of squares / (n - 1)
  kPopulation,  // sum of squares / n
};

struct WhitenOptions {
  Whiten form = Whiten::kCenter;
  Variance variance = Variance::kBessel;
  double epsilon = 1e-8;  // added to the variance, > 0
};

// Choices of the options, in the order of the enums.
std::vector<std::string> whiten_names();    // none, center, scale_only
std::vector<std::string> variance_names();  // bessel, population
Whiten whiten_of(const std::string& name);
Variance variance_of(const std::string& name);

// Changes the entries with mask 1 in place; nothing when there are fewer than two of them.
void whiten(const WhitenOptions& options, std::span<const std::uint8_t> mask,
            std::span<double> values);

}  // namespace tightrope
