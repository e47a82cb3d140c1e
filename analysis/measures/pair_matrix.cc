// SPDX-License-Identifier: Apache-2.0
#include "analysis/measures/pair_matrix.h"

#include <algorithm>
#include <array>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr std::size_t kWidth = 16;  // markings that go through K together, in registers
using Marks = std::array<double, kWidth>;

}  // namespace

double squared_distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

void PairMatrix::allocate(const Pool& pool, const char* measure, const char* instead) {
  points_ = pool.size();
  first_ = pool.first;
  TR_REQUIRE(points_ <= kMostPoints, "{} compares all pairs of {} points: at most {}; {}", measure,
             points_, kMostPoints, instead);
  upper_.resize(points_ * (points_ - 1) / 2);
}

void PairMatrix::finish() {
  row_.assign(points_, 0);
  for (std::size_t i = 0, k = 0; i < points_; ++i) {
    for (std::size_t j = i + 1; j < points_; ++j, ++k) {
      row_[i] += upper_[k];
      row_[j] += upper_[k];
    }
  }
  for (const double sum : row_) total_ += sum / 2;
}

void PairMatrix::sums(std::span<const std::uint32_t> orders, std::span<PairSums> sums) const {
  std::vector<Marks> marks(points_);
  for (std::size_t begin = 0; begin < sums.size(); begin += kWidth) {
    const std::size_t count = std::min(kWidth, sums.size() - begin);
    std::fill(marks.begin(), marks.end(), Marks{});
    for (std::size_t b = 0; b < count; ++b) {
      for (const std::uint32_t i : orders.subspan((begin + b) * points_, first_)) marks[i][b] = 1;
    }
    Marks within{}, rows{};
    const double* k = upper_.data();
    for (std::size_t i = 0; i < points_; ++i) {
      Marks partners{};
      for (std::size_t j = i + 1; j < points_; ++j, ++k) {
        for (std::size_t b = 0; b < kWidth; ++b) partners[b] += *k * marks[j][b];
      }
      for (std::size_t b = 0; b < kWidth; ++b) {
        within[b] += marks[i][b] * partners[b];
        rows[b] += marks[i][b] * row_[i];
      }
    }
    for (std::size_t b = 0; b < count; ++b) {
      const double across = rows[b] - 2 * within[b];
      sums[begin + b] = {within[b], total_ - within[b] - across, across};
    }
  }
}

}  // namespace tightrope
