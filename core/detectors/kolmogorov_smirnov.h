// SPDX-License-Identifier: Apache-2.0
// The two-sample Kolmogorov-Smirnov test for two samples of equal size n: D is a multiple of 1 / n
// and its law without a change and without ties is known exactly.
#pragma once

#include <cstdint>
#include <span>

namespace tightrope {

// n D = max over x of |#{a <= x} - #{b <= x}|, of sorted samples of equal size.
std::int64_t kolmogorov_smirnov_steps(std::span<const double> a, std::span<const double> b);

// P(n D >= steps) for two samples of size n >= 1 from one continuous law, 1 <= steps <= n:
//   2 sum_{k >= 1} (-1)^(k - 1) C(2 n, n + k steps) / C(2 n, n)          (Gnedenko & Korolyuk 1951)
// With ties it is an upper bound. O(n).
double kolmogorov_smirnov_tail(std::int64_t n, std::int64_t steps);

}  // namespace tightrope
