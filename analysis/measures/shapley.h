// SPDX-License-Identifier: Apache-2.0
// Exact Shapley values: the fair share of each of n causes in what they do together.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace tightrope {

// The most causes: 2^16 subsets.
inline constexpr int kMostShapleyCauses = 16;

// Of v(S), S a subset of n causes as a bit mask (bit j: cause j is in S):
//
//   phi_j = sum over S without j of |S|! (n - |S| - 1)! / n! (v(S + j) - v(S))
//
// the mean of what j adds over all orders in which the causes can come. sum_j phi_j = v(all) -
// v(0); phi_j is signed: with v a performance, phi_j > 0 is a beneficial cause (Shapley 1953; for
// shifts of performance Zhang et al. 2023, ICML). values [2^n] holds v by mask. Returns [n], in the
// unit of v. Exact up to rounding; throws InputError for a size that is no power of two up to 2^16,
// and for a value that is not finite.
std::vector<double> shapley(std::span<const double> values);

// The same with v called once for each of the 2^n masks, in increasing order. 0 <= n <= 16.
std::vector<double> shapley(int causes, const std::function<double(std::uint32_t)>& v);

}  // namespace tightrope
