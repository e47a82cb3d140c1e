// SPDX-License-Identifier: Apache-2.0
#include "optimizers/normaliser.h"

#include "core/base/check.h"

namespace tightrope {

std::vector<std::string> normaliser_names() { return {"token_mean", "sequence_mean"}; }

Normaliser normaliser_of(const std::string& name) {
  TR_CHECK(name == "token_mean" || name == "sequence_mean", "normaliser {}", name);
  return name == "token_mean" ? Normaliser::kTokenMean : Normaliser::kSequenceMean;
}

double token_weight(Normaliser normaliser, const BatchTotals& totals, int length) {
  const double divisor =
      normaliser == Normaliser::kTokenMean ? totals.scored_tokens : totals.cases * length;
  return divisor > 0 ? 1.0 / divisor : 0.0;
}

}  // namespace tightrope
