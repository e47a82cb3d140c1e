// SPDX-License-Identifier: Apache-2.0
// A free logit per (context, prefix, token); the context is the largest image channel.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "policies/kernels/law.h"
#include "policies/kernels/prefix_states.h"

namespace tightrope {

template <class T>
class TabularKernel final : public LawKernel<T> {
 public:
  TabularKernel(Vocabulary vocabulary, std::shared_ptr<const PrefixStates> states, int channels)
      : vocabulary_(std::move(vocabulary)), states_(std::move(states)), channels_(channels) {}

  void open(std::span<const T> parameters, std::span<const float> images, int count) override;
  void forward(const CaseRange& range, std::span<double> log_prob) override;
  void backward(const CaseRange& range, std::span<const double> d_log_prob,
                std::span<T> gradient) override;
  void close(std::span<T>) override {}
  void start(int case_in_block) override;
  void push(Token token) override;
  void law(TokenRange range, std::span<double> out) override;
  void belief(std::span<double> out) override;

 private:
  // Place in the table of the logits of a state; the state must exist.
  std::int64_t row(int case_in_block, int state) const {
    return (static_cast<std::int64_t>(context_[case_in_block]) * states_->size() + state) *
           vocabulary_.size();
  }
  // Log-probs over a range from the logits of a row, into law_.
  void fill_law(std::int64_t row, TokenRange range);
  // Calls visit(place of the token in the group, token, state before it) for the scored tokens.
  template <class Visit>
  void for_each_scored(const CaseRange& range, Visit visit) const;

  Vocabulary vocabulary_;
  std::shared_ptr<const PrefixStates> states_;
  int channels_;
  std::span<const T> parameters_;
  std::vector<int> context_;  // [kBlock]
  std::vector<double> law_;
  int cursor_case_ = 0;
  int cursor_ = -1;
  Token last_ = 0;
};

extern template class TabularKernel<float>;
extern template class TabularKernel<double>;

}  // namespace tightrope
