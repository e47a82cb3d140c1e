// SPDX-License-Identifier: Apache-2.0
// The best that the transformer's own product does on factors that stay in second-level cache: the
// peak that a step's speed is a share of.
#pragma once

#include "policies/transformer/fused/buffer.h"
#include "policies/transformer/fused/ops.h"

namespace tightrope {

class GemmPeak {
 public:
  GemmPeak() : packed_(kInner * kColumns) {
    a_.reserve(kRows, kInner);
    c_.reserve(kRows, kColumns);
  }
  void multiply() {
    transformer_ops<float>().multiply(false, kRows, kColumns, kInner, a_.rows(),
                                      {packed_.data(), 0}, c_.rows());
    const volatile float read = c_.row(0)[0];
    static_cast<void>(read);
  }
  static double flops() { return 2.0 * kRows * kInner * kColumns; }

 private:
  static constexpr int kRows = 96, kInner = 256, kColumns = 256;
  RowBuffer<float> a_, c_;
  Buffer<float> packed_;
};

}  // namespace tightrope
