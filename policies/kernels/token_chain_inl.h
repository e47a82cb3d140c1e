// SPDX-License-Identifier: Apache-2.0
// Shared by the sources of the token chain.
#pragma once

#include "policies/kernels/token_chain.h"

namespace tightrope {

// Calls f(first column, number of columns) for the columns that hold numbers.
template <class T>
template <class F>
void TokenChain<T>::on_live(int live, F f) const {
  if (live <= low_width_) {
    f(0, shape_->width);
    return;
  }
  f(0, low_width_);
  if (live < shape_->width) f(live, shape_->width - live);
}

}  // namespace tightrope
