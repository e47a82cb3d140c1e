// SPDX-License-Identifier: Apache-2.0
// Holm's correction for several tests at once.
#pragma once

#include <span>
#include <vector>

namespace tightrope {

// Adjusted p-values of a family of m tests (Holm, Scand. J. Statist. 6, 1979): for the i-th
// smallest p, i = 1..m, max over j <= i of min(1, (m - j + 1) p_(j)); in the order of the input.
// Rejecting where the adjusted value is below alpha keeps the chance of any false rejection below
// alpha, however the tests depend on each other. Every p must lie in [0, 1].
std::vector<double> holm(std::span<const double> p_values);

}  // namespace tightrope
