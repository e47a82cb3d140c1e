// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "analysis/ledger/terms.h"
#include "core/base/check.h"

namespace tightrope {
namespace {

// Entropy of the oracle's law of the sequence, one value per probe of (segment, environment).
std::vector<double> entropies(const PackView& view, const LawBlock& block, std::size_t s,
                              std::size_t e) {
  std::vector<double> out(view.probes, 0.0);
  for (std::size_t n = 0; n < view.probes; ++n) {
    for (std::size_t j = 0; j < block.length(s, e, n); ++j) {
      out[n] += block.oracle_entropy(block.cell(s, e, n, j));
    }
  }
  return out;
}

}  // namespace

void enter_environment_terms(const PackView& view, const LawBlock& block,
                             const PrefixLedger& ledger, std::size_t c, FieldSet& fields) {
  if (!fields.has("ledger/environment_term")) return;
  const std::vector<std::size_t> order = view.by_time();
  const auto put = [&](const std::string& name, std::size_t s, std::size_t i, Estimate estimate) {
    fields["ledger/" + name](s, c, i) = estimate.mean;
    fields["ledger/" + name + "_half_width"](s, c, i) = estimate.half_width;
    return estimate.mean;
  };
  for (std::size_t s = 0; s < block.count(); ++s) {
    for (std::size_t i = 0; i + 1 < order.size(); ++i) {
      const std::size_t from = order[i], to = order[i + 1];
      const double kl =
          put("environment_term", s, i,
              difference_of_means(ledger.kl(s, to).of(kAll), ledger.kl(s, from).of(kAll)));
      const double entropy =
          put("environment_entropy_term", s, i,
              difference_of_means(entropies(view, block, s, to), entropies(view, block, s, from)));
      const double cross = put("environment_cross_entropy_term", s, i,
                               difference_of_means(ledger.cross_entropy(s, to).of(kAll),
                                                   ledger.cross_entropy(s, from).of(kAll)));
      const double residual = std::abs(cross - entropy - kl);
      TR_CHECK(!std::isfinite(cross) || residual < kLargestResidual,
               "{}: segment {}: the environment's terms miss their identity by {}", view.log.path(),
               block.first() + s, residual);
    }
  }
}

}  // namespace tightrope
