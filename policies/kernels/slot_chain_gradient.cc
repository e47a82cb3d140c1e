// SPDX-License-Identifier: Apache-2.0
// Backward pass of the slot chain: every slot is decided by at most one scored token, so
// dL/d logits_k = g (1{decided class} - p_k) with that token's gradient g.
#include <algorithm>

#include "policies/kernels/slot_chain.h"

namespace tightrope {

template <class T>
void SlotChain<T>::backward(const CaseRange& /*range*/, std::span<const double> d_log_prob,
                            std::span<T> gradient) {
  for (int i = 0; i < used_; ++i) {
    const Walk& walk = walks_[i];
    backward_slots(walk, d_log_prob, gradient.data());
    if (walk.category_place >= 0) backward_category(walk, d_log_prob[walk.category_place]);
    if (walk.answer_place >= 0) {
      backward_answer(walk, d_log_prob[walk.answer_place], gradient.data());
    }
  }
}

template <class T>
void SlotChain<T>::backward_slots(const Walk& walk, std::span<const double> d_log_prob,
                                  T* gradient) {
  const int slots = shape_->slots;
  std::vector<T>& d = slot_logits_;
  std::fill(d.begin(), d.end(), T(0));
  for (std::size_t k = 0; k < walk.slot_place.size(); ++k) {
    if (walk.slot_place[k] < 0) continue;
    const T g = static_cast<T>(d_log_prob[walk.slot_place[k]]);
    for (int c = 0; c < 4; ++c) d[c * slots + k] = -g * walk.slot_p[c * slots + k];
    d[walk.slot_class[k] * slots + k] += g;
  }
  const int width = shape_->slot_width;
  ops_.add(width, T(1), d.data(),
           d_slot_base_.data() + static_cast<std::size_t>(walk.case_in_block) * width);
  for (const Token token : walk.bag) {
    add_slots(token, d.data(),
              gradient + shape_->slot_tokens + static_cast<std::int64_t>(token) * width);
  }
}

template <class T>
void SlotChain<T>::backward_category(const Walk& walk, double d_log_prob) {
  const int width = shape_->category_width;
  T* d = d_category_base_.data() + static_cast<std::size_t>(walk.case_in_block) * width;
  ops_.add(width, static_cast<T>(-d_log_prob / static_cast<double>(walk.category_sum)),
           walk.category_p.data(), d);
  d[walk.category] += static_cast<T>(d_log_prob);
}

template <class T>
void SlotChain<T>::backward_answer(const Walk& walk, double d_log_prob, T* gradient) {
  const int width = shape_->head.width;
  std::fill(d_answer_.begin(), d_answer_.end(), T(0));
  ops_.add(width, static_cast<T>(-d_log_prob / static_cast<double>(walk.answer_sum)),
           walk.answer_p.data(), d_answer_.data());
  d_answer_[walk.disease] += static_cast<T>(d_log_prob);
  ops_.add(width, T(1), d_answer_.data(),
           gradient + shape_->answer_bias + static_cast<std::int64_t>(walk.mode) * width);
  for (const Token token : walk.bag) {
    ops_.add(width, T(1), d_answer_.data(),
             gradient + shape_->answer_tokens + static_cast<std::int64_t>(token) * width);
  }
  head_.backward(walk.answer_record, d_answer_.data(), gradient);
}

template <class T>
void SlotChain<T>::close(std::span<T> gradient) {
  const int c = shape_->channels;
  const auto product = [&](std::int64_t weights, std::int64_t bias, int width,
                           const std::vector<T>& d_base) {
    for (int n = 0; n < count_; ++n) {
      ops_.add(width, T(1), d_base.data() + n * width, gradient.data() + bias);
    }
    ops_.multiply_transposed(count_, c, width, features_.data(), 2 * c, d_base.data(), width,
                             gradient.data() + weights, width);
  };
  product(shape_->slot_weights, shape_->slot_bias, shape_->slot_width, d_slot_base_);
  if (shape_->category_width > 0) {
    product(shape_->category_weights, shape_->category_bias, shape_->category_width,
            d_category_base_);
  }
  head_.close(gradient.data());
}

#define TR_INSTANTIATE(T)                                                                        \
  template void SlotChain<T>::backward(const CaseRange&, std::span<const double>, std::span<T>); \
  template void SlotChain<T>::backward_slots(const Walk&, std::span<const double>, T*);          \
  template void SlotChain<T>::backward_category(const Walk&, double);                            \
  template void SlotChain<T>::backward_answer(const Walk&, double, T*);                          \
  template void SlotChain<T>::close(std::span<T>)
TR_INSTANTIATE(float);
TR_INSTANTIATE(double);
#undef TR_INSTANTIATE

}  // namespace tightrope
