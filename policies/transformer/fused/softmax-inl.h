// SPDX-License-Identifier: Apache-2.0
// Attention and the output softmax for ops.cc, included once per instruction set (hence no pragma
// once).
#if defined(TIGHTROPE_FUSED_SOFTMAX_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TIGHTROPE_FUSED_SOFTMAX_INL_H
#undef TIGHTROPE_FUSED_SOFTMAX_INL_H
#else
#define TIGHTROPE_FUSED_SOFTMAX_INL_H
#endif

#include <algorithm>

#include "hwy/highway.h"
//
#include "hwy/contrib/math/math-inl.h"
#include "policies/transformer/fused/exp-inl.h"
#include "policies/transformer/fused/ops.h"
#include "policies/transformer/fused/product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tightrope {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// to[j, i] = factor x[i, j] for i < rows, j < columns; columns of `to` beyond `rows` stay.
template <class T>
void transpose(int rows, int columns, T factor, Rows<const T> x, Rows<T> to) {
  for (int i = 0; i < rows; ++i) {
    const T* from = x.row(i);
    for (int j = 0; j < columns; ++j) to.data[j * to.stride + i] = factor * from[j];
  }
}

// Queries that go through the products together: two tiles.
inline constexpr int kQueryBlock = 2 * kTileRows;

// row[0, kVectors vectors) = softmax of itself where `mask` is 0, 0 elsewhere; columns behind the
// last key may hold anything. All of it stays in registers.
template <int kVectors, class T>
HWY_INLINE void attention_weights(const T* mask, T* row) {
  const Tag<T> d;
  const int step = lanes<T>();
  hn::Vec<Tag<T>> score[kVectors];
  auto largest = hn::Set(d, static_cast<T>(kMasked));
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const auto hidden = hn::LoadU(d, mask + v * step);
    const auto seen = hn::Eq(hidden, hn::Zero(d));
    score[v] = hn::IfThenElse(seen, hn::LoadU(d, row + v * step), hidden);
    largest = hn::Max(largest, score[v]);
  }
  const auto top = hn::MaxOfLanes(d, largest);
  auto sum = hn::Zero(d);
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    score[v] = exp_of_negative(d, hn::Sub(score[v], top));
    sum = hn::Add(sum, score[v]);
  }
  const auto share = hn::Div(hn::Set(d, T(1)), hn::SumOfLanes(d, sum));
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) hn::StoreU(hn::Mul(score[v], share), d, row + v * step);
}

// The same for any number of columns.
template <class T>
void attention_weights(int columns, const T* mask, T* row) {
  const Tag<T> d;
  const int step = lanes<T>();
  auto largest = hn::Set(d, static_cast<T>(kMasked));
  for (int j = 0; j < columns; j += step) {
    const auto hidden = hn::LoadU(d, mask + j);
    const auto seen = hn::Eq(hidden, hn::Zero(d));
    const auto score = hn::IfThenElse(seen, hn::LoadU(d, row + j), hidden);
    largest = hn::Max(largest, score);
    hn::StoreU(score, d, row + j);
  }
  const auto top = hn::MaxOfLanes(d, largest);
  auto sum = hn::Zero(d);
  for (int j = 0; j < columns; j += step) {
    const auto power = exp_of_negative(d, hn::Sub(hn::LoadU(d, row + j), top));
    sum = hn::Add(sum, power);
    hn::StoreU(power, d, row + j);
  }
  const auto share = hn::Div(hn::Set(d, T(1)), hn::SumOfLanes(d, sum));
  for (int j = 0; j < columns; j += step) {
    hn::StoreU(hn::Mul(hn::LoadU(d, row + j), share), d, row + j);
  }
}

template <class T>
void attention_row(int reach, int span, const T* mask, T* row) {
  const int step = lanes<T>();
  const int vectors = (reach + step - 1) / step;
  switch (vectors) {
    case 1:
      attention_weights<1>(mask, row);
      break;
    case 2:
      attention_weights<2>(mask, row);
      break;
    case 3:
      attention_weights<3>(mask, row);
      break;
    case 4:
      attention_weights<4>(mask, row);
      break;
    default:
      attention_weights(vectors * step, mask, row);
  }
  for (int j = vectors * step; j < span; j += step) {
    hn::StoreU(hn::Zero(Tag<T>()), Tag<T>(), row + j);
  }
}

template <class T>
void attend(const AttentionHead<T>& head) {
  for (int i = 0; i < head.queries; i += kQueryBlock) {
    const int rows = std::min(kQueryBlock, head.queries - i);
    const int reach = head.reach[i + rows - 1];
    const Rows<T> weights{head.p + static_cast<std::int64_t>(i) * head.span, head.span};
    product<false, false>(rows, padded(reach), head.width, {head.q.row(i), head.q.stride},
                          Factor<T>{head.turned.data, head.turned.stride}, weights);
    for (int r = 0; r < rows; ++r) {
      attention_row(head.reach[i + r], head.span,
                    head.mask + static_cast<std::int64_t>(i + r) * head.span, weights.row(r));
    }
    product<false, false>(rows, head.width, reach, Rows<const T>(weights),
                          Factor<T>{head.v.data, head.v.stride},
                          {head.out.row(i), head.out.stride});
  }
}

template <class T>
void attention(const AttentionHead<T>& head) {
  transpose(head.keys, head.width, head.scale, head.k, head.turned);
  attend(head);
}

