// SPDX-License-Identifier: Apache-2.0
#include "drift/law.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {

std::vector<std::string> law_names() {
  return {"moa_sigmoid", "truncated_sigmoid", "linear", "cosine"};
}

Law law_of(const std::string& name) {
  const std::vector<std::string> names = law_names();
  const auto found = std::find(names.begin(), names.end(), name);
  TR_CHECK(found != names.end(), "law {}", name);
  return static_cast<Law>(found - names.begin());
}

double transition(Law law, double t, double position, double width) {
  if (width <= 0) return t >= position ? 1.0 : 0.0;
  // MOA's own order of operations: x = -4 (t - p) / w, then 1 / (1 + exp(x)).
  if (law == Law::kMoaSigmoid) return 1.0 / (1.0 + std::exp(-4.0 * (t - position) / width));
  const double g = (t - position) / width + 0.5;
  if (g <= 0) return 0;
  if (g >= 1) return 1;
  switch (law) {
    case Law::kTruncatedSigmoid:
      return 1.0 / (1.0 + std::exp(-2.0 * std::log(99.0) * (g - 0.5)));
    case Law::kCosine:
      return (1.0 - std::cos(kPi * g)) / 2;
    default:
      return g;
  }
}

double recurrence(Law law, double t, double position, double width, double length, double gap,
                  int repeats) {
  double weight = 0;
  for (int k = 0; k < repeats; ++k) {
    const double onset = position + k * (length + gap);
    // Far before an onset neither sigmoid moves the sum by more than 1e-17.
    if (t < onset - 10 * width) break;
    weight += transition(law, t, onset, width) - transition(law, t, onset + length, width);
  }
  return std::clamp(weight, 0.0, 1.0);
}

}  // namespace tightrope
