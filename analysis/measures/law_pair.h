// SPDX-License-Identifier: Apache-2.0
// Two laws on the same finite support, as probabilities and as their logarithms.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tightrope {

struct LawPair {
  std::vector<double> p, q;          // [V], each sums to 1 within 1e-6; kept as given
  std::vector<double> log_p, log_q;  // [V], -inf for an empty cell
  std::vector<double> positions;     // [V], where the points lie on a line; 0 .. V-1 by default

  std::size_t size() const { return p.size(); }

  // p, q [V] >= 0; positions [V] finite or empty. Throws InputError naming the first bad value.
  static LawPair of(std::span<const double> p, std::span<const double> q,
                    std::span<const double> positions = {});

  // The same from log_p, log_q [V] <= 0 (within 1e-6), -inf allowed. A probability too small for a
  // float64 keeps its logarithm.
  static LawPair of_logs(std::span<const double> log_p, std::span<const double> log_q,
                         std::span<const double> positions = {});

  // The laws a(i) / sum a and b(i) / sum b of two counts [V] with at least one entry > 0 each.
  static LawPair of_counts(std::span<const double> a, std::span<const double> b,
                           std::span<const double> positions = {});
};

// p_i ln(p_i / q_i) for cell i, in nats: 0 where p_i = 0; +inf where only q_i is empty.
double kl_cell(const LawPair& laws, std::size_t i);

// Both laws with every probability below `floor` raised to it, without making them sum to 1 again:
// the patch that others apply to empty cells in silence. floor = 0 changes nothing.
LawPair raised_to(const LawPair& laws, double floor);

}  // namespace tightrope
