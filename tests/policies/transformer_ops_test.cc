// SPDX-License-Identifier: Apache-2.0
// The fused transformer's float32 arithmetic against the same formulas in float64.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "policies/transformer/fused/buffer.h"
#include "policies/transformer/fused/ops.h"
#include "tests/policies/fixtures.h"

namespace tightrope {
namespace {

const TransformerOps<float>& ops() { return transformer_ops<float>(); }
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

RowBuffer<float> filled(int rows, int width, std::uint64_t seed) {
  RowBuffer<float> out;
  out.reserve(rows, padded(width));
  const std::vector<float> values = random_parameters<float>(rows * width, seed, 1.0);
  for (int i = 0; i < rows; ++i) std::copy_n(values.data() + i * width, width, out.row(i));
  return out;
}

double gelu_of(double x) {
  return 0.5 * x * (1 + std::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
}

TEST(TransformerOps, GeluAndItsSlopeFromEndToEnd) {
  RowBuffer<float> x, slope;
  constexpr int kCount = 4096;
  x.reserve(1, kCount);
  slope.reserve(1, kCount);
  std::vector<double> at(kCount);
  for (int i = 0; i < kCount; ++i) at[i] = x.row(0)[i] = static_cast<float>(i) / 128 - 16;
  at[0] = x.row(0)[0] = -1e6F;
  at[1] = x.row(0)[1] = 1e6F;
  ops().gelu(1, kCount, x.rows(), slope.rows());
  for (int i = 0; i < kCount; ++i) {
    EXPECT_NEAR(x.row(0)[i], gelu_of(at[i]), 1e-6 * (1 + std::abs(gelu_of(at[i])))) << at[i];
    const double step = 1e-5;
    const double expected =
        i < 2 ? i : (gelu_of(at[i] + step) - gelu_of(at[i] - step)) / (2 * step);
    EXPECT_NEAR(slope.row(0)[i], expected, 4e-6) << at[i];
  }
}

TEST(TransformerOps, SwigluAndItsSlopesFromEndToEnd) {
  constexpr int kWidth = 64;
  RowBuffer<float> x = filled(1, 2 * kWidth, 3), out, slope;
  out.reserve(1, kWidth);
  slope.reserve(1, 2 * kWidth);
  for (int j = 0; j < kWidth; ++j) x.row(0)[j] *= 10;
  x.row(0)[0] = -1e6F;
  x.row(0)[1] = 1e6F;
  ops().swiglu(1, kWidth, x.rows(), out.rows(), slope.rows());
  for (int j = 0; j < kWidth; ++j) {
    const double gate = x.row(0)[j], up = x.row(0)[kWidth + j];
    const double s = 1 / (1 + std::exp(-gate));
    const double tolerance = 1e-6 * (1 + std::abs(gate * up));
    EXPECT_NEAR(out.row(0)[j], gate * s * up, tolerance) << gate;
    EXPECT_NEAR(slope.row(0)[j], (s + gate * s * (1 - s)) * up, tolerance) << gate;
    EXPECT_NEAR(slope.row(0)[kWidth + j], gate * s, tolerance) << gate;
  }
}

TEST(TransformerOps, SoftmaxOverEveryRangeAndFarTails) {
  constexpr int kWidth = 48;
  for (int begin = 0; begin < kWidth; begin += 5) {
    for (int end = begin + 1; end <= kWidth; end += 3) {
      RowBuffer<float> row = filled(1, kWidth, 7);
      for (int j = 0; j < kWidth; ++j) row.row(0)[j] *= 30;  // some e^-87 below the largest
      const std::vector<float> x(row.row(0), row.row(0) + kWidth);
      const SoftmaxSums<float> sums = ops().softmax(begin, end, kWidth, row.row(0));
      const float top = *std::max_element(x.begin() + begin, x.begin() + end);
      EXPECT_EQ(sums.top, top);
      double total = 0, weighted = 0;
      for (int j = 0; j < kWidth; ++j) {
        const bool inside = j >= begin && j < end;
        const double off = x[j] - top;  // rounded to float, as there
        const double e = inside ? std::exp(off) : 0;
        EXPECT_NEAR(row.row(0)[j], e, 3e-7 * e + 1e-37) << j;
        total += e;
        weighted += inside ? e * off : 0;
      }
      EXPECT_NEAR(sums.total, total, 1e-6 * total);
      EXPECT_NEAR(sums.weighted, weighted, 1e-5 * (1 + std::abs(weighted)));
    }
  }
}

// A small head: keys 0 .. reach - 1 are seen but for those that `hidden` says.
struct Head {
  int queries, keys, width;
  std::vector<std::int32_t> reach;
  RowBuffer<float> q, k, v, d_out, out, d_q, d_k, d_v, turned;
  Buffer<float> p, d_scores, mask;
  int span;

  Head(int query_count, int key_count, int head_width, bool branched)
      : queries(query_count),
        keys(key_count),
        width(head_width),
        q(filled(queries, width, 1)),
        k(filled(keys, width, 2)),
        v(filled(keys, width, 3)),
        d_out(filled(queries, width, 4)),
        span(padded(keys)) {
    for (RowBuffer<float>* rows : {&out, &d_q}) rows->reserve(queries, padded(width));
    for (RowBuffer<float>* rows : {&d_k, &d_v}) rows->reserve(keys, padded(width));
    turned.reserve(padded(width), span);
    p.grow(static_cast<std::size_t>(queries) * span);
    d_scores.grow(p.size());
    mask.grow(p.size());
    for (std::size_t i = 0; i < p.size(); ++i) p[i] = d_scores[i] = kNaN;  // what was there before
    for (int i = 0; i < queries; ++i) {
      reach.push_back(std::max(1, keys - queries + 1 + i));
      for (int j = 0; j < span; ++j) {
        const bool hidden = j >= reach[i] || (branched && j > 1 && j + 1 < reach[i] && j % 3 == 1);
        mask[static_cast<std::size_t>(i) * span + j] = hidden ? static_cast<float>(kMasked) : 0;
      }
    }
  }

  AttentionHead<float> view() {
    AttentionHead<float> head;
    head.queries = queries;
    head.keys = keys;
    head.span = span;
    head.width = padded(width);
    head.scale = 0.4F;
    head.q = q.rows();
    head.k = k.rows();
    head.v = v.rows();
    head.mask = mask.data();
    head.reach = reach.data();
    head.p = p.data();
    head.out = out.rows();
    head.turned = turned.rows();
    head.d_out = d_out.rows();
    head.d_q = d_q.rows();
    head.d_k = d_k.rows();
    head.d_v = d_v.rows();
    head.d_scores = d_scores.data();
    return head;
  }

  double dot(RowBuffer<float>& a, int i, RowBuffer<float>& b, int j) const {
    double sum = 0;
    for (int c = 0; c < width; ++c) sum += static_cast<double>(a.row(i)[c]) * b.row(j)[c];
    return sum;
  }
  std::vector<double> weights(int i) {
    std::vector<double> law(keys, 0.0);
    double total = 0;
    for (int j = 0; j < keys; ++j) {
      if (mask[static_cast<std::size_t>(i) * span + j] != 0) continue;
      total += law[j] = std::exp(0.4 * dot(q, i, k, j));
    }
    for (double& x : law) x /= total;
    return law;
  }
};

void check_head(Head& head) {
  ops().attention(head.view());
  ops().attention_backward(head.view());
  std::vector<double> d_k(head.keys * head.width, 0.0), d_v(d_k);
  for (int i = 0; i < head.queries; ++i) {
    const std::vector<double> p = head.weights(i);
    double mean = 0;
    for (int j = 0; j < head.keys; ++j) mean += p[j] * head.dot(head.d_out, i, head.v, j);
    std::vector<double> out(head.width, 0.0), d_q(head.width, 0.0);
    for (int j = 0; j < head.keys; ++j) {
      const double slope = 0.4 * p[j] * (head.dot(head.d_out, i, head.v, j) - mean);
      for (int c = 0; c < head.width; ++c) {
        out[c] += p[j] * head.v.row(j)[c];
        d_q[c] += slope * head.k.row(j)[c];
        d_k[j * head.width + c] += slope * head.q.row(i)[c];
        d_v[j * head.width + c] += p[j] * head.d_out.row(i)[c];
      }
    }
    for (int c = 0; c < head.width; ++c) {
      EXPECT_NEAR(head.out.row(i)[c], out[c], 2e-6) << i << " " << c;
      EXPECT_NEAR(head.d_q.row(i)[c], d_q[c], 4e-6) << i << " " << c;
    }
  }
  for (int j = 0; j < head.keys; ++j) {
    for (int c = 0; c < head.width; ++c) {
      EXPECT_NEAR(head.d_k.row(j)[c], d_k[j * head.width + c], 1e-5) << j << " " << c;
      EXPECT_NEAR(head.d_v.row(j)[c], d_v[j * head.width + c], 1e-5) << j << " " << c;
    }
  }
}

// From one key to more vectors of them than stay in registers; fewer queries than keys, as in the
// last layer; keys hidden in the middle, as on another branch of a tree.
TEST(TransformerOps, AttentionForwardAndBackward) {
  for (const int keys : {1, 2, 15, 16, 17, 33, 50, 70, 100}) {
    for (const int queries : {1, 5, keys}) {
      if (queries > keys) continue;
      for (const bool branched : {false, true}) {
        SCOPED_TRACE(testing::Message() << keys << " keys, " << queries << " queries");
        Head head(queries, keys, 5, branched);
        check_head(head);
      }
    }
  }
}

TEST(TransformerOps, NanIsSeenEverywhere) {
  Head head(4, 20, 5, false);
  head.q.row(2)[1] = kNaN;
  ops().attention(head.view());
  EXPECT_TRUE(std::isnan(head.out.row(2)[0]));
  EXPECT_FALSE(std::isnan(head.out.row(1)[0]));
  ops().attention_backward(head.view());
  EXPECT_TRUE(std::isnan(head.d_k.row(0)[0]));

  RowBuffer<float> row = filled(1, 32, 5), slope;
  slope.reserve(1, 32);
  row.row(0)[3] = kNaN;
  EXPECT_TRUE(std::isnan(ops().softmax(0, 32, 32, row.row(0)).total));
  row.row(0)[3] = kNaN;
  ops().gelu(1, 32, row.rows(), slope.rows());
  EXPECT_TRUE(std::isnan(row.row(0)[3]));
  EXPECT_TRUE(std::isnan(slope.row(0)[3]));
}

}  // namespace
}  // namespace tightrope
