// SPDX-License-Identifier: Apache-2.0
// The two halves of a layer, forward and backward.
#include <algorithm>

#include "policies/transformer/fused/pass.h"

namespace tightrope {

template <class T>
void FusedPass<T>::attention_forward(const TokenTree& tree, int l) {
  LayerState<T>& layer = layers_[l];
  const WeightPlan::Layer& plan = plan_.layers[l];
  const int rows = tree.rows(), d = shape_.width, heads = plan_.heads_width;
  ops_.norm(rows, d, shape_.layer_norm, static_cast<T>(shape_.norm_epsilon), x_.rows(),
            layer.norm_attention.rows(), layer.inverse_attention.data());
  Rows<T> input = layer.norm_attention.rows();
  int queries = rows;
  if (is_last(l)) {
    queries = tree.active_rows();
    input = norm_read_.rows();
    for (int i = 0; i < queries; ++i) {
      std::copy_n(layer.norm_attention.row(tree.active[i]), plan_.width, input.row(i));
      std::copy_n(x_.row(tree.active[i]), plan_.width, x_read_.row(i));
    }
  }
  ops_.multiply(false, queries, heads, d, input, weights_.forward(plan.query), layer.q.rows());
  ops_.multiply(false, rows, 2 * heads, d, layer.norm_attention.rows(),
                weights_.forward(plan.key_value), layer.key_value.rows());
  turn(tree, l, layer.q.rows(), layer.key_value.rows(), false);
  for (const CaseRows& part : cases_of(l)) {
    for (int h = 0; h < shape_.heads; ++h) ops_.attention(head_of(part, l, h));
  }
  ops_.multiply(true, queries, plan_.width, heads, layer.attended.rows(),
                weights_.forward(plan.attention_output), stream(l));
}

template <class T>
void FusedPass<T>::mlp_forward(int l, int queries) {
  LayerState<T>& layer = layers_[l];
  const WeightPlan::Layer& plan = plan_.layers[l];
  const Rows<T> x = stream(l);
  ops_.norm(queries, shape_.width, shape_.layer_norm, static_cast<T>(shape_.norm_epsilon), x,
            layer.norm_mlp.rows(), layer.inverse_mlp.data());
  const Rows<T> raw = shape_.gated ? d_hidden_.rows() : layer.hidden.rows();
  ops_.multiply(false, queries, plan_.hidden_width, shape_.width, layer.norm_mlp.rows(),
                weights_.forward(plan.mlp_in), raw);
  if (shape_.gated) {
    ops_.swiglu(queries, plan_.mlp_width, raw, layer.hidden.rows(), layer.slope.rows());
  } else {
    ops_.gelu(queries, plan_.mlp_width, raw, layer.slope.rows());
  }
  ops_.multiply(true, queries, plan_.width, shape_.mlp_width, layer.hidden.rows(),
                weights_.forward(plan.mlp_out), x);
}

template <class T>
void FusedPass<T>::mlp_backward(int l, int queries) {
  LayerState<T>& layer = layers_[l];
  const WeightPlan::Layer& plan = plan_.layers[l];
  const Rows<T> dx = d_stream(l), d_hidden = d_hidden_.rows();
  ops_.multiply_transposed(shape_.mlp_width, plan_.width, queries, layer.hidden.rows(), dx,
                           weights_.gradient(plan.mlp_out));
  ops_.multiply(false, queries, plan_.mlp_width, plan_.width, dx, weights_.backward(plan.mlp_out),
                d_hidden);
  for (int i = 0; i < queries && shape_.gated; ++i) {
    std::copy_n(d_hidden.row(i), plan_.mlp_width, d_hidden.row(i) + plan_.mlp_width);
  }
  ops_.scale_rows(queries, plan_.hidden_width, layer.slope.rows(), d_hidden);
  ops_.multiply_transposed(shape_.width, plan_.hidden_width, queries, layer.norm_mlp.rows(),
                           d_hidden, weights_.gradient(plan.mlp_in));
  ops_.multiply(false, queries, plan_.width, plan_.hidden_width, d_hidden,
                weights_.backward(plan.mlp_in), wide_.rows());
  ops_.norm_backward(true, queries, shape_.width, shape_.layer_norm, wide_.rows(),
                     layer.norm_mlp.rows(), layer.inverse_mlp.data(), dx);
}

template <class T>
void FusedPass<T>::attention_backward(const TokenTree& tree, int l) {
  LayerState<T>& layer = layers_[l];
  const WeightPlan::Layer& plan = plan_.layers[l];
  const int rows = tree.rows(), d = shape_.width, heads = plan_.heads_width;
  const int queries = is_last(l) ? tree.active_rows() : rows;
  const Rows<T> dq = dq_.rows(), dkv = dkv_.rows(), wide = wide_.rows();
  ops_.multiply_transposed(heads, plan_.width, queries, layer.attended.rows(), d_stream(l),
                           weights_.gradient(plan.attention_output));
  ops_.multiply(false, queries, heads, plan_.width, d_stream(l),
                weights_.backward(plan.attention_output), narrow_.rows());
  for (const CaseRows& part : cases_of(l)) {
    for (int h = 0; h < shape_.heads; ++h) ops_.attention_backward(head_of(part, l, h));
  }
  turn(tree, l, dq, dkv, true);
  const Rows<T> input = is_last(l) ? norm_read_.rows() : layer.norm_attention.rows();
  ops_.multiply_transposed(d, heads, queries, input, dq, weights_.gradient(plan.query));
  ops_.multiply_transposed(d, 2 * heads, rows, layer.norm_attention.rows(), dkv,
                           weights_.gradient(plan.key_value));
  ops_.multiply(false, rows, plan_.width, 2 * heads, dkv, weights_.backward(plan.key_value), wide);
  if (!is_last(l)) {
    ops_.multiply(true, rows, plan_.width, heads, dq, weights_.backward(plan.query), wide);
  } else {
    const Rows<T> by_query = narrow_.rows();
    ops_.multiply(false, queries, plan_.width, heads, dq, weights_.backward(plan.query), by_query);
    for (int r = 0; r < rows; ++r) std::fill_n(dx_.row(r), plan_.width, T(0));
    for (int i = 0; i < queries; ++i) {
      const int row = tree.active[i];
      ops_.add_rows(1, plan_.width, {by_query.row(i), 0}, {wide.row(row), 0});
      std::copy_n(dx_read_.row(i), plan_.width, dx_.row(row));
    }
  }
  ops_.norm_backward(true, rows, d, shape_.layer_norm, wide, layer.norm_attention.rows(),
                     layer.inverse_attention.data(), dx_.rows());
}

#define TIGHTROPE_LAYER(T)                                                      \
  template void FusedPass<T>::attention_forward(const TokenTree& tree, int l);  \
  template void FusedPass<T>::attention_backward(const TokenTree& tree, int l); \
  template void FusedPass<T>::mlp_forward(int l, int queries);                  \
  template void FusedPass<T>::mlp_backward(int l, int queries);
TIGHTROPE_LAYER(float)
TIGHTROPE_LAYER(double)
#undef TIGHTROPE_LAYER

}  // namespace tightrope
