// SPDX-License-Identifier: Apache-2.0
#include "optimizers/whiten.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace tightrope {
namespace {

template <class Enum>
Enum named(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  TR_CHECK(found != names.end(), "{}", name);
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::vector<std::string> whiten_names() { return {"none", "center", "scale_only"}; }
std::vector<std::string> variance_names() { return {"bessel", "population"}; }
Whiten whiten_of(const std::string& name) { return named<Whiten>(whiten_names(), name); }
Variance variance_of(const std::string& name) { return named<Variance>(variance_names(), name); }

void whiten(const WhitenOptions& options, std::span<const std::uint8_t> mask,
            std::span<double> values) {
  if (options.form == Whiten::kNone) return;
  double count = 0;
  double sum = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) continue;
    count += 1;
    sum += values[i];
  }
  if (count < 2) return;
  const double mean = sum / count;
  double squares = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] != 0) squares += (values[i] - mean) * (values[i] - mean);
  }
  const double variance = squares / (options.variance == Variance::kBessel ? count - 1 : count);
  const double scale = 1.0 / std::sqrt(variance + options.epsilon);
  const double shift = options.form == Whiten::kScaleOnly ? mean : 0.0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] != 0) values[i] = (values[i] - mean) * scale + shift;
  }
}

}  // namespace tightrope
