// SPDX-License-Identifier: Apache-2.0
#include "core/detectors/sample_window.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace tightrope {

std::size_t clearest_split(std::span<const double> samples, std::size_t first) {
  const std::size_t n = samples.size();
  TR_CHECK(first >= 1 && first < n, "split from {} of {} samples", first, n);
  double total = 0;
  for (const double x : samples) total += x;
  const double mean = total / static_cast<double>(n);
  double excess = 0, best = -1;  // of the samples before the split over the mean
  std::size_t split = first;
  for (std::size_t k = 0; k < n; ++k) {
    const auto older = static_cast<double>(k), newer = static_cast<double>(n - k);
    const double gain = k < first ? -1 : excess * excess / (older * newer);
    if (gain > best) {
      best = gain;
      split = k;
    }
    excess += samples[k] - mean;
  }
  return split;
}

void SampleWindow::copy_to(std::vector<double>& out) const {
  const std::size_t oldest = full() ? next_ : 0;
  for (std::size_t i = 0; i < size_; ++i) out.push_back(ring_[(oldest + i) % ring_.size()]);
}

void SampleWindow::write(std::vector<double>& saved) const {
  saved.push_back(static_cast<double>(size_));
  copy_to(saved);
}

void SampleWindow::read(SavedState& saved, std::int64_t position, std::int64_t next_slot) {
  const auto most = std::min(position, static_cast<std::int64_t>(ring_.size()));
  const std::int64_t count = saved.whole(0, most);
  clear();
  const auto capacity = static_cast<std::int64_t>(ring_.size());
  if (next_slot > 0) {
    TR_REQUIRE(count == capacity || count == next_slot,
               "detector state: {} samples of a window and the next in slot {}", count, next_slot);
    next_ = count == capacity ? static_cast<std::size_t>(next_slot) : 0;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const double x = saved.number();
    TR_REQUIRE(std::isfinite(x), "detector state: sample {} of a window is {}", i, x);
    push(x);
  }
}

}  // namespace tightrope
