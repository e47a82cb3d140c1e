// SPDX-License-Identifier: Apache-2.0
#include "core/detectors/betting_interval.h"

#include <vector>

namespace tightrope {
namespace {

// The least m that the bets above it do not refute: their capital falls in m, so m is bisected.
double lower_end(std::span<const double> z, std::span<const double> stakes, double log_limit,
                 bool mirrored) {
  const auto refuted = [&](double m) {
    double log_capital = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      log_capital += std::log(bet_above(stakes[i], m, mirrored ? 1 - z[i] : z[i]));
    }
    return log_capital >= log_limit;
  };
  double low = 0, high = 1;
  if (!refuted(1e-13)) return 0;
  while (high - low > 1e-12) {
    const double middle = 0.5 * (low + high);
    (refuted(middle) ? low : high) = middle;
  }
  return low;
}

std::array<double, 1024> logarithms() {
  std::array<double, 1024> logs;
  for (std::size_t t = 0; t < logs.size(); ++t) logs[t] = std::log1p(static_cast<double>(t));
  return logs;
}

}  // namespace

const std::array<double, 1024> PlugInStake::kLogs = logarithms();

BettingInterval betting_interval(std::span<const double> z, double level) {
  PlugInStake plug_in(level);
  std::vector<double> stakes;
  for (const double sample : z) {
    stakes.push_back(plug_in.stake());
    plug_in.observe(sample);
  }
  const double limit = std::log(2 / level);
  return {lower_end(z, stakes, limit, false), 1 - lower_end(z, stakes, limit, true)};
}

}  // namespace tightrope
