// SPDX-License-Identifier: Apache-2.0
// The weights of one lane as the products want them: panels, every matrix also transposed, norm
// gains multiplied in, heads padded to whole rows; and the way back from their gradients.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "policies/transformer/fused/buffer.h"
#include "policies/transformer/fused/ops.h"
#include "policies/transformer/shape.h"

namespace tightrope {

// `count` consecutive indices of the flat matrix and where they lie in the padded one.
struct IndexBlock {
  int from = 0;
  int to = 0;
  int count = 0;
};

// One matrix of the flat parameters and its place in the packed buffers.
struct MatrixPlan {
  std::int64_t source = 0;  // element (i, j) is at source + i row_stride + j column_stride
  int row_stride = 0;
  int column_stride = 1;
  std::int64_t gain = -1;  // row i is multiplied by gain[i]; -1: no gain
  std::vector<IndexBlock> rows, columns;
  std::int64_t extra = -1;  // [inputs] a vector that is the matrix's column `extra_column`
  int extra_column = 0;
  int inputs = 0;             // padded rows of the matrix: inner dimension of its product
  int outputs = 0;            // padded columns
  std::int64_t packed = 0;    // offsets in the buffers of PackedWeights
  std::int64_t turned = 0;    // the transposed: [outputs, padded(inputs)]
  std::int64_t gradient = 0;  // [inputs, outputs] rows
};

// Where every matrix of a shape lies.
struct WeightPlan {
  explicit WeightPlan(const TransformerShape& shape);

  struct Layer {
    MatrixPlan query, key_value, attention_output, mlp_in, mlp_out;
  };
  int width = 0;         // d padded
  int head_width = 0;    // of one head, padded
  int heads_width = 0;   // all heads
  int mlp_width = 0;     // F padded
  int hidden_width = 0;  // columns of mlp_in: F padded, twice when gated
  int output_width = 0;  // V and the value's column, padded
  MatrixPlan image, output;
  std::vector<Layer> layers;
  std::int64_t packed_size = 0, turned_size = 0, gradient_size = 0;

  std::vector<const MatrixPlan*> matrices() const;

 private:
  void place(MatrixPlan& plan);
};

// The packed weights of one parameter vector and the gradient buffer of its matrices.
template <class T>
class PackedWeights {
 public:
  PackedWeights(const TransformerShape& shape, const WeightPlan& plan);

  // Packs; `backward` also what the backward pass reads, and clears the gradients. The parameters
  // must stay where they are until the pass is over.
  template <class U>
  void load(std::span<const U> parameters, bool backward);
  // Adds the gradient by the flat parameters [P] to `to`, once every pass has added to gradient()
  // and flat_gradient(). Call it once.
  void unload(std::span<T> to);

  Factor<T> forward(const MatrixPlan& plan) const { return {packed_.data() + plan.packed, 0}; }
  Factor<T> backward(const MatrixPlan& plan) const { return {turned_.data() + plan.turned, 0}; }
  Rows<T> gradient(const MatrixPlan& plan) {
    return {gradient_.data() + plan.gradient, plan.outputs};
  }
  // The flat parameters in use, and the gradient of those that are no matrix of the plan.
  const T* flat() const { return flat_; }
  T* flat_gradient() { return flat_gradient_.data(); }

 private:
  void apply_adapters();
  void pack(const MatrixPlan& plan);
  void pack_turned(const MatrixPlan& plan);
  void unload_matrix(const MatrixPlan& plan, T* to);
  void unload_adapter(const MatrixView& view, T* to);

  const TransformerShape& shape_;
  const WeightPlan& plan_;
  const TransformerOps<T>& ops_;
  const T* flat_ = nullptr;  // the caller's parameters, or `copy_`
  Buffer<T> copy_, packed_, turned_, gradient_, flat_gradient_;
};

}  // namespace tightrope
