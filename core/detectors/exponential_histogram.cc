// SPDX-License-Identifier: Apache-2.0
#include "core/detectors/exponential_histogram.h"

#include <algorithm>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr int kMostRows = 53;   // 2^53 samples: more than a width in a double could count
constexpr int kRowLengths = 4;  // capacity of a row in rows: how seldom it moves to the front

}  // namespace

ExponentialHistogram::ExponentialHistogram(int max_buckets)
    : stride_(max_buckets + 1), capacity_(kRowLengths * stride_) {
  TR_CHECK(max_buckets >= 2, "{}", max_buckets);
}

void ExponentialHistogram::add_row() {
  rows_.emplace_back();
  totals_.resize(rows_.size() * capacity_);
  squares_of_.resize(rows_.size() * capacity_);
}

void ExponentialHistogram::move_to_front(std::size_t row) {
  for (auto* values : {&totals_, &squares_of_}) {
    const auto from = values->begin() + static_cast<std::ptrdiff_t>(first(row));
    std::copy(from, from + rows_[row].count,
              values->begin() + static_cast<std::ptrdiff_t>(row * capacity_));
  }
  rows_[row].start = 0;
}

void ExponentialHistogram::drop_oldest() {
  const int row = rows() - 1;
  const double n = size(row);
  TR_CHECK(width_ > n, "{} samples", width_);
  const double total = totals(row)[0], squares = this->squares(row)[0];
  width_ -= n;
  total_ -= total;
  const double distance = total / n - total_ / width_;
  squares_ -= squares + n * width_ * distance * distance / (n + width_);
  ++rows_[row].start;
  if (--rows_[row].count == 0) {  // lower rows keep one at least: max_buckets >= 2
    rows_.pop_back();
    totals_.resize(rows_.size() * capacity_);
    squares_of_.resize(rows_.size() * capacity_);
  }
}

void ExponentialHistogram::clear() {
  rows_.clear();
  totals_.clear();
  squares_of_.clear();
  width_ = total_ = squares_ = 0;
}

void ExponentialHistogram::write(std::vector<double>& saved) const {
  saved.insert(saved.end(), {total_, squares_, static_cast<double>(rows())});
  for (int row = 0; row < rows(); ++row) {
    saved.push_back(count(row));
    for (int k = 0; k < count(row); ++k) {
      saved.insert(saved.end(), {totals(row)[k], squares(row)[k]});
    }
  }
}

void ExponentialHistogram::read(SavedState& saved, std::int64_t most) {
  clear();
  total_ = saved.number();
  squares_ = saved.number();
  const auto row_count = static_cast<int>(saved.whole(0, kMostRows));
  for (int row = 0; row < row_count; ++row) {
    const auto summaries = static_cast<int>(saved.whole(1, stride_ - 1));
    add_row();
    for (int k = 0; k < summaries; ++k) {
      const double total = saved.number();
      append(row, total, saved.number());
    }
    width_ += summaries * size(row);
  }
  TR_REQUIRE(width_ <= static_cast<double>(most),
             "detector state: a window of {} samples after only {}", width_, most);
}

}  // namespace tightrope
