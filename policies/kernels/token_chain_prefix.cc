// SPDX-License-Identifier: Apache-2.0
// Laws of a prefix under construction: sampling and full distributions of the token chain.
#include <cmath>

#include "policies/kernels/token_chain.h"
#include "policies/kernels/token_chain_inl.h"

namespace tightrope {

template <class T>
void TokenChain<T>::start(int case_in_block) {
  cursor_case_ = case_in_block;
  prefix_.clear();
}

template <class T>
void TokenChain<T>::push(Token token) {
  const int depth = static_cast<int>(prefix_.size());
  prefix_.push_back(token);
  const std::size_t needed = (prefix_.size() + 1) * shape_->width;  // one more for belief()
  if (bags_.size() < needed) bags_.resize(2 * needed);
  extend_bag(cursor_case_, depth, token, 0);
}

template <class T>
void TokenChain<T>::law(TokenRange range, std::span<double> out) {
  head_.clear();
  int record = -1;
  const T* last = last_row(cursor_case_, prefix_, &record);
  const T* bag = bag_row(static_cast<int>(prefix_.size()) - 1);
  law_row_.resize(shape_->width);
  T top = 0;
  const T sum = ops_.softmax(range.begin, range.end, bag, last, law_row_.data(), &top);
  const double log_sum = std::log(static_cast<double>(sum));
  for (Token token = range.begin; token < range.end; ++token) {
    const T logit = bag[token] + last[token];
    out[token - range.begin] = static_cast<double>(logit - top) - log_sum;
  }
}

template <class T>
void TokenChain<T>::belief(std::span<double> out) {
  push(Vocabulary::answer_now());
  law({shape_->vocabulary.first_disease(), shape_->vocabulary.first_attribute()}, out);
  prefix_.pop_back();
}

template void TokenChain<float>::start(int);
template void TokenChain<double>::start(int);
template void TokenChain<float>::push(Token);
template void TokenChain<double>::push(Token);
template void TokenChain<float>::law(TokenRange, std::span<double>);
template void TokenChain<double>::law(TokenRange, std::span<double>);
template void TokenChain<float>::belief(std::span<double>);
template void TokenChain<double>::belief(std::span<double>);

}  // namespace tightrope
