// SPDX-License-Identifier: Apache-2.0
// The kernels of the log-linear policies by option: what log_linear.cc and the tests build from.
#pragma once

#include <memory>

#include "policies/kernels/law.h"
#include "policies/kernels/law_policy.h"
#include "policies/kernels/log_linear_shape.h"
#include "policies/kernels/slot_chain.h"
#include "policies/kernels/token_chain.h"

namespace tightrope {

// The kernel that shape.options.chain names; T is float or double.
template <class T>
std::unique_ptr<LawKernel<T>> make_log_linear_kernel(std::shared_ptr<const LogLinearShape> shape) {
  if (shape->options.chain == "slot") return std::make_unique<SlotChain<T>>(std::move(shape));
  return std::make_unique<TokenChain<T>>(std::move(shape));
}

}  // namespace tightrope
