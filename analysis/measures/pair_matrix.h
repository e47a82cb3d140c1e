// SPDX-License-Identifier: Apache-2.0
// A function of every pair of pooled points, worked out once. With K its matrix (zero diagonal) and
// b marking the points of the first side,
//
//   within the first  x = b'K b / 2     across  c = b'K 1 - 2 x     within the second  y = S - x -
//   c
//
// over unordered pairs, S the sum over all of them: no permutation re-indexes K (K times a block of
// markings is one pass over it).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "analysis/measures/pool.h"

namespace tightrope {

// Sums over unordered pairs of distinct points.
struct PairSums {
  double within_first = 0;
  double within_second = 0;
  double across = 0;
};

class PairMatrix {
 public:
  // The most points whose pairs are held: 144 MB.
  static constexpr std::size_t kMostPoints = 6000;

  // of_squared_distance: the function, of |x_i - x_j|^2. Throws InputError above kMostPoints, with
  // the name of the measure that refuses and `instead`.
  template <class F>
  PairMatrix(const Pool& pool, F of_squared_distance, const char* measure, const char* instead);

  // orders [B, N] as PooledEstimator takes them; sums [B].
  void sums(std::span<const std::uint32_t> orders, std::span<PairSums> sums) const;

 private:
  void allocate(const Pool& pool, const char* measure, const char* instead);
  void finish();

  std::size_t points_ = 0, first_ = 0;
  std::vector<double> upper_;  // rows of j > i, one after the other
  std::vector<double> row_;    // sum of each point's row, [N]
  double total_ = 0;
};

double squared_distance(std::span<const double> a, std::span<const double> b);

template <class F>
PairMatrix::PairMatrix(const Pool& pool, F of_squared_distance, const char* measure,
                       const char* instead) {
  allocate(pool, measure, instead);
  for (std::size_t i = 0, k = 0; i < points_; ++i) {
    for (std::size_t j = i + 1; j < points_; ++j, ++k) {
      upper_[k] = of_squared_distance(squared_distance(pool.point(i), pool.point(j)));
    }
  }
  finish();
}

}  // namespace tightrope
