// SPDX-License-Identifier: Apache-2.0
#include "policies/transformer/fused/pass.h"

#include <algorithm>

namespace tightrope {

template <class T>
FusedPass<T>::FusedPass(const TransformerShape& shape, const WeightPlan& plan)
    : shape_(shape),
      plan_(plan),
      ops_(transformer_ops<T>()),
      weights_(shape, plan),
      rotary_(shape, plan.head_width),
      layers_(shape.layers.size()) {}

template <class T>
void FusedPass<T>::open(const TokenBatch& batch, int first, int cases) {
  opened_ = cases;
  pictures_.reserve(cases, shape_.channels);
  image_.reserve(cases, plan_.image.outputs);
  d_image_.reserve(cases, plan_.image.outputs);
  for (int b = 0; b < cases; ++b) {
    const std::span<const float> image = batch.image(first + b);
    std::copy(image.begin(), image.end(), pictures_.row(b));
    std::fill_n(d_image_.row(b), plan_.image.outputs, T(0));
  }
  ops_.multiply(false, cases, plan_.image.outputs, shape_.channels, pictures_.rows(),
                weights_.forward(plan_.image), image_.rows());
}

template <class T>
void FusedPass<T>::close() {
  ops_.multiply_transposed(shape_.channels, plan_.image.outputs, opened_, pictures_.rows(),
                           d_image_.rows(), weights_.gradient(plan_.image));
}

template <class T>
void FusedPass<T>::reserve(const TokenTree& tree) {
  const int rows = tree.rows(), read = tree.active_rows();
  const int queries = std::max(rows, read);
  for (RowBuffer<T>* buffer : {&x_, &x_read_, &norm_read_, &norm_final_, &dx_, &dx_read_}) {
    buffer->reserve(queries, plan_.width);
  }
  for (RowBuffer<T>* buffer : {&wide_, &narrow_, &dq_}) {
    buffer->reserve(queries, std::max(plan_.width, plan_.heads_width));
  }
  logits_.reserve(read, plan_.output_width);
  dkv_.reserve(rows, 2 * plan_.heads_width);
  d_hidden_.reserve(queries, plan_.hidden_width);
  inverse_final_.grow(read);
  std::size_t weights = 0;
  for (const CaseRows& part : all_) {
    weights += static_cast<std::size_t>(shape_.heads) * part.rows * part.span;
  }
  for (LayerState<T>& layer : layers_) {
    layer.norm_attention.reserve(rows, plan_.width);
    layer.norm_mlp.reserve(queries, plan_.width);
    layer.q.reserve(queries, plan_.heads_width);
    layer.attended.reserve(queries, plan_.heads_width);
    layer.key_value.reserve(rows, 2 * plan_.heads_width);
    layer.hidden.reserve(queries, plan_.mlp_width);
    layer.slope.reserve(queries, plan_.hidden_width);
    layer.inverse_attention.grow(rows);
    layer.inverse_mlp.grow(queries);
    layer.weights.grow(weights);
  }
}

// A row sees itself and what its parent sees.
template <class T>
void FusedPass<T>::build_masks(const TokenTree& tree) {
  all_.clear();
  read_.clear();
  reach_all_.resize(tree.rows());
  reach_read_.resize(tree.active_rows());
  std::size_t size = 0, largest = 0;
  for (int c = 0; c < tree.cases(); ++c) {
    const int first = tree.row_begin[c], rows = tree.row_begin[c + 1] - first;
    const int query = tree.active_begin[c], queries = tree.active_begin[c + 1] - query;
    const int span = padded(rows);
    for (int i = 0; i < rows; ++i) reach_all_[first + i] = i + 1;
    for (int i = query; i < query + queries; ++i) reach_read_[i] = tree.active[i] - first + 1;
    all_.push_back({first, rows, first, rows, span, nullptr, reach_all_.data() + first, size});
    read_.push_back({first, rows, query, queries, span, nullptr, reach_read_.data() + query, size});
    size += static_cast<std::size_t>(rows) * span;
    largest = std::max(largest, static_cast<std::size_t>(rows) * span);
  }
  mask_.grow(2 * size);
  scores_.grow(largest);
  T* next = mask_.data();
  for (std::size_t c = 0; c < all_.size(); ++c) {
    CaseRows &all = all_[c], &read = read_[c];
    all.mask = next;
    for (int i = 0; i < all.rows; ++i, next += all.span) {
      const int parent = tree.parent[all.first_row + i] - all.first_row;
      if (tree.parent[all.first_row + i] < 0) {
        std::fill_n(next, all.span, static_cast<T>(kMasked));
      } else {
        std::copy_n(all.mask + static_cast<std::size_t>(parent) * all.span, all.span, next);
      }
      next[i] = 0;
    }
    read.mask = next;
    for (int i = 0; i < read.queries; ++i, next += read.span) {
      const int row = tree.active[read.first_query + i] - read.first_row;
      std::copy_n(all.mask + static_cast<std::size_t>(row) * all.span, all.span, next);
    }
    turned_.grow(static_cast<std::size_t>(plan_.head_width) * all.span);
    all.weights *= shape_.heads;
    read.weights *= shape_.heads;
  }
}

template <class T>
void FusedPass<T>::embed(const TokenTree& tree, int at) {
  const T* flat = weights_.flat();
  const int d = shape_.width;
  for (int c = 0; c < tree.cases(); ++c) {
    for (int r = tree.row_begin[c]; r < tree.row_begin[c + 1]; ++r) {
      const int token = tree.token[r];
      const T* from = token < 0 ? image_.row(at + c) + (-1 - token) * plan_.width
                                : flat + shape_.embedding + static_cast<std::int64_t>(token) * d;
      T* to = x_.row(r);
      std::fill(std::copy_n(from, d, to), to + plan_.width, T(0));
      if (shape_.rotary) continue;
      const T* position = flat + shape_.positions + static_cast<std::int64_t>(tree.position[r]) * d;
      for (int j = 0; j < d; ++j) to[j] += position[j];
    }
  }
}

template <class T>
void FusedPass<T>::embed_backward(const TokenTree& tree, int at) {
  T* flat = weights_.flat_gradient();
  const int d = shape_.width;
  for (int c = 0; c < tree.cases(); ++c) {
    for (int r = tree.row_begin[c]; r < tree.row_begin[c + 1]; ++r) {
      const int token = tree.token[r];
      const T* from = dx_.row(r);
      T* to = token < 0 ? d_image_.row(at + c) + (-1 - token) * plan_.width
                        : flat + shape_.embedding + static_cast<std::int64_t>(token) * d;
      ops_.add_scaled(d, T(1), from, from, to);
      if (shape_.rotary) continue;
      T* position = flat + shape_.positions + static_cast<std::int64_t>(tree.position[r]) * d;
      ops_.add_scaled(d, T(1), from, from, position);
    }
  }
}

template <class T>
void FusedPass<T>::turn(const TokenTree& tree, int l, Rows<T> q, Rows<T> k, bool back) const {
  if (!shape_.rotary) return;
  for (int r = 0; r < tree.rows(); ++r) rotary_.turn(tree.position[r], back, k.row(r));
  const int queries = is_last(l) ? tree.active_rows() : tree.rows();
  for (int i = 0; i < queries; ++i) {
    rotary_.turn(tree.position[is_last(l) ? tree.active[i] : i], back, q.row(i));
  }
}

template <class T>
AttentionHead<T> FusedPass<T>::head_of(const CaseRows& part, int l, int head) {
  LayerState<T>& layer = layers_[l];
  const auto shift = [&](RowBuffer<T>& buffer, int row, int column) {
    return Rows<T>{buffer.row(row) + column, buffer.rows().stride};
  };
  const int at = head * plan_.head_width;
  const int value = plan_.heads_width + at;
  AttentionHead<T> out;
  out.queries = part.queries;
  out.keys = part.rows;
  out.span = part.span;
  out.width = plan_.head_width;
  out.scale = T(1) / std::sqrt(static_cast<T>(shape_.head_width));
  out.q = shift(layer.q, part.first_query, at);
  out.k = shift(layer.key_value, part.first_row, at);
  out.v = shift(layer.key_value, part.first_row, value);
  out.mask = part.mask;
  out.reach = part.reach;
  out.p =
      layer.weights.data() + part.weights + static_cast<std::size_t>(head) * part.rows * part.span;
  out.out = shift(layer.attended, part.first_query, at);
  out.turned = {turned_.data(), part.span};
  out.d_out = shift(narrow_, part.first_query, at);
  out.d_q = shift(dq_, part.first_query, at);
  out.d_k = shift(dkv_, part.first_row, at);
  out.d_v = shift(dkv_, part.first_row, value);
  out.d_scores = scores_.data();
  return out;
}

template <class T>
Rows<T> FusedPass<T>::forward(const TokenTree& tree, int at) {
  build_masks(tree);
  reserve(tree);
  embed(tree, at);
  const int last = static_cast<int>(layers_.size()) - 1;
  for (int l = 0; l <= last; ++l) {
    attention_forward(tree, l);
    mlp_forward(l, l == last ? tree.active_rows() : tree.rows());
  }
  const int read = tree.active_rows();
  ops_.norm(read, shape_.width, shape_.layer_norm, static_cast<T>(shape_.norm_epsilon),
            x_read_.rows(), norm_final_.rows(), inverse_final_.data());
  ops_.multiply(false, read, plan_.output_width, shape_.width, norm_final_.rows(),
                weights_.forward(plan_.output), logits_.rows());
  return logits_.rows();
}

template <class T>
void FusedPass<T>::backward(const TokenTree& tree, int at) {
  const int read = tree.active_rows();
  const Rows<T> d_logits = logits_.rows();
  ops_.multiply_transposed(shape_.width, plan_.output_width, read, norm_final_.rows(), d_logits,
                           weights_.gradient(plan_.output));
  ops_.multiply(false, read, plan_.width, plan_.output_width, d_logits,
                weights_.backward(plan_.output), wide_.rows());
  ops_.norm_backward(false, read, shape_.width, shape_.layer_norm, wide_.rows(), norm_final_.rows(),
                     inverse_final_.data(), dx_read_.rows());
  for (int l = static_cast<int>(layers_.size()) - 1; l >= 0; --l) {
    mlp_backward(l, is_last(l) ? read : tree.rows());
    attention_backward(tree, l);
  }
  embed_backward(tree, at);
}

template class FusedPass<float>;
template class FusedPass<double>;

}  // namespace tightrope
