// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include "analysis/ledger/terms.h"

namespace tightrope {
namespace {

// The Bhattacharyya distance; 1 - H^2 keeps its digits where the laws are close.
double distance(const MeasureSums& sums) {
  return sums.hellinger_square < 0.5 ? -std::log1p(-sums.hellinger_square)
                                     : -std::log(sums.affinity);
}

}  // namespace

void enter_measures(const PackView& view, const LawBlock& block, std::size_t c, FieldSet& fields) {
  const std::size_t v = view.vocabulary();
  Field& forward = fields["measures/kl_forward"];
  Field& reverse = fields["measures/kl_reverse"];
  Field& shannon = fields["measures/jensen_shannon"];
  Field& variation = fields["measures/total_variation"];
  Field& hellinger = fields["measures/hellinger"];
  Field& bhattacharyya = fields["measures/bhattacharyya"];
  std::vector<double> root(padded_size(v));
  const auto enter = [&](std::size_t s, std::size_t e, std::size_t n, std::size_t j) {
    const std::size_t cell = block.cell(s, e, n, j);
    const double* log_q = block.log_of(block.now(), cell);
    const double* q = block.mass_of(block.now(), cell);
    law_kernels().roots(v, q, root.data());
    const std::array<LawView, 2> laws = {block.oracle(cell), block.reference(cell)};
    for (std::size_t a = 0; a < laws.size(); ++a) {
      const MeasureSums sums = law_kernels().measures(v, laws[a], log_q, q, root.data());
      forward(s, c, e, n, j, a) = std::max(sums.kl_forward, 0.0);  // rounding; NaN stays
      reverse(s, c, e, n, j, a) = std::max(sums.kl_reverse, 0.0);
      shannon(s, c, e, n, j, a) = std::max(sums.jensen_shannon, 0.0);
      variation(s, c, e, n, j, a) = sums.total_variation;
      hellinger(s, c, e, n, j, a) = std::sqrt(sums.hellinger_square);
      bhattacharyya(s, c, e, n, j, a) = distance(sums);
    }
  };
  for (std::size_t s = 0; s < block.count(); ++s) {
    for (std::size_t e = 0; e < view.environments(); ++e) {
      for (std::size_t n = 0; n < view.probes; ++n) {
        for (std::size_t j = 0; j < block.length(s, e, n); ++j) enter(s, e, n, j);
      }
    }
  }
}

}  // namespace tightrope
