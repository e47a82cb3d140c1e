// SPDX-License-Identifier: Apache-2.0
// Sign-flip permutation test of paired differences.
#pragma once

#include <span>

#include "core/random/stream.h"

namespace tightrope {

// Values up to which all 2^n sign patterns are enumerated.
inline constexpr int kMaximumExactFlips = 16;

// Two-sided p-value that n paired differences are symmetric about 0: the share of sign patterns s
// with |sum_i s_i x_i| >= |sum_i x_i|. Exact over all 2^n for n <= kMaximumExactFlips, so never
// below 2 / 2^n; else (1 + hits) / (1 + kResamples) over random patterns, pattern r from
// stream.at(r). Sums that agree to 1e-12 of sum |x_i| count as equal. Non-finite values are left
// out; 1 when none is left and when all are 0.
double sign_flip_test(std::span<const double> values, const Stream& stream);

}  // namespace tightrope
