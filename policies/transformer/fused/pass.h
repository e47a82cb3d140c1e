// SPDX-License-Identifier: Apache-2.0
// Forward and backward over the rows of a token tree, for the parameters of one lane.
#pragma once

#include <vector>

#include "core/api/token_batch.h"
#include "policies/transformer/fused/buffer.h"
#include "policies/transformer/fused/ops.h"
#include "policies/transformer/fused/rotary.h"
#include "policies/transformer/fused/weights.h"
#include "policies/transformer/tree.h"

namespace tightrope {

// What one layer's backward pass needs. Its queries are all rows of the tree, in the last layer
// those that are read.
template <class T>
struct LayerState {
  RowBuffer<T> norm_attention;  // [rows, d]
  RowBuffer<T> q, attended;     // [queries, heads]
  RowBuffer<T> key_value;       // [rows, 2 heads]
  RowBuffer<T> norm_mlp;        // [queries, d]
  RowBuffer<T> hidden, slope;   // [queries, F]; slope [queries, 2 F] when gated
  Buffer<T> inverse_attention, inverse_mlp;
  Buffer<T> weights;  // per case and head [queries, span]
};

template <class T>
class FusedPass {
 public:
  FusedPass(const TransformerShape& shape, const WeightPlan& plan);

  PackedWeights<T>& weights() { return weights_; }

  // Projects the images of cases [first, first + cases); forward() and backward() read them.
  void open(const TokenBatch& batch, int first, int cases);
  // Logits [active rows, output_width] of a tree whose first case is number `at` of those opened.
  Rows<T> forward(const TokenTree& tree, int at);
  // Takes the gradient by the logits, left in their place, back to the weights.
  void backward(const TokenTree& tree, int at);
  // The image projection's part, after the last backward() of the opened cases.
  void close();

 private:
  // The rows of one case as one layer sees them.
  struct CaseRows {
    int first_row = 0, rows = 0, first_query = 0, queries = 0, span = 0;
    const T* mask = nullptr;              // [queries, span]
    const std::int32_t* reach = nullptr;  // [queries]
    std::size_t weights = 0;              // offset of its attention weights
  };

  void reserve(const TokenTree& tree);
  void build_masks(const TokenTree& tree);
  void embed(const TokenTree& tree, int at);
  void embed_backward(const TokenTree& tree, int at);
  void attention_forward(const TokenTree& tree, int l);
  void attention_backward(const TokenTree& tree, int l);
  void mlp_forward(int l, int queries);
  void mlp_backward(int l, int queries);
  void turn(const TokenTree& tree, int l, Rows<T> q, Rows<T> k, bool back) const;
  AttentionHead<T> head_of(const CaseRows& part, int l, int head);

  bool is_last(int l) const { return l + 1 == static_cast<int>(layers_.size()); }
  const std::vector<CaseRows>& cases_of(int l) const { return is_last(l) ? read_ : all_; }
  // The residual stream, and its gradient, of a layer's queries.
  Rows<T> stream(int l) { return is_last(l) ? x_read_.rows() : x_.rows(); }
  Rows<T> d_stream(int l) { return is_last(l) ? dx_read_.rows() : dx_.rows(); }

  const TransformerShape& shape_;
  const WeightPlan& plan_;
  const TransformerOps<T>& ops_;
  PackedWeights<T> weights_;
  Rotary<T> rotary_;
  std::vector<LayerState<T>> layers_;
  int opened_ = 0;
  RowBuffer<T> pictures_;                  // [cases, C]
  RowBuffer<T> image_, d_image_;           // [cases, I d]
  RowBuffer<T> x_, x_read_, norm_read_;    // [rows, d]; of read rows; the last layer's input
  RowBuffer<T> norm_final_, logits_;       // [active rows, ..]
  RowBuffer<T> dx_, dx_read_, dq_, dkv_;   // gradients
  RowBuffer<T> wide_, narrow_, d_hidden_;  // scratch
  Buffer<T> inverse_final_, mask_, scores_, turned_;
  std::vector<CaseRows> all_, read_;
  std::vector<std::int32_t> reach_all_, reach_read_;  // per row, per read row: within its case
};

}  // namespace tightrope
