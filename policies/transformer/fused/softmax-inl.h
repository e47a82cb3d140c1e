// SPDX-License-Identifier: Apache-2.0
// Attention and the output softmax for ops.cc, included once per instruction set (hence no pragma
// once).
#if defined(TIGHTROPE_FUSED_SOFTMAX_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TIGHTROPE_FUSED_SOFTMAX_INL_H
#undef TIGHTROPE_FUSED_SOFTMAX_INL_H
#else
#define TIGHTROPE_FUSED_SOFTMAX_INL_H
#endif

#include "hwy/highway.h"
//
#include "hwy/contrib/math/math-inl.h"
#include "policies/transformer/fused/ops.h"
#include "policies/transformer/fused/product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tightrope {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Exp of NaN is 0 in Highway; a diverged lane must be seen.
template <class D, class V>
HWY_INLINE V exp_or_nan(D d, V x) {
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, x));
}

// to[j, i] = factor x[i, j] for i < rows, j < columns; columns of `to` beyond `rows` stay.
template <class T>
void transpose(int rows, int columns, T factor, Rows<const T> x, Rows<T> to) {
  for (int i = 0; i < rows; ++i) {
    const T* from = x.row(i);
    for (int j = 0; j < columns; ++j) to.data[j * to.stride + i] = factor * from[j];
  }
}

template <class T>
HWY_INLINE void attention_weights(int span, const T* mask, T* row) {
  const Tag<T> d;
  const int step = lanes<T>();
  auto largest = hn::Set(d, static_cast<T>(kMasked));
  for (int j = 0; j < span; j += step) {
    // Chosen, not added: columns behind the last key hold whatever was there before.
    const auto hidden = hn::LoadU(d, mask + j);
    const auto seen = hn::Eq(hidden, hn::Zero(d));
    const auto score = hn::IfThenElse(seen, hn::LoadU(d, row + j), hidden);
    largest = hn::Max(largest, score);
    hn::StoreU(score, d, row + j);
  }
  const auto top = hn::MaxOfLanes(d, largest);
  auto sum = hn::Zero(d);
  for (int j = 0; j < span; j += step) {
    const auto power = exp_or_nan(d, hn::Sub(hn::LoadU(d, row + j), top));
    sum = hn::Add(sum, power);
    hn::StoreU(power, d, row + j);
  }
  const auto share = hn::Div(hn::Set(d, T(1)), hn::SumOfLanes(d, sum));
  for (int j = 0; j < span; j += step) {
    hn::StoreU(hn::Mul(hn::LoadU(d, row + j), share), d, row + j);
  }
}

template <class T>
void attend(const AttentionHead<T>& head) {
  const Rows<T> weights{head.p, head.span};
  product<false, false>(head.queries, head.span, head.width, head.q,
                        Factor<T>{head.turned.data, head.turned.stride}, weights);
  for (int i = 0; i < head.queries; ++i) {
    attention_weights(head.span, head.mask + static_cast<std::int64_t>(i) * head.span,
                      weights.row(i));
  }
  product<false, false>(head.queries, head.width, head.keys, Rows<const T>{head.p, head.span},
                        Factor<T>{head.v.data, head.v.stride}, head.out);
}

template <class T>
void attention(const AttentionHead<T>& head) {
  transpose(head.keys, head.width, head.scale, head.k, head.turned);
  attend(head);
}

// With S = scale q k^T and P = softmax(S): dS = P (dP - rowsum(dO * O)), dP = dO v^T.
template <class T>
void attention_backward(const AttentionHead<T>& head) {
  const Tag<T> d;
  const int step = lanes<T>();
  const Rows<T> turned = head.turned;
  const Rows<T> d_scores{head.d_scores, head.span};
  const Rows<const T> weights{head.p, head.span};
  transpose(head.keys, head.width, T(1), head.v, turned);
  product<false, false>(head.queries, head.span, head.width, head.d_out,
                        Factor<T>{turned.data, turned.stride}, d_scores);
  const auto scale = hn::Set(d, head.scale);
  for (int i = 0; i < head.queries; ++i) {
    const T* p = weights.row(i);
    T* slope = d_scores.row(i);
    auto mean = hn::Zero(d);
    for (int j = 0; j < head.width; j += step) {
      mean =
          hn::MulAdd(hn::LoadU(d, head.d_out.row(i) + j), hn::LoadU(d, head.out.row(i) + j), mean);
    }
    mean = hn::SumOfLanes(d, mean);
    for (int j = 0; j < head.span; j += step) {
      const auto off = hn::Sub(hn::LoadU(d, slope + j), mean);
      hn::StoreU(hn::Mul(scale, hn::Mul(hn::LoadU(d, p + j), off)), d, slope + j);
    }
  }
  const Rows<const T> slopes{head.d_scores, head.span};
  const auto clear = [&](Rows<T> x) {
    for (int i = 0; i < head.keys; ++i) {
      for (int j = 0; j < head.width; j += step) hn::StoreU(hn::Zero(d), d, x.row(i) + j);
    }
  };
  clear(head.d_k);
  clear(head.d_v);
  product<false, false>(head.queries, head.width, head.keys, slopes,
                        Factor<T>{head.k.data, head.k.stride}, head.d_q);
  product<true, true>(head.keys, head.width, head.queries, slopes,
                      Factor<T>{head.q.data, head.q.stride}, head.d_k);
  product<true, true>(head.keys, head.width, head.queries, weights,
                      Factor<T>{head.d_out.data, head.d_out.stride}, head.d_v);
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
    const auto power = hn::IfThenElseZero(inside(j), exp_or_nan(d, off));
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
