// SPDX-License-Identifier: Apache-2.0
// Weights of cases that make a normalisation over the whole step one over its microbatches: the
// peers' result under gradient accumulation, which depends on how the step is cut. Microbatches are
// `size` consecutive cases, the last one what is left.
#pragma once

#include <algorithm>
#include <vector>

#include "core/api/optimizer.h"

namespace tightrope {

// [cases]: the token mean of the step, so weighted, is the mean over microbatches of their token
// means.
inline std::vector<double> token_mean_of_microbatches(const BatchShape& step, int size) {
  const int cases = static_cast<int>(step.group_begin.size()) - 1;
  const int parts = (cases + size - 1) / size;
  std::vector<double> tokens(parts, 0.0);
  double all = 0;
  for (int c = 0; c < cases; ++c) {
    const std::int32_t end = step.offset[step.group_begin[c + 1]];
    for (std::int32_t t = step.offset[step.group_begin[c]]; t < end; ++t) {
      tokens[c / size] += step.mask[t];
      all += step.mask[t];
    }
  }
  std::vector<double> out(cases, 0.0);
  for (int c = 0; c < cases; ++c) {
    if (tokens[c / size] > 0) out[c] = all / (tokens[c / size] * parts);
  }
  return out;
}

// [cases]: `weight` divided by its mean over the step (size 0), or over each case's microbatch, all
// microbatches then counting the same. Weights of a part whose mean is 0 stay 0.
inline std::vector<double> mean_normalised(const std::vector<double>& weight, int size) {
  const int cases = static_cast<int>(weight.size());
  if (size <= 0) size = std::max(1, cases);
  const int parts = (cases + size - 1) / size;
  std::vector<double> out(cases, 0.0);
  for (int first = 0; first < cases; first += size) {
    const int last = std::min(cases, first + size);
    double sum = 0;
    for (int c = first; c < last; ++c) sum += weight[c];
    // weight / (sum / n), times cases / (parts n): the mean over cases becomes one over parts.
    for (int c = first; c < last && sum > 0; ++c) out[c] = weight[c] / sum * cases / parts;
  }
  return out;
}

}  // namespace tightrope
