// SPDX-License-Identifier: Apache-2.0
// The one symbol through which programs reach the autograd module.
#pragma once

#include <memory>

#include "core/api/policy.h"
#include "policies/transformer/shape.h"

namespace tightrope {

// Makes the policy that make_autograd_transformer (policies/transformer/backends.h) hands out; the
// caller owns it. Named by version, so that a module of another version is not taken.
using AutogradFactory = const Policy*(const std::shared_ptr<const TransformerShape>& shape,
                                      const char* precision, const char* device);

constexpr const char* kAutogradFactory = "tightrope_autograd_transformer";

}  // namespace tightrope