// One query's row of dP becomes that of dS (see below).
template <class T>
HWY_INLINE void score_slopes(const AttentionHead<T>& head, int i, T* slope) {
  const Tag<T> d;
  const int step = lanes<T>();
  const T* p = head.p + static_cast<std::int64_t>(i) * head.span;
  auto mean = hn::Zero(d);
  for (int j = 0; j < head.width; j += step) {
    mean = hn::MulAdd(hn::LoadU(d, head.d_out.row(i) + j), hn::LoadU(d, head.out.row(i) + j), mean);
  }
  mean = hn::SumOfLanes(d, mean);
  const auto scale = hn::Set(d, head.scale);
  int j = 0;
  for (; j < head.reach[i]; j += step) {
    const auto off = hn::Sub(hn::LoadU(d, slope + j), mean);
    hn::StoreU(hn::Mul(scale, hn::Mul(hn::LoadU(d, p + j), off)), d, slope + j);
  }
  for (; j < head.span; j += step) hn::StoreU(hn::Zero(d), d, slope + j);
}

// The keys' half: d_k += dS^T q, d_v += P^T dO, without the queries that come before a key.
template <class T>
HWY_INLINE void key_slopes(const AttentionHead<T>& head) {
  int first = 0;
  for (int k = 0; k < head.keys; k += kQueryBlock) {
    const int rows = std::min(kQueryBlock, head.keys - k);
    while (first < head.queries && head.reach[first] <= k) ++first;
    const int queries = head.queries - first;
    const auto part = [&](const T* of) {
      return Rows<const T>{of + static_cast<std::int64_t>(first) * head.span + k, head.span};
    };
    product<true, false>(rows, head.width, queries, part(head.d_scores),
                         Factor<T>{head.q.row(first), head.q.stride},
                         {head.d_k.row(k), head.d_k.stride});
    product<true, false>(rows, head.width, queries, part(head.p),
                         Factor<T>{head.d_out.row(first), head.d_out.stride},
                         {head.d_v.row(k), head.d_v.stride});
  }
}

// With S = scale q k^T and P = softmax(S): dS = P (dP - rowsum(dO * O)), dP = dO v^T.
template <class T>
void attention_backward(const AttentionHead<T>& head) {
  transpose(head.keys, head.width, T(1), head.v, head.turned);
  for (int i = 0; i < head.queries; i += kQueryBlock) {
    const int rows = std::min(kQueryBlock, head.queries - i);
    const int reach = head.reach[i + rows - 1];
    const Rows<T> slopes{head.d_scores + static_cast<std::int64_t>(i) * head.span, head.span};
    product<false, false>(rows, padded(reach), head.width, {head.d_out.row(i), head.d_out.stride},
                          Factor<T>{head.turned.data, head.turned.stride}, slopes);
    for (int r = 0; r < rows; ++r) score_slopes(head, i + r, slopes.row(r));
    product<false, false>(rows, head.width, reach, Rows<const T>(slopes),
                          Factor<T>{head.k.data, head.k.stride},
                          {head.d_q.row(i), head.d_q.stride});
  }
  key_slopes(head);
}

template <class T>
SoftmaxSums<T> softmax(int begin, int end, int width, T* row) {
  const Tag<T> d;
  const int step = lanes<T>();
  const int first = begin / step * step;
  const auto low = hn::Set(d, static_cast<T>(begin));
  const auto high = hn::Set(d, static_cast<T>(end));
  const auto inside = [&](int j) {
    const auto column = hn::Iota(d, static_cast<T>(j));
    return hn::And(hn::Ge(column, low), hn::Lt(column, high));
  };
  const auto nothing = hn::Set(d, static_cast<T>(kMasked));
  auto largest = nothing;
  for (int j = first; j < end; j += step) {
    largest = hn::Max(largest, hn::IfThenElse(inside(j), hn::LoadU(d, row + j), nothing));
  }
  const auto top = hn::MaxOfLanes(d, largest);
  auto total = hn::Zero(d), weighted = hn::Zero(d);
  for (int j = 0; j < first; j += step) hn::StoreU(hn::Zero(d), d, row + j);
  int j = first;
  for (; j < end; j += step) {
    const auto off = hn::Sub(hn::LoadU(d, row + j), top);
    const auto power = hn::IfThenElseZero(inside(j), exp_of_negative(d, off));
    total = hn::Add(total, power);
    weighted = hn::Add(weighted, hn::IfThenElseZero(inside(j), hn::Mul(power, off)));
    hn::StoreU(power, d, row + j);
  }
  for (; j < width; j += step) hn::StoreU(hn::Zero(d), d, row + j);
  return {hn::GetLane(top), hn::GetLane(hn::SumOfLanes(d, total)),
          hn::GetLane(hn::SumOfLanes(d, weighted))};
}

template <class T>
void softmax_backward(int width, T weight, T by_entropy, const SoftmaxSums<T>& sums, T* row) {
  const Tag<T> d;
  const T share = T(1) / sums.total;
  const auto factor = hn::Set(d, -weight * share);
  for (int j = 0; j < width && by_entropy == 0; j += lanes<T>()) {
    hn::StoreU(hn::Mul(hn::LoadU(d, row + j), factor), d, row + j);
  }
  if (by_entropy == 0) return;
  // log p_j + H = log e_j - weighted / total.
  const auto mean = hn::Set(d, sums.weighted * share);
  const auto bonus = hn::Set(d, by_entropy * share);
  for (int j = 0; j < width; j += lanes<T>()) {
    const auto power = hn::LoadU(d, row + j);
    const auto some = hn::Gt(power, hn::Zero(d));
    const auto off = hn::Sub(hn::Log(d, hn::IfThenElse(some, power, hn::Set(d, T(1)))), mean);
    const auto slope = hn::NegMulAdd(hn::Mul(bonus, power), off, hn::Mul(power, factor));
    hn::StoreU(hn::IfThenElse(some, slope, hn::Mul(power, factor)), d, row + j);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tightrope
HWY_AFTER_NAMESPACE();

#endif  // TIGHTROPE_FUSED_SOFTMAX_INL_H
