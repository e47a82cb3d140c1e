// SPDX-License-Identifier: Apache-2.0
#include "analysis/ledger/law_kernels.h"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "analysis/ledger/law_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
// The order matters: math-inl.h needs highway.h.
#include "hwy/highway.h"
//
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tightrope {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most the 8 doubles that arrays are padded to.
using Tag = hn::CappedTag<double, 8>;
using Vector = hn::Vec<Tag>;
using Mask = hn::Mask<Tag>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Calls body(i) with every first index of a vector.
template <class Body>
HWY_INLINE void each_vector(std::size_t v, Body body) {
  for (std::size_t i = 0; i < v; i += hn::Lanes(Tag())) body(i);
}

// Logarithms of an array without padding: -inf behind its end.
HWY_INLINE Vector load_log(std::size_t v, const double* x, std::size_t i) {
  const Tag d;
  const Vector raw = hn::LoadU(d, x + i);
  if (i + hn::Lanes(d) <= v) return raw;
  return hn::IfThenElse(hn::FirstN(d, v - i), raw, hn::Set(d, -kInfinity));
}

HWY_INLINE double total(Vector x) { return hn::GetLane(hn::SumOfLanes(Tag(), x)); }

// weight (log_a - log_b), 0 where weight = 0 whatever the logarithms are.
HWY_INLINE Vector weighted(Mask positive, Vector weight, Vector log_a, Vector log_b) {
  return hn::IfThenElseZero(positive, hn::Mul(weight, hn::Sub(log_a, log_b)));
}

void exponentials(std::size_t v, const double* log, double* mass) {
  const Tag d;
  const Vector none = hn::Set(d, -kInfinity);
  each_vector(v, [&](std::size_t i) HWY_ATTR {
    const Vector x = load_log(v, log, i);
    const Mask empty = hn::Eq(x, none);
    if (hn::AllTrue(d, empty)) {  // outside of the grammar: long stretches
      hn::StoreU(hn::Zero(d), d, mass + i);
      return;
    }
    hn::StoreU(hn::IfThenElse(empty, hn::Zero(d), hn::Exp(d, x)), d, mass + i);
  });
}

void roots(std::size_t v, const double* mass, double* root) {
  const Tag d;
  each_vector(v, [&](std::size_t i)
                     HWY_ATTR { hn::StoreU(hn::Sqrt(hn::LoadU(d, mass + i)), d, root + i); });
}

LedgerSums divergence(std::size_t v, const LawView& p, const double* log_q) {
  const Tag d;
  Vector kl = hn::Zero(d), cross = hn::Zero(d);
  each_vector(v, [&](std::size_t i) HWY_ATTR {
    const Vector mass = hn::LoadU(d, p.mass + i);
    const Mask positive = hn::Gt(mass, hn::Zero(d));
    if (hn::AllFalse(d, positive)) return;
    const Vector lq = load_log(v, log_q, i);
    kl = hn::Add(kl, weighted(positive, mass, hn::LoadU(d, p.log + i), lq));
    cross = hn::Sub(cross, hn::IfThenElseZero(positive, hn::Mul(mass, lq)));
  });
  LedgerSums sums;
  sums.kl = total(kl);
  sums.cross_entropy = total(cross);
  return sums;
}

// d(P, q), at least 0; q where P = 0.
HWY_INLINE Vector divergence_term(Mask positive, Vector p, Vector log_p, Vector q, Vector log_q) {
  const Tag d;
  const Vector term = hn::Add(hn::Sub(hn::Mul(p, hn::Sub(log_p, log_q)), p), q);
  return hn::IfThenElse(positive, hn::Max(term, hn::Zero(d)), q);
}

struct SplitVectors {
  Vector beneficial, detrimental;
};

HWY_INLINE SplitVectors split(Vector p, Vector lp, Vector o, Vector lo, Vector n, Vector ln) {
  const Tag d;
  const Vector zero = hn::Zero(d);
  const Mask positive = hn::Gt(p, zero);
  const Mask rose = hn::Gt(ln, lo), fell = hn::Lt(ln, lo);
  const Mask below = hn::Lt(lo, lp), above = hn::Gt(lo, lp);
  const Mask towards = hn::Or(hn::And(below, rose), hn::And(above, fell));
  const Mask past = hn::Or(hn::And(below, hn::Gt(ln, lp)), hn::And(above, hn::Lt(ln, lp)));
  const Mask away = hn::AndNot(towards, hn::Or(rose, fell));
  const Vector c = hn::Add(weighted(positive, p, ln, lo), hn::Sub(o, n));
  SplitVectors out;
  out.beneficial = hn::IfThenElse(past, divergence_term(positive, p, lp, o, lo),
                                  hn::IfThenElseZero(towards, hn::Max(c, zero)));
  out.detrimental = hn::IfThenElse(past, divergence_term(positive, p, lp, n, ln),
                                   hn::IfThenElseZero(away, hn::Max(hn::Neg(c), zero)));
  return out;
}

LedgerSums move(std::size_t v, const LawView& p, const double* log_old, const double* old,
                const double* log_q, const double* q, double* beneficial, double* detrimental) {
  const Tag d;
  Vector kl = hn::Zero(d), cross = kl, gain = kl, loss = kl, step = kl;
  each_vector(v, [&](std::size_t i) HWY_ATTR {
    const Vector mass = hn::LoadU(d, p.mass + i), o = hn::LoadU(d, old + i);
    const Vector n = hn::LoadU(d, q + i), zero = hn::Zero(d);
    const Vector lo = load_log(v, log_old, i), ln = load_log(v, log_q, i);
    const Vector lp = hn::LoadU(d, p.log + i);
    const Vector none = hn::Set(d, -kInfinity);
    // Not Eq: NaN of a diverged policy must come through.
    const Mask empty = hn::And(hn::Eq(lp, none), hn::And(hn::Eq(lo, none), hn::Eq(ln, none)));
    if (hn::AllTrue(d, empty)) return;
    const Mask positive = hn::Gt(mass, zero);
    kl = hn::Add(kl, weighted(positive, mass, lp, ln));
    cross = hn::Sub(cross, hn::IfThenElseZero(positive, hn::Mul(mass, ln)));
    step = hn::Add(step, weighted(hn::Ne(n, zero), n, ln, lo));
    const SplitVectors part = split(mass, lp, o, lo, n, ln);
    gain = hn::Add(gain, part.beneficial);
    loss = hn::Add(loss, part.detrimental);
    if (beneficial == nullptr) return;
    hn::StoreU(hn::Add(hn::LoadU(d, beneficial + i), part.beneficial), d, beneficial + i);
    hn::StoreU(hn::Add(hn::LoadU(d, detrimental + i), part.detrimental), d, detrimental + i);
  });
  return {total(kl), total(cross), total(gain), total(loss), total(step)};
}

MeasureSums measures(std::size_t v, const LawView& p, const double* log_q, const double* q,
                     const double* q_root) {
  const Tag d;
  const Vector half = hn::Set(d, 0.5);
  Vector forward = hn::Zero(d), reverse = forward, shannon = forward, variation = forward,
         square = forward, affinity = forward;
  each_vector(v, [&](std::size_t i) HWY_ATTR {
    const Vector a = hn::LoadU(d, p.mass + i), b = hn::LoadU(d, q + i), zero = hn::Zero(d);
    const Mask in_a = hn::Gt(a, zero), in_b = hn::Ne(b, zero);
    if (hn::AllFalse(d, hn::Or(in_a, in_b))) return;
    const Vector la = hn::LoadU(d, p.log + i), lb = load_log(v, log_q, i);
    const Vector ra = hn::LoadU(d, p.root + i), rb = hn::LoadU(d, q_root + i);
    forward = hn::Add(forward, weighted(in_a, a, la, lb));
    reverse = hn::Add(reverse, weighted(in_b, b, lb, la));
    const Vector middle = hn::Mul(half, hn::Add(a, b));
    const Vector log_middle =
        hn::Log(d, hn::IfThenElse(hn::Or(in_a, in_b), middle, hn::Set(d, 1.0)));
    shannon = hn::Add(
        shannon, hn::Add(weighted(in_a, a, la, log_middle), weighted(in_b, b, lb, log_middle)));
    variation = hn::Add(variation, hn::Abs(hn::Sub(a, b)));
    const Vector gap = hn::Sub(ra, rb);
    square = hn::Add(square, hn::Mul(gap, gap));
    affinity = hn::Add(affinity, hn::Mul(ra, rb));
  });
  return {total(forward),       total(reverse),    total(shannon) / 2,
          total(variation) / 2, total(square) / 2, total(affinity)};
}

LawKernels kernels_here() { return {exponentials, roots, divergence, move, measures}; }

}  // namespace HWY_NAMESPACE
}  // namespace tightrope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tightrope {

HWY_EXPORT(kernels_here);

const LawKernels& law_kernels() {
  static const LawKernels kernels = HWY_DYNAMIC_DISPATCH(kernels_here)();
  return kernels;
}

}  // namespace tightrope
#endif
