// SPDX-License-Identifier: Apache-2.0
#include "experiments/mismatched.h"

#include "core/base/check.h"
#include "experiments/training_set.h"

namespace tightrope {

TokenBatch mismatched(const TokenBatch& batch) {
  const int cases = batch.cases();
  TR_CHECK(cases > 1, "{} cases", cases);
  TR_REQUIRE(batch.units() == cases, "pairs of two images have no mismatched trajectories");
  TokenBatch out;
  out.clear(batch.channels);
  BatchTotals unused;
  for (int b = 0; b < cases; ++b) {
    add_unit(batch, (b + 1) % cases, out, unused);
    std::ranges::copy(batch.image(b), out.images.end() - batch.channels);
  }
  return out;
}

double mismatched_log_ratio(const Policy& policy, std::span<const float> parameters,
                            std::span<const float> reference, const TokenBatch& batch,
                            Workspace& workspace) {
  const TokenBatch other = mismatched(batch);
  TokenQuantities now, frozen;
  policy.evaluate(parameters, other, {}, now, workspace);
  policy.evaluate(reference, other, {}, frozen, workspace);
  double sum = 0;
  for (std::size_t t = 0; t < other.mask.size(); ++t) {
    if (other.mask[t] != 0) sum += now.log_prob[t] - frozen.log_prob[t];
  }
  return sum / other.trajectories();
}

}  // namespace tightrope
