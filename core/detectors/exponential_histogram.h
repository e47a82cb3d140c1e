// SPDX-License-Identifier: Apache-2.0
// A window of the newest samples in O(log n) memory (Datar et al. 2002, as ADWIN uses it, Bifet &
// Gavalda 2007): row i holds up to M summaries of 2^i samples each. When a row has M + 1, its two
// oldest merge into the next row. The sums follow river 0.26, operation by operation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/detectors/detector.h"

namespace tightrope {

class ExponentialHistogram {
 public:
  // At most `max_buckets` >= 2 summaries stay in a row.
  explicit ExponentialHistogram(int max_buckets);

  // Adds the newest sample, in O(1) amortised and O(log n) at worst.
  void insert(double x) {
    width_ += 1;
    if (width_ > 1) [[likely]] {
      const double distance = x - total_ / (width_ - 1);
      squares_ += (width_ - 1) * distance * distance / width_;
    }
    total_ += x;
    append(0, x, 0);
    for (std::size_t row = 0; rows_[row].count == stride_; ++row) merge_oldest(row);
  }
  // Forgets the oldest summary. Requires at least two summaries.
  void drop_oldest();
  void clear();

  int rows() const { return static_cast<int>(rows_.size()); }
  int count(int row) const { return rows_[row].count; }
  // Sums of the samples of a row's summaries, the oldest first, in the unit of the samples.
  std::span<const double> totals(int row) const {
    return {&totals_[first(row)], static_cast<std::size_t>(rows_[row].count)};
  }
  // Sums of squares about each summary's own mean, in the unit squared.
  std::span<const double> squares(int row) const {
    return {&squares_of_[first(row)], static_cast<std::size_t>(rows_[row].count)};
  }
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
  // A row's summaries lie in [start, start + count) of its capacity: removing the oldest moves
  // the start, and all go back to the front when the end is reached.
  struct Row {
    int start = 0;
    int count = 0;
  };

  std::size_t first(std::size_t row) const { return row * capacity_ + rows_[row].start; }

  void append(std::size_t row, double total, double squares) {
    if (row == rows_.size()) [[unlikely]]
      add_row();
    Row& r = rows_[row];
    if (r.start + r.count == capacity_) [[unlikely]]
      move_to_front(row);
    const std::size_t place = first(row) + r.count++;
    totals_[place] = total;
    squares_of_[place] = squares;
  }

  void merge_oldest(std::size_t row) {
    const double n = size(static_cast<int>(row));
    const double* totals = &totals_[first(row)];
    const double* squares = &squares_of_[first(row)];
    const double distance = (totals[0] - totals[1]) / n;
    const double total = totals[0] + totals[1];
    const double sum = squares[0] + squares[1] + n / 2 * distance * distance;
    rows_[row].start += 2;
    rows_[row].count -= 2;
    append(row + 1, total, sum);
  }

  void add_row();
  void move_to_front(std::size_t row);

  int stride_;    // max_buckets + 1
  int capacity_;  // places of a row
  std::vector<Row> rows_;
  std::vector<double> totals_, squares_of_;  // row by row
  double width_ = 0, total_ = 0, squares_ = 0;
};

}  // namespace tightrope
