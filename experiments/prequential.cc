// SPDX-License-Identifier: Apache-2.0
#include "experiments/prequential.h"

#include <cmath>

#include "core/base/math.h"

namespace tightrope {

std::vector<std::string> prequential_metrics() {
  return {"prequential/accuracy", "prequential/log_loss", "prequential/regret"};
}

Distributions direct_answers(const Policy& policy, std::span<const float> parameters,
                             const Cases& cases, Workspace& workspace) {
  TokenBatch batch;
  batch.clear(cases.channels);
  for (int n = 0; n < cases.size(); ++n) {
    batch.add_case(cases.image_of(n));
    batch.add({{Vocabulary::think()}, {0}});
  }
  Distributions out;
  policy.distribution(parameters, batch, out, workspace);
  return out;
}

MetricSums prequential(const Policy& policy, std::span<const float> parameters, const Cases& cases,
                       const CaseLaws& laws, Workspace& workspace) {
  const Distributions out = direct_answers(policy, parameters, cases, workspace);
  const auto count = static_cast<double>(cases.size());
  double right = 0, loss = 0, regret = 0;
  std::vector<double> oracle(out.diseases);
  for (int n = 0; n < cases.size(); ++n) {
    const double* belief = &out.belief[static_cast<std::size_t>(n) * out.diseases];
    const int z = cases.disease[n];
    int best = 0;
    laws.of(n).belief_of_image(cases.image_of(n), oracle);
    for (int j = 0; j < out.diseases; ++j) {
      if (belief[j] > belief[best]) best = j;
      if (oracle[j] > 0) regret += oracle[j] * (std::log(oracle[j]) - belief[j]);
    }
    right += best == z ? 1 : 0;
    loss -= belief[z];
  }
  return {{"prequential/accuracy", {right, count}},
          {"prequential/log_loss", {loss, count}},
          {"prequential/regret", {regret, count}}};
}

}  // namespace tightrope
