// SPDX-License-Identifier: Apache-2.0
// Where things stand along a factual trajectory, for metrics.
#pragma once

#include <cmath>
#include <span>

#include "core/api/metric.h"
#include "core/base/math.h"
#include "core/config/no_params.h"

namespace tightrope {

// Index of </think> within trajectory n of the view's factual batch: its row holds the law of the
// diagnosis; rows before it are the thinking stream.
inline int answer_row(const EvaluationView& view, int n) { return view.factual.length(n) - 3; }

// KL(oracle || policy) of the law after token t of case n, nat; both over the whole vocabulary.
inline double law_kl(const EvaluationView& view, int n, int t) {
  const int width = view.policy.vocabulary;
  const std::size_t row = static_cast<std::size_t>(view.factual.offset[n] + t) * width;
  const double* law = view.oracle[n].law.data() + static_cast<std::size_t>(t) * width;
  double kl = 0;
  for (int y = 0; y < width; ++y) {
    if (law[y] > 0) kl += law[y] * (std::log(law[y]) - view.policy.log_prob[row + y]);
  }
  return kl;
}

// KL(oracle || policy) of the belief read out after token t of case n, nat.
inline double belief_kl(const EvaluationView& view, int n, int t) {
  const int width = view.policy.diseases;
  const std::size_t row = static_cast<std::size_t>(view.factual.offset[n] + t) * width;
  const double* belief = view.oracle[n].belief.data() + static_cast<std::size_t>(t) * width;
  double kl = 0;
  for (int z = 0; z < width; ++z) {
    if (belief[z] > 0) kl += belief[z] * (std::log(belief[z]) - view.policy.belief[row + z]);
  }
  return kl;
}

inline int arg_max(std::span<const double> values) {
  int best = 0;
  for (int i = 1; i < static_cast<int>(values.size()); ++i) {
    if (values[i] > values[best]) best = i;
  }
  return best;
}

}  // namespace tightrope
