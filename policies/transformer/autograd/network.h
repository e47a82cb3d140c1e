// SPDX-License-Identifier: Apache-2.0
// The transformer's forward pass over a lane axis, in differentiable ATen operations.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include "policies/transformer/autograd/padded_tokens.h"
#include "policies/transformer/shape.h"

namespace tightrope {

class LaneNetwork {
 public:
  LaneNetwork(const TransformerShape& shape, c10::TensorOptions options)
      : shape_(shape), options_(options) {}

  struct Output {
    at::Tensor law;    // [L, N, T, V] log-prob of the token after; far below zero where forbidden
    at::Tensor value;  // [L, N, T] of the prefix up to and with this token; undefined without head
  };
  // Of parameters [L, P], every lane with its own sequences. Equations:
  // policies/transformer/shape.h.
  Output forward(const at::Tensor& parameters, const PaddedTokens& batch) const;

  // What the parameters must be: type of the arithmetic, device.
  const c10::TensorOptions& options() const { return options_; }

 private:
  struct Pass;  // the tensors of one forward pass

  const TransformerShape& shape_;
  c10::TensorOptions options_;
};

}  // namespace tightrope
