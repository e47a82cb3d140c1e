// SPDX-License-Identifier: Apache-2.0
// exp and the logistic function for ops.cc, included once per instruction set (hence no pragma
// once). Highway's own exp goes down to subnormal results, which costs a third of its time.
#if defined(TIGHTROPE_FUSED_EXP_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TIGHTROPE_FUSED_EXP_INL_H
#undef TIGHTROPE_FUSED_EXP_INL_H
#else
#define TIGHTROPE_FUSED_EXP_INL_H
#endif

#include <type_traits>

#include "hwy/highway.h"
//
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tightrope {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// exp(x) for -87 <= x <= 88 (float, within 2 units in the last place); NaN of NaN. Cody and Waite's
// reduction, the polynomial of Cephes' expf.
template <class D, class V>
HWY_INLINE V exp_in_range(D d, V x) {
  using T = hn::TFromD<D>;
  if constexpr (std::is_same_v<T, float>) {
    const auto n = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504089F)));
    auto r = hn::NegMulAdd(n, hn::Set(d, 0.693359375F), x);
    r = hn::NegMulAdd(n, hn::Set(d, -2.12194440E-4F), r);
    auto y = hn::Set(d, 1.9875691500E-4F);
    for (const float c : {1.3981999507E-3F, 8.3334519073E-3F, 4.1665795894E-2F, 1.6666665459E-1F,
                          5.0000001201E-1F}) {
      y = hn::MulAdd(y, r, hn::Set(d, c));
    }
    y = hn::Add(hn::MulAdd(y, hn::Mul(r, r), r), hn::Set(d, 1.0F));
    const hn::RebindToSigned<D> di;
    const auto power = hn::Add(hn::ConvertTo(di, n), hn::Set(di, 127));
    return hn::Mul(y, hn::BitCast(d, hn::ShiftLeft<23>(power)));
  } else {  // gradient checks only
    return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, x));
  }
}

// exp(x) for x <= 0, 0 below -87; NaN of NaN: a diverged lane must be seen.
template <class D, class V>
HWY_INLINE V exp_of_negative(D d, V x) {
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, hn::TFromD<D>(-87))), exp_in_range(d, x));
}

// 1 / (1 + exp(-x)); beyond 80 it is as good as 0 or 1. Divided, not by an approximate reciprocal:
// that can exceed 1, which a slope multiplies by x, and its bits differ from processor to
// processor.
template <class D, class V>
HWY_INLINE V sigmoid(D d, V x) {
  using T = hn::TFromD<D>;
  const auto bound = hn::Set(d, T(80));
  const auto one = hn::Set(d, T(1));
  const auto power = exp_in_range(d, hn::Min(hn::Max(hn::Neg(x), hn::Neg(bound)), bound));
  return hn::Div(one, hn::Add(one, power));
}

}  // namespace HWY_NAMESPACE
}  // namespace tightrope
HWY_AFTER_NAMESPACE();

#endif  // TIGHTROPE_FUSED_EXP_INL_H
