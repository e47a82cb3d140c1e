// SPDX-License-Identifier: Apache-2.0
#include "core/detectors/exponential_histogram.h"

#include <algorithm>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr int kMostRows = 53;  // 2^53 samples: more than a width in a double could count

}  // namespace

ExponentialHistogram::ExponentialHistogram(int max_buckets) : stride_(max_buckets + 1) {
  TR_CHECK(max_buckets >= 2, "{}", max_buckets);
}

void ExponentialHistogram::append(int row, WindowSummary summary) {
  if (row == rows()) {
    counts_.push_back(0);
    summaries_.resize(summaries_.size() + stride_);
  }
  summaries_[row * stride_ + counts_[row]++] = summary;
}

void ExponentialHistogram::remove_oldest(int row, int number) {
  const auto first = summaries_.begin() + row * stride_;
  std::copy(first + number, first + counts_[row], first);
  counts_[row] -= number;
}

void ExponentialHistogram::insert(double x) {
  width_ += 1;
  if (width_ > 1) {
    const double distance = x - total_ / (width_ - 1);
    squares_ += (width_ - 1) * distance * distance / width_;
  }
  total_ += x;
  append(0, {x, 0});
  for (int row = 0; counts_[row] == stride_; ++row) {
    const WindowSummary first = at(row, 0), second = at(row, 1);
    const double n = size(row), distance = first.total / n - second.total / n;
    remove_oldest(row, 2);
    append(row + 1, {first.total + second.total,
                     first.squares + second.squares + n / 2 * distance * distance});
  }
}

void ExponentialHistogram::drop_oldest() {
  const int row = rows() - 1;
  const double n = size(row);
  TR_CHECK(width_ > n, "{} samples", width_);
  const WindowSummary oldest = at(row, 0);
  width_ -= n;
  total_ -= oldest.total;
  const double distance = oldest.total / n - total_ / width_;
  squares_ -= oldest.squares + n * width_ * distance * distance / (n + width_);
  remove_oldest(row, 1);
  if (counts_.back() == 0) {  // lower rows keep one at least: max_buckets >= 2
    counts_.pop_back();
    summaries_.resize(summaries_.size() - stride_);
  }
}

void ExponentialHistogram::clear() {
  counts_.clear();
  summaries_.clear();
  width_ = total_ = squares_ = 0;
}

void ExponentialHistogram::write(std::vector<double>& saved) const {
  saved.insert(saved.end(), {total_, squares_, static_cast<double>(rows())});
  for (int row = 0; row < rows(); ++row) {
    saved.push_back(counts_[row]);
    for (int k = 0; k < counts_[row]; ++k) {
      saved.insert(saved.end(), {at(row, k).total, at(row, k).squares});
    }
  }
}

void ExponentialHistogram::read(SavedState& saved, std::int64_t most) {
  clear();
  total_ = saved.number();
  squares_ = saved.number();
  const auto row_count = static_cast<int>(saved.whole(0, kMostRows));
  for (int row = 0; row < row_count; ++row) {
    const auto count = static_cast<int>(saved.whole(1, stride_ - 1));
    counts_.push_back(0);
    summaries_.resize(summaries_.size() + stride_);
    for (int k = 0; k < count; ++k) {
      const double total = saved.number();
      append(row, {total, saved.number()});
    }
    width_ += count * size(row);
  }
  TR_REQUIRE(width_ <= static_cast<double>(most),
             "detector state: a window of {} samples after only {}", width_, most);
}

}  // namespace tightrope
