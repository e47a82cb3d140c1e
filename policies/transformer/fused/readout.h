// SPDX-License-Identifier: Apache-2.0
// Between logits and the waist: the token quantities of a tree's targets, and back.
#pragma once

#include <span>
#include <vector>

#include "core/api/policy.h"
#include "policies/transformer/fused/ops.h"
#include "policies/transformer/tree.h"

namespace tightrope {

template <class T>
class Readout {
 public:
  // `width` of a row of logits; column `vocabulary` holds the value.
  Readout(int vocabulary, int width)
      : vocabulary_(vocabulary), width_(width), ops_(transformer_ops<T>()) {}

  // Fills `out`, a reset one of the tree's tokens, and leaves unnormalised probabilities in the
  // rows of logits.
  void read(const TokenTree& tree, Rows<T> logits, Wanted wanted, TokenQuantities& out);
  // Turns what read() left into the gradient by the logits; `gradient` by the quantities.
  void write(const TokenTree& tree, Rows<T> logits, const GroupGradient& gradient);

 private:
  int vocabulary_, width_;
  const TransformerOps<T>& ops_;
  std::vector<SoftmaxSums<T>> sums_;                    // per active row
  std::vector<T> chosen_;                               // per target, its logit
  std::vector<double> weight_, by_entropy_, by_value_;  // per active row
};

}  // namespace tightrope
