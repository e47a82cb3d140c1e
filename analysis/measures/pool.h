// SPDX-License-Identifier: Apache-2.0
// Two samples put together. A permutation test deals the pooled points anew to the two sides; what
// does not depend on who holds which point (bins, sorted order, kernel matrix, bandwidth) is worked
// out once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tightrope {

struct Pool {
  std::vector<double> values;  // [N, dimensions] by rows: the first sample, then the second
  std::size_t dimensions = 1;
  std::size_t first = 0;   // n, size of the first sample
  std::size_t second = 0;  // m
  int categories = 0;      // > 0: values are codes 0 .. categories - 1 without order or distance

  std::size_t size() const { return first + second; }
  std::span<const double> point(std::size_t i) const {
    return std::span(values).subspan(i * dimensions, dimensions);
  }

  // Samples of reals, [n, dimensions] and [m, dimensions] by rows. Throws InputError when a value
  // is not finite, a row is torn, or a side has fewer than two points.
  static Pool of(std::span<const double> x, std::span<const double> y, std::size_t dimensions = 1);

  // Samples of labels; codes follow the labels' order.
  static Pool of_labels(std::span<const std::string> x, std::span<const std::string> y);
};

// An estimate between a part of a pool's points and the others.
class PooledEstimator {
 public:
  virtual ~PooledEstimator() = default;

  // What is computed, in words: "plug-in over 10 bins of equal width".
  virtual std::string text() const = 0;

  // orders [B, N] by rows: each a permutation of 0 .. N-1 whose first n entries are the points
  // dealt to the first side. estimates [B].
  virtual void estimate(std::span<const std::uint32_t> orders,
                        std::span<double> estimates) const = 0;
};

}  // namespace tightrope
