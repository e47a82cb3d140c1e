// SPDX-License-Identifier: Apache-2.0
// A window of the newest samples in O(log n) memory (Datar et al. 2002, as ADWIN uses it, Bifet &
// Gavalda 2007): row i holds up to M summaries of 2^i samples each. When a row has M + 1, its two
// oldest merge into the next row. The sums follow river 0.26, operation by operation.
#pragma once

#include <cstdint>
#include <vector>

#include "core/detectors/detector.h"

namespace tightrope {

// Of 2^row consecutive samples.
struct WindowSummary {
  double total = 0;    // sum, in the unit of the samples
  double squares = 0;  // sum of squares about the summary's own mean, in the unit squared
};

class ExponentialHistogram {
 public:
  // At most `max_buckets` >= 2 summaries stay in a row.
  explicit ExponentialHistogram(int max_buckets);

  // Adds the newest sample, in O(1) amortised and O(log n) at worst.
  void insert(double x);
  // Forgets the oldest summary. Requires at least two summaries.
  void drop_oldest();
  void clear();

  int rows() const { return static_cast<int>(counts_.size()); }
  int count(int row) const { return counts_[row]; }
  // Summary k of a row, 0 the oldest.
  const WindowSummary& at(int row, int k) const { return summaries_[row * stride_ + k]; }
  // Samples in one summary of a row: 2^row.
  static double size(int row) { return static_cast<double>(std::int64_t{1} << row); }

  double width() const { return width_; }      // samples in the window
  double total() const { return total_; }      // their sum
  double squares() const { return squares_; }  // their sum of squares about the window's mean

  void write(std::vector<double>& saved) const;
  // Throws InputError when the saved window is not one of this shape or has more than `most`
  // samples.
  void read(SavedState& saved, std::int64_t most);

 private:
  void append(int row, WindowSummary summary);
  void remove_oldest(int row, int number);

  int stride_;  // max_buckets + 1
  std::vector<int> counts_;
  std::vector<WindowSummary> summaries_;  // row by row
  double width_ = 0, total_ = 0, squares_ = 0;
};

}  // namespace tightrope
