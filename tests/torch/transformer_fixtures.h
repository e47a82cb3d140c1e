// SPDX-License-Identifier: Apache-2.0
// Gradients of the autograd transformer in float64.
#pragma once

#include <ATen/ops/from_blob.h>

#include "policies/transformer/autograd/autograd_transformer.h"
#include "tests/policies/transformer_fixtures.h"

namespace tightrope {

inline at::TensorOptions reference_options() { return at::TensorOptions().dtype(at::kDouble); }

// Parameters [1, P] as a leaf.
inline at::Tensor leaf_of(std::span<const double> parameters, bool gradients) {
  return at::from_blob(const_cast<double*>(parameters.data()),
                       {1, static_cast<std::int64_t>(parameters.size())}, at::kDouble)
      .clone()
      .requires_grad_(gradients);
}

// Gradient [P] of QuantityLoss; `loss` keeps what it saw.
inline std::vector<double> reference_gradient(const AutogradTransformer& policy,
                                              std::span<const double> parameters,
                                              const TokenBatch& batch, Wanted wanted,
                                              QuantityLoss& loss) {
  const at::Tensor leaf = leaf_of(parameters, true);
  const LaneStep lane{{}, &batch, {}, wanted, &loss, {}};
  policy.accumulate(leaf, std::span(&lane, 1));
  const at::Tensor gradient = leaf.grad().contiguous();
  const double* first = gradient.const_data_ptr<double>();
  return {first, first + parameters.size()};
}

}  // namespace tightrope
