// SPDX-License-Identifier: Apache-2.0
// Forward passes of the token chain; token_chain_gradient.cc holds the backward pass.
#include "policies/kernels/token_chain.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "policies/kernels/token_chain_inl.h"

namespace tightrope {

template <class T>
TokenChain<T>::TokenChain(std::shared_ptr<const LogLinearShape> shape)
    : shape_(std::move(shape)),
      ops_(row_ops<T>()),
      head_(shape_->head),
      low_width_(padded(shape_->vocabulary.first_attribute())) {
  features_.resize(static_cast<std::size_t>(LawKernel<T>::kBlock) * 2 * shape_->channels);
  base_.resize(static_cast<std::size_t>(LawKernel<T>::kBlock) * shape_->width);
  d_base_.resize(base_.size());
  bags_.resize(static_cast<std::size_t>(shape_->max_tokens) * shape_->width);
  last_.resize(shape_->width);
}

template <class T>
void TokenChain<T>::open(std::span<const T> parameters, std::span<const float> images, int count) {
  const LogLinearShape& shape = *shape_;
  const int c = shape.channels;
  parameters_ = parameters.data();
  count_ = count;
  for (int n = 0; n < count; ++n) {
    T* features = features_.data() + static_cast<std::size_t>(n) * 2 * c;
    for (int i = 0; i < c; ++i) {
      features[i] = static_cast<T>(images[static_cast<std::size_t>(n) * c + i]);
      features[c + i] = std::min(std::abs(features[i]), static_cast<T>(shape.options.clamp));
    }
    std::copy_n(row_of(shape.bias, 0), shape.width,
                base_.data() + static_cast<std::size_t>(n) * shape.width);
  }
  std::fill(d_base_.begin(), d_base_.end(), T(0));
  add_image_part(0, !shape.options.gate);
  add_image_part(1, !shape.options.gate && shape.options.answer_absolute);
  if (head_.present()) head_.open(parameters_, features_.data(), 2 * c, count);
}

template <class T>
void TokenChain<T>::add_image_part(int half, bool feeds_diagnosis) {
  const int c = shape_->channels;
  const int width = shape_->width;
  const int first = shape_->vocabulary.first_disease();
  const int diseases = shape_->vocabulary.diseases();
  std::vector<T>& kept = diagnosis_columns_;
  kept.resize(static_cast<std::size_t>(count_) * diseases);
  for (int n = 0; !feeds_diagnosis && n < count_; ++n) {
    std::copy_n(base_.data() + n * width + first, diseases, kept.data() + n * diseases);
  }
  ops_.multiply(count_, c, width, features_.data() + half * c, 2 * c,
                row_of(shape_->weights, half * c), width, base_.data(), width);
  for (int n = 0; !feeds_diagnosis && n < count_; ++n) {
    std::copy_n(kept.data() + n * diseases, diseases, base_.data() + n * width + first);
  }
}

template <class T>
void TokenChain<T>::forward(const CaseRange& range, std::span<double> log_prob) {
  nodes_.clear();
  head_.clear();
  node_of_.assign(range.end_token() - range.begin_token(), -1);
  for (int b = 0; b < range.cases; ++b) {
    const int begin = range.batch->group_begin[range.first_case + b];
    const int end = range.batch->group_begin[range.first_case + b + 1];
    for (int n = begin; n < end; ++n) {
      forward_trajectory(range, n, range.first_in_block + b, n == begin, log_prob);
    }
  }
}

// Walks the grammar: ranges of the laws, and how many of them are needed.
template <class T>
void TokenChain<T>::scan(std::span<const Token> tokens, std::span<const std::uint8_t> mask) {
  const Grammar& grammar = shape_->grammar;
  const int length = static_cast<int>(tokens.size());
  TR_CHECK(length > 0 && tokens[0] == Vocabulary::think() && mask[0] == 0,
           "a trajectory starts with <think>, unscored");
  ranges_.resize(length);
  laws_ = 0;
  ordered_ = true;
  Grammar::State state = Grammar::start();
  for (int t = 0; t + 1 < length; ++t) {
    ranges_[t] = grammar.allowed(state);
    const Token next = tokens[t + 1];
    if (mask[t + 1] != 0) {
      TR_REQUIRE(ranges_[t].contains(next),
                 "token {} of a trajectory, {}, is scored but not allowed after {}; the policy's "
                 "grammar mask is on",
                 t + 1, shape_->vocabulary.name(next), shape_->vocabulary.name(tokens[t]));
      if (ranges_[t].size() > 1) laws_ = t + 1;
    }
    if (!ranges_[t].contains(next) && next != Vocabulary::answer_now()) ordered_ = false;
    state = grammar.next(state, next);
  }
}

template <class T>
void TokenChain<T>::forward_trajectory(const CaseRange& range, int n, int case_in_block, bool first,
                                       std::span<double> log_prob) {
  const TokenBatch& batch = *range.batch;
  const std::span<const Token> tokens = batch.tokens_of(n);
  const int begin = batch.offset[n];
  const auto mask = std::span(batch.mask).subspan(begin, tokens.size());
  scan(tokens, mask);
  std::swap(path_, previous_path_);
  path_.clear();
  if (!first && ordered_) {  // positions with the same prefix as in the trajectory before
    const int most = std::min(laws_, static_cast<int>(previous_path_.size()));
    for (int t = 0; t < most && tokens[t] == previous_[t]; ++t) path_.push_back(previous_path_[t]);
  }
  const std::size_t needed = static_cast<std::size_t>(laws_) * shape_->width;
  if (bags_.size() < needed) bags_.resize(needed);
  for (int t = static_cast<int>(path_.size()); t < laws_; ++t) {
    path_.push_back(add_node(tokens[t], t, case_in_block));
  }
  double* out = log_prob.data() + (begin - range.begin_token());
  int* node_of = node_of_.data() + (begin - range.begin_token());
  for (int t = 0; t < static_cast<int>(tokens.size()); ++t) {
    out[t] = 0;
    if (mask[t] == 0 || ranges_[t - 1].size() == 1) continue;
    const int node = path_[t - 1];
    if (!nodes_[node].scored) score(node, t - 1, tokens.first(t));
    out[t] = log_prob_of(nodes_[node], t - 1, tokens[t]);
    node_of[t] = node;
  }
  previous_.assign(tokens.begin(), tokens.end());
}

template <class T>
int TokenChain<T>::add_node(Token token, int depth, int case_in_block) {
  Node node;
  node.token = token;
  node.parent = depth > 0 ? path_[depth - 1] : -1;
  node.case_in_block = case_in_block;
  node.range = ranges_[depth];
  if (shape_->grammar.masked() && ordered_) {
    // Findings before the range cannot follow any more; after the chain none can.
    const Vocabulary& vocabulary = shape_->vocabulary;
    const bool chain_over = mode_of(token) != kModeNone || vocabulary.is_disease(token);
    if (chain_over) {
      node.live = shape_->width;
    } else if (node.range.begin >= vocabulary.first_attribute()) {
      node.live = block_floor(node.range.begin);
    }
  }
  if (node.parent >= 0) node.live = std::max(node.live, nodes_[node.parent].live);
  extend_bag(case_in_block, depth, token, node.live);
  nodes_.push_back(node);
  const std::size_t needed = nodes_.size() * shape_->width;
  if (rows_.size() < needed) rows_.resize(2 * needed);
  return static_cast<int>(nodes_.size()) - 1;
}

template <class T>
void TokenChain<T>::extend_bag(int case_in_block, int depth, Token token, int live) {
  const T scale = static_cast<T>(shape_->options.bag_scale);
  const T* before = depth > 0
                        ? bag_row(depth - 1)
                        : base_.data() + static_cast<std::size_t>(case_in_block) * shape_->width;
  const T* row = row_of(shape_->bag, token);
  T* after = bag_row(depth);
  on_live(live, [&](int begin, int n) {
    ops_.add_to(n, before + begin, scale, row + begin, after + begin);
  });
}

template <class T>
AnswerMode TokenChain<T>::mode_of(Token token) const {
  if (token == shape_->vocabulary.end_think()) return kModeEndThink;
  return token == Vocabulary::answer_now() ? kModeAnswerNow : kModeNone;
}

template <class T>
const T* TokenChain<T>::last_row(int case_in_block, std::span<const Token> prefix, int* record) {
  const T* row = row_of(shape_->last, prefix.back());
  const AnswerMode mode = mode_of(prefix.back());
  *record = -1;
  if (!head_.present() || mode == kModeNone) return row;
  std::copy_n(row, shape_->width, last_.data());
  *record =
      head_.forward(case_in_block, mode, prefix, last_.data() + shape_->vocabulary.first_disease());
  return last_.data();
}

template <class T>
void TokenChain<T>::score(int index, int depth, std::span<const Token> prefix) {
  Node& node = nodes_[index];
  const T* last = last_row(node.case_in_block, prefix, &node.answer);
  if (node.answer >= 0) {
    kept_.resize(std::max(kept_.size(), static_cast<std::size_t>(node.answer + 1) * shape_->width));
    std::copy_n(last, shape_->width,
                kept_.data() + static_cast<std::size_t>(node.answer) * shape_->width);
  }
  T* row = node_row(index);
  on_live(node.live, [&](int begin, int n) { std::fill_n(row + begin, n, T(0)); });
  node.sum = ops_.softmax(node.range.begin, node.range.end, bag_row(depth), last, row, &node.top);
  node.scored = true;
}

template <class T>
double TokenChain<T>::log_prob_of(const Node& node, int depth, Token target) {
  const T* last = node.answer >= 0
                      ? kept_.data() + static_cast<std::size_t>(node.answer) * shape_->width
                      : row_of(shape_->last, node.token);
  const T logit = bag_row(depth)[target] + last[target];
  return static_cast<double>(logit - node.top) - std::log(static_cast<double>(node.sum));
}

template class TokenChain<float>;
template class TokenChain<double>;

}  // namespace tightrope
