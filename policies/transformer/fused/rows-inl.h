// SPDX-License-Identifier: Apache-2.0
// Norms and activations for ops.cc, included once per instruction set (hence no pragma once).
#if defined(TIGHTROPE_FUSED_ROWS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TIGHTROPE_FUSED_ROWS_INL_H
#undef TIGHTROPE_FUSED_ROWS_INL_H
#else
#define TIGHTROPE_FUSED_ROWS_INL_H
#endif

#include <cmath>

#include "hwy/highway.h"
//
#include "policies/transformer/fused/exp-inl.h"
#include "policies/transformer/fused/ops.h"
#include "policies/transformer/fused/product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tightrope {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
void norm(int rows, int width, bool centred, T epsilon, Rows<const T> x, Rows<T> out, T* inverse) {
  const Tag<T> d;
  const int step = lanes<T>();
  const T share = T(1) / static_cast<T>(width);
  for (int r = 0; r < rows; ++r) {
    const T* in = x.row(r);
    T* to = out.row(r);
    auto mean = hn::Zero(d);
    if (centred) {
      for (int j = 0; j < width; j += step) mean = hn::Add(mean, hn::LoadU(d, in + j));
      mean = hn::Mul(hn::SumOfLanes(d, mean), hn::Set(d, share));
    }
    auto squares = hn::Zero(d);
    for (int j = 0; j < width; j += step) {
      const auto inside = hn::FirstN(d, static_cast<std::size_t>(width - j));
      const auto off = hn::IfThenElseZero(inside, hn::Sub(hn::LoadU(d, in + j), mean));
      squares = hn::MulAdd(off, off, squares);
      hn::StoreU(off, d, to + j);
    }
    const T square = hn::GetLane(hn::SumOfLanes(d, squares));
    inverse[r] = T(1) / std::sqrt(square * share + epsilon);
    const auto factor = hn::Set(d, inverse[r]);
    for (int j = 0; j < width; j += step) {
      hn::StoreU(hn::Mul(hn::LoadU(d, to + j), factor), d, to + j);
    }
    for (int j = (width + step - 1) / step * step; j < padded(width); j += step) {
      hn::StoreU(hn::Zero(d), d, to + j);
    }
  }
}

template <class T>
void norm_backward(bool add, int rows, int width, bool centred, Rows<const T> d_out,
                   Rows<const T> out, const T* inverse, Rows<T> dx) {
  const Tag<T> d;
  const int step = lanes<T>();
  const auto share = hn::Set(d, T(1) / static_cast<T>(width));
  for (int r = 0; r < rows; ++r) {
    const T* g = d_out.row(r);
    const T* h = out.row(r);
    T* to = dx.row(r);
    auto mean = hn::Zero(d), product = hn::Zero(d);
    for (int j = 0; j < width; j += step) {
      const auto gj = hn::LoadU(d, g + j);
      mean = hn::Add(mean, gj);
      product = hn::MulAdd(gj, hn::LoadU(d, h + j), product);
    }
    mean = centred ? hn::Mul(hn::SumOfLanes(d, mean), share) : hn::Zero(d);
    product = hn::Mul(hn::SumOfLanes(d, product), share);
    const auto factor = hn::Set(d, inverse[r]);
    for (int j = 0; j < width; j += step) {
      const auto inside = hn::FirstN(d, static_cast<std::size_t>(width - j));
      const auto off = hn::NegMulAdd(hn::LoadU(d, h + j), product, hn::LoadU(d, g + j));
      const auto slope = hn::IfThenElseZero(inside, hn::Mul(factor, hn::Sub(off, mean)));
      hn::StoreU(add ? hn::Add(slope, hn::LoadU(d, to + j)) : slope, d, to + j);
    }
    for (int j = (width + step - 1) / step * step; !add && j < padded(width); j += step) {
      hn::StoreU(hn::Zero(d), d, to + j);
    }
  }
}

