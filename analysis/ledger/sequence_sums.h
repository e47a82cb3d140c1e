// SPDX-License-Identifier: Apache-2.0
// Sums over the positions of a probe's trajectory, thinking and outcome apart, and their means over
// probes. A probe's prefixes are drawn from the oracle of its environment, so by the token chain
// rule the mean estimates the quantity of whole sequences; its interval is over probes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tightrope {

enum Part : std::size_t { kThinking = 0, kOutcome = 1, kAll = 2 };
inline constexpr std::size_t kParts = 3;

// Mean with the half width of its two-sided 95 % interval.
struct Estimate {
  double mean = 0;
  double half_width = 0;
};

// Means of equally many values, again and again.
class MeanOverProbes {
 public:
  explicit MeanOverProbes(std::size_t probes);
  // Student's t interval of independent values. A value that is not finite makes the mean what the
  // sum is; the half width is then NaN, as it is for a single value.
  Estimate operator()(std::span<const double> values) const;

 private:
  double factor_;  // t / sqrt(n)
};

// Difference of two means of independent values, a's less b's, with Welch's interval (1947).
Estimate difference_of_means(std::span<const double> a, std::span<const double> b);

// One quantity's sums, [part, probe].
class PartSums {
 public:
  explicit PartSums(std::size_t probes) : probes_(probes), sums_(kParts * probes, 0.0) {}
  void clear() { sums_.assign(sums_.size(), 0.0); }
  void add(std::size_t probe, Part part, double value) {
    sums_[part * probes_ + probe] += value;
    sums_[kAll * probes_ + probe] += value;
  }
  std::span<const double> of(std::size_t part) const {
    return std::span(sums_).subspan(part * probes_, probes_);
  }

 private:
  std::size_t probes_;
  std::vector<double> sums_;
};

// The part of position j of a trajectory with `length` positions.
constexpr Part part_of(std::size_t j, std::size_t length) {
  return j + 2 < length ? kThinking : kOutcome;
}

}  // namespace tightrope
