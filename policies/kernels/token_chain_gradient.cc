// SPDX-License-Identifier: Apache-2.0
// Backward pass of the token chain. With d = dL/d logits of a prefix's law:
//   dE2[last token] += d,   dE1[token] += s * (sum of d over the prefixes that contain the token),
//   d(b + W f(v)) = sum of d over all prefixes of the case,
// the sums being taken from the leaves of the prefix tree to its root.
#include <algorithm>

#include "policies/kernels/token_chain.h"
#include "policies/kernels/token_chain_inl.h"

namespace tightrope {

template <class T>
void TokenChain<T>::backward(const CaseRange& range, std::span<const double> d_log_prob,
                             std::span<T> gradient) {
  for (std::size_t i = 0; i < node_of_.size(); ++i) {
    if (node_of_[i] >= 0) nodes_[node_of_[i]].d_total += d_log_prob[i];
  }
  finish_rows();
  const Token* tokens = range.batch->tokens.data() + range.begin_token();
  for (std::size_t i = 0; i < node_of_.size(); ++i) {
    if (node_of_[i] >= 0) node_row(node_of_[i])[tokens[i]] += static_cast<T>(d_log_prob[i]);
  }
  add_own_rows(gradient.data());
  add_bag_rows(gradient.data());
}

// Rows become -(sum of dL/d log_prob) p; the targets are added after.
template <class T>
void TokenChain<T>::finish_rows() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    T* row = node_row(static_cast<int>(i));
    if (node.scored) {
      const int begin = block_floor(node.range.begin);
      const T factor = static_cast<T>(-node.d_total / static_cast<double>(node.sum));
      ops_.scale(padded(node.range.end) - begin, factor, row + begin);
    } else {
      on_live(node.live, [&](int begin, int n) { std::fill_n(row + begin, n, T(0)); });
    }
  }
}

template <class T>
void TokenChain<T>::add_own_rows(T* gradient) {
  const int diseases = shape_->vocabulary.diseases();
  std::vector<T>& d_answer = d_answer_;
  d_answer.assign(shape_->head.width, T(0));
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (!node.scored) continue;
    const T* row = node_row(static_cast<int>(i));
    const int begin = block_floor(node.range.begin);
    const std::int64_t last = shape_->last + static_cast<std::int64_t>(node.token) * shape_->width;
    ops_.add(padded(node.range.end) - begin, T(1), row + begin, gradient + last + begin);
    if (node.answer < 0) continue;
    std::copy_n(row + shape_->vocabulary.first_disease(), diseases, d_answer.data());
    head_.backward(node.answer, d_answer.data(), gradient);
  }
}

template <class T>
void TokenChain<T>::add_bag_rows(T* gradient) {
  const T scale = static_cast<T>(shape_->options.bag_scale);
  for (int i = static_cast<int>(nodes_.size()) - 1; i >= 0; --i) {
    const Node& node = nodes_[i];
    const T* row = node_row(i);
    T* bag = gradient + shape_->bag + static_cast<std::int64_t>(node.token) * shape_->width;
    T* above = node.parent >= 0
                   ? node_row(node.parent)
                   : d_base_.data() + static_cast<std::size_t>(node.case_in_block) * shape_->width;
    on_live(node.live, [&](int begin, int n) {
      ops_.add(n, scale, row + begin, bag + begin);
      ops_.add(n, T(1), row + begin, above + begin);
    });
  }
}

template <class T>
void TokenChain<T>::close(std::span<T> gradient) {
  const int c = shape_->channels;
  const int width = shape_->width;
  const int first = shape_->vocabulary.first_disease();
  const int diseases = shape_->vocabulary.diseases();
  for (int n = 0; n < count_; ++n) {
    ops_.add(width, T(1), d_base_.data() + n * width, gradient.data() + shape_->bias);
  }
  const auto no_diagnosis = [&] {  // image features that do not feed the diagnosis
    for (int n = 0; n < count_; ++n) {
      std::fill_n(d_base_.data() + n * width + first, diseases, T(0));
    }
  };
  const auto product = [&](int half) {
    ops_.multiply_transposed(
        count_, c, width, features_.data() + half * c, 2 * c, d_base_.data(), width,
        gradient.data() + shape_->weights + static_cast<std::int64_t>(half) * c * width, width);
  };
  if (shape_->options.gate) no_diagnosis();
  product(0);
  if (!shape_->options.answer_absolute) no_diagnosis();
  product(1);
  if (head_.present()) head_.close(gradient.data());
}

template void TokenChain<float>::backward(const CaseRange&, std::span<const double>,
                                          std::span<float>);
template void TokenChain<double>::backward(const CaseRange&, std::span<const double>,
                                           std::span<double>);
template void TokenChain<float>::finish_rows();
template void TokenChain<float>::add_own_rows(float*);
template void TokenChain<float>::add_bag_rows(float*);
template void TokenChain<double>::finish_rows();
template void TokenChain<double>::add_own_rows(double*);
template void TokenChain<double>::add_bag_rows(double*);
template void TokenChain<float>::close(std::span<float>);
template void TokenChain<double>::close(std::span<double>);

}  // namespace tightrope