// GELU(x) = x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3).
template <class T>
void gelu(int rows, int width, Rows<T> x, Rows<T> slope) {
  const Tag<T> d;
  const auto one = hn::Set(d, T(1));
  const auto factor = hn::Set(d, T(2 * 0.79788456080286535588));
  const auto cubic = hn::Set(d, T(0.044715));
  const auto cubic_slope = hn::Set(d, T(3 * 0.044715));
  for (int r = 0; r < rows; ++r) {
    T* row = x.row(r);
    T* by = slope.row(r);
    for (int j = 0; j < width; j += lanes<T>()) {
      const auto v = hn::LoadU(d, row + j);
      const auto square = hn::Mul(v, v);
      const auto argument = hn::Mul(hn::Mul(factor, v), hn::MulAdd(square, cubic, one));
      const auto gate = sigmoid(d, argument);
      const auto y = hn::Mul(v, gate);
      const auto du = hn::Mul(factor, hn::MulAdd(square, cubic_slope, one));
      hn::StoreU(y, d, row + j);
      hn::StoreU(hn::MulAdd(hn::Mul(y, hn::Sub(one, gate)), du, gate), d, by + j);
    }
  }
}

template <class T>
void swiglu(int rows, int width, Rows<const T> x, Rows<T> out, Rows<T> slope) {
  const Tag<T> d;
  const auto one = hn::Set(d, T(1));
  for (int r = 0; r < rows; ++r) {
    const T* gates = x.row(r);
    const T* ups = gates + width;
    T* by = slope.row(r);
    for (int j = 0; j < width; j += lanes<T>()) {
      const auto gate = hn::LoadU(d, gates + j), up = hn::LoadU(d, ups + j);
      const auto s = sigmoid(d, gate);
      const auto silu = hn::Mul(gate, s);
      hn::StoreU(hn::Mul(silu, up), d, out.row(r) + j);
      const auto by_gate = hn::MulAdd(silu, hn::Sub(one, s), s);
      hn::StoreU(hn::Mul(by_gate, up), d, by + j);
      hn::StoreU(silu, d, by + width + j);
    }
  }
}

template <class T>
void scale_rows(int rows, int width, Rows<const T> x, Rows<T> y) {
  const Tag<T> d;
  for (int r = 0; r < rows; ++r) {
    for (int j = 0; j < width; j += lanes<T>()) {
      hn::StoreU(hn::Mul(hn::LoadU(d, x.row(r) + j), hn::LoadU(d, y.row(r) + j)), d, y.row(r) + j);
    }
  }
}

template <class T>
void add_rows(int rows, int width, Rows<const T> x, Rows<T> y) {
  const Tag<T> d;
  for (int r = 0; r < rows; ++r) {
    for (int j = 0; j < width; j += lanes<T>()) {
      hn::StoreU(hn::Add(hn::LoadU(d, x.row(r) + j), hn::LoadU(d, y.row(r) + j)), d, y.row(r) + j);
    }
  }
}

template <class T>
void scaled_copy(int count, T factor, const T* from, T* to) {
  const Tag<T> d;
  const int step = lanes<T>();
  const auto s = hn::Set(d, factor);
  int i = 0;
  for (; i + step <= count; i += step) hn::StoreU(hn::Mul(s, hn::LoadU(d, from + i)), d, to + i);
  for (; i < count; ++i) to[i] = factor * from[i];
}

template <class T>
T add_scaled(int count, T factor, const T* from, const T* weight, T* to) {
  const Tag<T> d;
  const int step = lanes<T>();
  const auto s = hn::Set(d, factor);
  auto sum = hn::Zero(d);
  int i = 0;
  for (; i + step <= count; i += step) {
    const auto x = hn::LoadU(d, from + i);
    sum = hn::MulAdd(hn::LoadU(d, weight + i), x, sum);
    hn::StoreU(hn::MulAdd(s, x, hn::LoadU(d, to + i)), d, to + i);
  }
  T total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < count; ++i) {
    total += weight[i] * from[i];
    to[i] += factor * from[i];
  }
  return total;
}

}  // namespace HWY_NAMESPACE
}  // namespace tightrope
HWY_AFTER_NAMESPACE();

#endif  // TIGHTROPE_FUSED_ROWS_INL_H
