// SPDX-License-Identifier: Apache-2.0
#include "policies/transformer/autograd/autograd_transformer.h"

#include <ATen/ops/from_blob.h>

#include "core/base/check.h"

namespace tightrope {

void AutogradTransformer::initialise(const Stream& stream, std::span<float> parameters) const {
  check_size(parameters.size());
  initialise_transformer(*shape_, stream, parameters);
}

void AutogradTransformer::check_size(std::size_t size) const {
  TR_CHECK(static_cast<std::int64_t>(size) == shape_->parameters, "{} parameters, expected {}",
           size, shape_->parameters);
}

void AutogradTransformer::check(std::size_t parameters, const TokenBatch& batch,
                                Wanted wanted) const {
  check_size(parameters);
  TR_CHECK(batch.channels == shape_->channels, "{} channels, expected {}", batch.channels,
           shape_->channels);
  TR_REQUIRE(!wanted.value || shape_->value,
             "this transformer has no value head; policy {{value_head: true}} gives it one");
}

at::Tensor AutogradTransformer::upload(std::span<const float> parameters) const {
  check_size(parameters.size());
  // A copy: no graph may read the caller's memory.
  return at::from_blob(const_cast<float*>(parameters.data()), {shape_->parameters})
      .to(network_.options(), /*non_blocking=*/false, /*copy=*/true);
}

void AutogradTransformer::step(std::span<const float> parameters, const TokenBatch& batch,
                               const TokenData& data, Wanted wanted, Pullback& pullback,
                               std::span<float> gradient, Workspace& workspace) const {
  const LaneStep lane{parameters, &batch, data, wanted, &pullback, gradient};
  step_lanes(std::span(&lane, 1), workspace);
}

}  // namespace tightrope
