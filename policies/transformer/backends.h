// SPDX-License-Identifier: Apache-2.0
// The two implementations of the transformer behind core/api/policy.h.
#pragma once

#include <memory>
#include <string>

#include "core/api/policy.h"
#include "policies/transformer/shape.h"

namespace tightrope {

// Hand-written passes on the CPU, float32: trajectories of a case share their common prefix, rows
// that nobody reads are skipped.
std::shared_ptr<const Policy> make_fused_transformer(std::shared_ptr<const TransformerShape> shape);

// ATen with automatic differentiation: the reference, and what runs on a GPU. `precision` is
// float32 or float64 (parameters stay float32), `device` cpu or cuda. Throws InputError where
// LibTorch or the device is missing.
std::shared_ptr<const Policy> make_autograd_transformer(
    std::shared_ptr<const TransformerShape> shape, const std::string& precision,
    const std::string& device);

}  // namespace tightrope
