// SPDX-License-Identifier: Apache-2.0
// The vector operations against plain loops.
#include "policies/kernels/row_ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "policies/kernels/dispatch.h"
#include "tests/policies/fixtures.h"

namespace tightrope {
namespace {

template <class T>
class RowOpsTest : public ::testing::Test {
 protected:
  static constexpr double kTolerance = sizeof(T) == 4 ? 3e-6 : 1e-13;
  static std::vector<T> row(int n, std::uint64_t seed) {
    return random_parameters<T>(n, seed, 1.3);
  }
  const RowOps<T>& ops = row_ops<T>();
};

using Scalars = ::testing::Types<float, double>;
TYPED_TEST_SUITE(RowOpsTest, Scalars);

TYPED_TEST(RowOpsTest, SumsAndScales) {
  using T = TypeParam;
  const std::vector<T> x = this->row(48, 1), y = this->row(48, 2);
  std::vector<T> sum = y, tail = y, both(48), scaled = x, bent(48);
  this->ops.add(48, T(0.7), x.data(), sum.data());
  this->ops.add_tail(21, 48, T(0.7), x.data(), tail.data());
  this->ops.add_to(48, x.data(), T(-2), y.data(), both.data());
  this->ops.scale(48, T(3), scaled.data());
  this->ops.tanh(48, x.data(), bent.data());
  double dot = 0;
  for (int i = 0; i < 48; ++i) {
    EXPECT_NEAR(sum[i], y[i] + 0.7 * x[i], this->kTolerance);
    EXPECT_NEAR(tail[i], y[i] + (i >= 21 ? 0.7 * x[i] : 0.0), this->kTolerance);
    EXPECT_NEAR(both[i], x[i] - 2.0 * y[i], this->kTolerance);
    EXPECT_NEAR(scaled[i], 3.0 * x[i], this->kTolerance);
    EXPECT_NEAR(bent[i], std::tanh(static_cast<double>(x[i])), this->kTolerance);
    dot += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  }
  EXPECT_NEAR(this->ops.dot(48, x.data(), y.data()), dot, 20 * this->kTolerance);
}

TYPED_TEST(RowOpsTest, SoftmaxOfARange) {
  using T = TypeParam;
  const std::vector<T> x = this->row(64, 3), e = this->row(64, 4);
  const int begin = 19, end = 45;
  std::vector<T> out(64, T(5));
  T top = 0;
  const T sum = this->ops.softmax(begin, end, x.data(), e.data(), out.data(), &top);
  double largest = -1e30, total = 0;
  for (int i = begin; i < end; ++i) largest = std::max(largest, double(x[i]) + double(e[i]));
  EXPECT_NEAR(top, largest, this->kTolerance);
  for (int i = 0; i < 64; ++i) {
    const bool inside = i >= begin && i < end;
    const double expected = std::exp(double(x[i]) + double(e[i]) - largest);
    if (i < 16 || i >= 48) {
      EXPECT_EQ(out[i], T(5));  // blocks outside are left alone
    } else {
      EXPECT_NEAR(out[i], inside ? expected : 0.0, this->kTolerance);
    }
    total += inside ? expected : 0;
  }
  EXPECT_NEAR(sum, total, 30 * this->kTolerance);
}

TYPED_TEST(RowOpsTest, OneBadLogitSpoilsTheSum) {
  using T = TypeParam;
  for (const T bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()}) {
    for (const int place : {16, 30, 44}) {
      std::vector<T> x = this->row(64, 5), e(64), out(64);
      x[place] = bad;
      T top = 0;
      EXPECT_TRUE(std::isnan(this->ops.softmax(16, 45, x.data(), e.data(), out.data(), &top)));
    }
  }
}

TYPED_TEST(RowOpsTest, SlotSoftmax) {
  using T = TypeParam;
  const std::vector<T> logits = this->row(4 * 32, 6);
  std::vector<T> x = logits, p(4 * 32);
  this->ops.slot_softmax(32, x.data(), p.data());
  for (int k = 0; k < 32; ++k) {
    double total = 0;
    for (int c = 0; c < 4; ++c) total += std::exp(double(logits[32 * c + k]));
    for (int c = 0; c < 4; ++c) {
      const double expected = double(logits[32 * c + k]) - std::log(total);
      EXPECT_NEAR(x[32 * c + k], expected, this->kTolerance);
      EXPECT_NEAR(p[32 * c + k], std::exp(expected), this->kTolerance);
    }
  }
}

TYPED_TEST(RowOpsTest, Products) {
  using T = TypeParam;
  const int inner = 13, columns = 32;
  for (const int rows : {1, 3, 4, 7, 8, 15, 16}) {
    const std::vector<T> a = this->row(rows * 20, 7), w = this->row(inner * columns, 8);
    std::vector<T> c(rows * columns, T(1));
    this->ops.multiply(rows, inner, columns, a.data(), 20, w.data(), columns, c.data(), columns);
    std::vector<T> g(inner * columns, T(2));
    this->ops.multiply_transposed(rows, inner, columns, a.data(), 20, c.data(), columns, g.data(),
                                  columns);
    for (int r = 0; r < rows; ++r) {
      for (int j = 0; j < columns; ++j) {
        double sum = 1;
        for (int k = 0; k < inner; ++k) sum += double(a[r * 20 + k]) * double(w[k * columns + j]);
        EXPECT_NEAR(c[r * columns + j], sum, 10 * this->kTolerance);
      }
    }
    for (int k = 0; k < inner; ++k) {
      for (int j = 0; j < columns; ++j) {
        double sum = 2;
        for (int r = 0; r < rows; ++r) sum += double(a[r * 20 + k]) * double(c[r * columns + j]);
        EXPECT_NEAR(g[k * columns + j], sum, 100 * this->kTolerance);
      }
    }
  }
}

TEST(InstructionSet, HasAName) { EXPECT_FALSE(instruction_set().empty()); }

}  // namespace
}  // namespace tightrope
