// SPDX-License-Identifier: Apache-2.0
#include "policies/kernels/row_ops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "policies/kernels/row_ops.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
// The order matters: math-inl.h needs highway.h.
#include "hwy/highway.h"
//
#include "hwy/contrib/math/math-inl.h"
#include "policies/kernels/matrix_ops-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tightrope {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
void add(int n, T scale, const T* x, T* y) {
  const RowTag<T> d;
  const auto s = hn::Set(d, scale);
  for (int i = 0; i < n; i += static_cast<int>(hn::Lanes(d))) {
    hn::StoreU(hn::MulAdd(s, hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, y + i);
  }
}

template <class T>
void add_tail(int first, int n, T scale, const T* x, T* y) {
  const RowTag<T> d;
  const auto s = hn::Set(d, scale);
  const auto low = hn::Set(d, static_cast<T>(first));
  for (int i = block_floor(first); i < n; i += static_cast<int>(hn::Lanes(d))) {
    const auto inside = hn::Ge(hn::Iota(d, static_cast<T>(i)), low);
    const auto old = hn::LoadU(d, y + i);
    hn::StoreU(hn::IfThenElse(inside, hn::MulAdd(s, hn::LoadU(d, x + i), old), old), d, y + i);
  }
}

template <class T>
void add_to(int n, const T* x, T scale, const T* e, T* y) {
  const RowTag<T> d;
  const auto s = hn::Set(d, scale);
  for (int i = 0; i < n; i += static_cast<int>(hn::Lanes(d))) {
    hn::StoreU(hn::MulAdd(s, hn::LoadU(d, e + i), hn::LoadU(d, x + i)), d, y + i);
  }
}

template <class T>
void scale(int n, T factor, T* y) {
  const RowTag<T> d;
  const auto s = hn::Set(d, factor);
  for (int i = 0; i < n; i += static_cast<int>(hn::Lanes(d))) {
    hn::StoreU(hn::Mul(s, hn::LoadU(d, y + i)), d, y + i);
  }
}

template <class T>
T dot(int n, const T* x, const T* y) {
  const RowTag<T> d;
  auto sum = hn::Zero(d);
  for (int i = 0; i < n; i += static_cast<int>(hn::Lanes(d))) {
    sum = hn::MulAdd(hn::LoadU(d, x + i), hn::LoadU(d, y + i), sum);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

template <class T>
void tanh(int n, const T* x, T* y) {
  const RowTag<T> d;
  for (int i = 0; i < n; i += static_cast<int>(hn::Lanes(d))) {
    hn::StoreU(hn::Tanh(d, hn::LoadU(d, x + i)), d, y + i);
  }
}

template <class T>
T softmax(int begin, int end, const T* x, const T* e, T* row, T* top) {
  const RowTag<T> d;
  const int lanes = static_cast<int>(hn::Lanes(d));
  const int first = block_floor(begin);
  const int last = padded(end);
  const auto low = hn::Set(d, static_cast<T>(begin));
  const auto high = hn::Set(d, static_cast<T>(end));
  const auto nothing = hn::Set(d, static_cast<T>(-1e30));
  auto largest = nothing;
  for (int i = first; i < last; i += lanes) {
    const auto column = hn::Iota(d, static_cast<T>(i));
    const auto inside = hn::And(hn::Ge(column, low), hn::Lt(column, high));
    const auto logit = hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, e + i));
    const auto kept = hn::IfThenElse(inside, logit, nothing);
    largest = hn::Max(largest, kept);
    hn::StoreU(kept, d, row + i);
  }
  *top = hn::GetLane(hn::MaxOfLanes(d, largest));
  const auto shift = hn::Set(d, *top);
  auto sum = hn::Zero(d);
  for (int i = first; i < last; i += lanes) {
    const auto column = hn::Iota(d, static_cast<T>(i));
    const auto inside = hn::And(hn::Ge(column, low), hn::Lt(column, high));
    const auto logit = hn::Sub(hn::LoadU(d, row + i), shift);
    // Exp of NaN is 0 here; a diverged lane must be seen.
    const auto power = hn::IfThenElse(hn::IsNaN(logit), logit, hn::Exp(d, logit));
    const auto kept = hn::IfThenElseZero(inside, power);
    sum = hn::Add(sum, kept);
    hn::StoreU(kept, d, row + i);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

template <class T>
void slot_softmax(int n, T* x, T* p) {
  const RowTag<T> d;
  for (int i = 0; i < n; i += static_cast<int>(hn::Lanes(d))) {
    const auto x0 = hn::LoadU(d, x + i);
    const auto x1 = hn::LoadU(d, x + n + i);
    const auto x2 = hn::LoadU(d, x + 2 * n + i);
    const auto x3 = hn::LoadU(d, x + 3 * n + i);
    const auto top = hn::Max(hn::Max(x0, x1), hn::Max(x2, x3));
    const auto d0 = hn::Sub(x0, top), d1 = hn::Sub(x1, top);
    const auto d2 = hn::Sub(x2, top), d3 = hn::Sub(x3, top);
    const auto e0 = hn::Exp(d, d0), e1 = hn::Exp(d, d1), e2 = hn::Exp(d, d2), e3 = hn::Exp(d, d3);
    const auto sum = hn::Add(hn::Add(e0, e1), hn::Add(e2, e3));
    const auto inverse = hn::Div(hn::Set(d, T(1)), sum);
    const auto log_sum = hn::Log(d, sum);
    hn::StoreU(hn::Sub(d0, log_sum), d, x + i);
    hn::StoreU(hn::Sub(d1, log_sum), d, x + n + i);
    hn::StoreU(hn::Sub(d2, log_sum), d, x + 2 * n + i);
    hn::StoreU(hn::Sub(d3, log_sum), d, x + 3 * n + i);
    hn::StoreU(hn::Mul(e0, inverse), d, p + i);
    hn::StoreU(hn::Mul(e1, inverse), d, p + n + i);
    hn::StoreU(hn::Mul(e2, inverse), d, p + 2 * n + i);
    hn::StoreU(hn::Mul(e3, inverse), d, p + 3 * n + i);
  }
}

template <class T>
const RowOps<T>* table() {
  static constexpr RowOps<T> kOps = {
      &add<T>,  &add_tail<T>, &add_to<T>,       &scale<T>,    &dot<T>,
      &tanh<T>, &softmax<T>,  &slot_softmax<T>, &multiply<T>, &multiply_transposed<T>};
  return &kOps;
}

const RowOps<float>* float_table() { return table<float>(); }
const RowOps<double>* double_table() { return table<double>(); }

}  // namespace HWY_NAMESPACE
}  // namespace tightrope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tightrope {

HWY_EXPORT(float_table);
HWY_EXPORT(double_table);

template <>
const RowOps<float>& row_ops<float>() {
  static const RowOps<float>& ops = *HWY_DYNAMIC_DISPATCH(float_table)();
  return ops;
}

template <>
const RowOps<double>& row_ops<double>() {
  static const RowOps<double>& ops = *HWY_DYNAMIC_DISPATCH(double_table)();
  return ops;
}

}  // namespace tightrope
#endif  // HWY_ONCE
