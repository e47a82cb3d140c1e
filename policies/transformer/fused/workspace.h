// SPDX-License-Identifier: Apache-2.0
// One thread's memory of the fused transformer, and its passes over a whole batch.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/api/policy.h"
#include "policies/transformer/fused/pass.h"
#include "policies/transformer/fused/readout.h"
#include "policies/transformer/fused/sampler.h"

namespace tightrope {

template <class T>
class FusedWorkspace final : public Workspace {
 public:
  FusedWorkspace(const TransformerShape& shape, const WeightPlan& plan)
      : pass(shape, plan),
        sampler(shape, plan),
        shape_(shape),
        readout_(shape.vocabulary.size(), plan.output_width) {}

  // Policy::step; weights().unload() then gives the gradient by the flat parameters [P].
  void step(const TokenBatch& batch, const TokenData& data, Wanted wanted, Pullback& pullback);
  // Policy::evaluate.
  void evaluate(const TokenBatch& batch, Wanted wanted, TokenQuantities& out);

  // Cases [first, first + count) of a batch, number `at` of those opened.
  struct Chunk {
    int first = 0;
    int count = 0;
    int at = 0;
  };
  // Calls f(chunk) for the cases of a batch, with their images projected.
  void for_each_chunk(const TokenBatch& batch, bool backward,
                      const std::function<void(const Chunk&)>& f);

  FusedPass<T> pass;
  FusedSampler<T> sampler;
  TokenTree tree;

 private:
  void forward_quantities(const TokenBatch& batch, const Chunk& chunk, Wanted wanted);
  void pull(const TokenBatch& batch, const Chunk& chunk, const TokenData& data, Wanted wanted,
            Pullback& pullback);

  const TransformerShape& shape_;
  Readout<T> readout_;
  TokenQuantities quantities_, gradient_;
  Rows<T> logits_;
};

}  // namespace tightrope
