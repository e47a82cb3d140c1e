// SPDX-License-Identifier: Apache-2.0
// Mean and standard deviation of the law before a change: given, or of the first samples and then
// frozen, since a running mean would follow the change that is looked for.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "core/detectors/detector.h"

namespace tightrope {

class ReferenceLaw {
 public:
  // Of `length` >= 1 samples; `mean` and `deviation`, both or neither, replace them.
  ReferenceLaw(std::int64_t length, std::optional<double> mean, std::optional<double> deviation)
      : length_(static_cast<double>(length)), given_(mean.has_value()) {
    if (given_) {
      mean_ = *mean;
      deviation_ = *deviation;
    }
  }

  // Takes the sample while the law is still being estimated (the last one of the first `length`
  // too); true when it is known.
  bool known(double x) {
    if (count_ >= length_ || given_) [[likely]] {
      return true;
    }
    count_ += 1;
    const double from_old = x - mean_;
    mean_ += from_old / count_;
    squares_ += from_old * (x - mean_);
    if (count_ < length_) return false;
    deviation_ = count_ > 1 ? std::sqrt(squares_ / (count_ - 1)) : 0;
    return true;
  }

  double mean() const { return mean_; }
  double deviation() const { return deviation_; }  // n - 1 in the divisor; 0 for one sample

  void clear() {
    if (given_) return;
    count_ = mean_ = squares_ = deviation_ = 0;
  }
  void write(std::vector<double>& saved) const {
    saved.insert(saved.end(), {count_, mean_, squares_});
  }
  void read(SavedState& saved, std::int64_t position) {
    const auto most = given_ ? 0 : std::min(position, static_cast<std::int64_t>(length_));
    count_ = static_cast<double>(saved.whole(0, most));
    mean_ = saved.number();
    squares_ = saved.number();
    if (!given_ && count_ >= length_)
      deviation_ = count_ > 1 ? std::sqrt(squares_ / (count_ - 1)) : 0;
  }

 private:
  double length_;
  bool given_;
  double count_ = 0, mean_ = 0, squares_ = 0, deviation_ = 0;
};

}  // namespace tightrope
