// SPDX-License-Identifier: Apache-2.0
#include "optimizers/steppers/update_ops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimizers/steppers/update_ops.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace tightrope {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Whole vectors first, then single elements by the same operations: an element's value does not
// depend on where it lies.
template <class Body>
HWY_INLINE void for_each_vector(std::int64_t n, Body body) {
  const hn::ScalableTag<float> wide;
  const hn::CappedTag<float, 1> single;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(wide));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) body(wide, i);
  for (; i < n; ++i) body(single, i);
}

double squared_norm(std::int64_t n, const float* g) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> half;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto sum0 = hn::Zero(d);
  auto sum1 = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const auto x = hn::PromoteTo(d, hn::LoadU(half, g + i));
    const auto y = hn::PromoteTo(d, hn::LoadU(half, g + i + lanes));
    sum0 = hn::MulAdd(x, x, sum0);
    sum1 = hn::MulAdd(y, y, sum1);
  }
  double total = hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
  for (; i < n; ++i) total += static_cast<double>(g[i]) * static_cast<double>(g[i]);
  return total;
}

void adam(std::int64_t n, const AdamCoefficients& c, const float* g, float* p, float* m, float* v) {
  for_each_vector(n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto old = hn::LoadU(d, p + i);
    const auto clipped = hn::Mul(hn::Set(d, c.clip), hn::LoadU(d, g + i));
    const auto gradient = hn::MulAdd(hn::Set(d, c.l2), old, clipped);
    const auto first = hn::MulAdd(hn::Set(d, c.beta1), hn::LoadU(d, m + i),
                                  hn::Mul(hn::Set(d, c.one_minus_beta1), gradient));
    const auto second =
        hn::MulAdd(hn::Set(d, c.beta2), hn::LoadU(d, v + i),
                   hn::Mul(hn::Set(d, c.one_minus_beta2), hn::Mul(gradient, gradient)));
    const auto root =
        hn::MulAdd(hn::Sqrt(second), hn::Set(d, c.second_scale), hn::Set(d, c.epsilon));
    const auto change = hn::Div(hn::Mul(hn::Set(d, c.step_size), first), root);
    hn::StoreU(first, d, m + i);
    hn::StoreU(second, d, v + i);
    hn::StoreU(hn::MulSub(hn::Set(d, c.keep), old, change), d, p + i);
  });
}

void sgd(std::int64_t n, const SgdCoefficients& c, const float* g, float* p, float* b) {
  for_each_vector(n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto old = hn::LoadU(d, p + i);
    const auto clipped = hn::Mul(hn::Set(d, c.clip), hn::LoadU(d, g + i));
    const auto gradient = hn::MulAdd(hn::Set(d, c.l2), old, clipped);
    const auto momentum = hn::Set(d, c.momentum);
    const auto buffer = hn::MulAdd(momentum, hn::LoadU(d, b + i), gradient);
    const auto step = c.nesterov ? hn::MulAdd(momentum, buffer, gradient) : buffer;
    hn::StoreU(buffer, d, b + i);
    hn::StoreU(hn::NegMulAdd(hn::Set(d, c.learning_rate), step, old), d, p + i);
  });
}

const UpdateOps* update_table() {
  static constexpr UpdateOps kOps = {&squared_norm, &adam, &sgd};
  return &kOps;
}

}  // namespace HWY_NAMESPACE
}  // namespace tightrope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tightrope {

HWY_EXPORT(update_table);

const UpdateOps& update_ops() {
  static const UpdateOps& ops = *HWY_DYNAMIC_DISPATCH(update_table)();
  return ops;
}

}  // namespace tightrope
#endif  // HWY_ONCE
