// SPDX-License-Identifier: Apache-2.0
// An error rate p = errors / samples with its standard error s = sqrt(p (1 - p) / samples), and the
// lowest p + s so far, from which DDM and RDDM measure.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/detectors/detector.h"

namespace tightrope {

struct ErrorRate {
  double samples = 0;
  double errors = 0;

  void add(double error) {
    samples += 1;
    errors += error;
  }
  double rate() const { return errors / samples; }
  double deviation(double rate) const { return std::sqrt(rate * (1 - rate) / samples); }

  void write(std::vector<double>& saved) const { saved.insert(saved.end(), {samples, errors}); }
  // Throws InputError when the counts are impossible or more than `most` samples.
  void read(SavedState& saved, std::int64_t most) {
    const std::int64_t count = saved.whole(0, most);
    samples = static_cast<double>(count);
    errors = static_cast<double>(saved.whole(0, count));
  }
};

// The lowest p + s with the limits p + level s that follow from it; infinite at first.
class LowestRate {
 public:
  LowestRate(double warning_level, double drift_level)
      : warning_level_(warning_level), drift_level_(drift_level) {}

  double sum() const { return sum_; }
  double warning_limit() const { return warning_limit_; }
  double drift_limit() const { return drift_limit_; }

  void clear() { *this = LowestRate(warning_level_, drift_level_); }
  void set(const ErrorRate& at, double p, double s) {
    at_ = at;
    sum_ = p + s;
    warning_limit_ = p + warning_level_ * s;
    drift_limit_ = p + drift_level_ * s;
  }

  void write(std::vector<double>& saved) const { at_.write(saved); }
  void read(SavedState& saved, std::int64_t most) {
    ErrorRate at;
    at.read(saved, most);
    clear();
    if (at.samples > 0) set(at, at.rate(), at.deviation(at.rate()));
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double warning_level_, drift_level_;
  ErrorRate at_;
  double sum_ = kInfinity, warning_limit_ = kInfinity, drift_limit_ = kInfinity;
};

}  // namespace tightrope
