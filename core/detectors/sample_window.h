// SPDX-License-Identifier: Apache-2.0
// The newest samples of a stream, in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/detectors/detector.h"

namespace tightrope {

// Where a shift of the mean is clearest: the k in [first, n - 1] with the greatest reduction of the
// sum of squares when samples [0, k) and [k, n) get means of their own. Needs 1 <= first < n.
std::size_t clearest_split(std::span<const double> samples, std::size_t first);

// The `capacity` newest samples. Taking one is O(1).
class SampleWindow {
 public:
  explicit SampleWindow(std::int64_t capacity) : ring_(static_cast<std::size_t>(capacity)) {}

  std::size_t size() const { return size_; }
  bool full() const { return size_ == ring_.size(); }
  // The slot in which the next sample will be put, over the oldest one of a full window.
  std::size_t next_slot() const { return next_; }
  double slot(std::size_t k) const { return ring_[k]; }

  void push(double x) {
    ring_[next_] = x;
    next_ = next_ + 1 < ring_.size() ? next_ + 1 : 0;
    if (size_ < ring_.size()) ++size_;
  }
  void clear() { size_ = next_ = 0; }

  // Oldest first, appended to `out`.
  void copy_to(std::vector<double>& out) const;
  // Count and samples, oldest first. Where slots matter, next_slot() is saved too and given back.
  void write(std::vector<double>& saved) const;
  void read(SavedState& saved, std::int64_t position, std::int64_t next_slot = 0);

 private:
  std::vector<double> ring_;
  std::size_t size_ = 0, next_ = 0;
};

}  // namespace tightrope
