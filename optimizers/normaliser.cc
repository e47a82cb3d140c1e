// SPDX-License-Identifier: Apache-2.0
#include "optimizers/normaliser.h"

#include "core/base/check.h"

namespace tightrope {
namespace {

double divisor_of(Normaliser normaliser, const BatchTotals& totals, int length,
                  double fixed_length) {
  switch (normaliser) {
    case Normaliser::kTokenMean:
      return totals.scored_tokens;
    case Normaliser::kSequenceMean:
      return totals.trajectories * length;
    case Normaliser::kSequenceSum:
      return totals.trajectories;
    case Normaliser::kConstant:
      TR_CHECK(fixed_length > 0, "a fixed length of {}", fixed_length);
      return totals.trajectories * fixed_length;
  }
  return 0;
}

}  // namespace

std::vector<std::string> normaliser_names() { return {"token_mean", "sequence_mean"}; }

Normaliser normaliser_of(const std::string& name) {
  TR_CHECK(name == "token_mean" || name == "sequence_mean", "normaliser {}", name);
  return name == "token_mean" ? Normaliser::kTokenMean : Normaliser::kSequenceMean;
}

double token_weight(Normaliser normaliser, const BatchTotals& totals, int length,
                    double fixed_length) {
  const double divisor = divisor_of(normaliser, totals, length, fixed_length);
  return divisor > 0 ? 1.0 / divisor : 0.0;
}

}  // namespace tightrope
