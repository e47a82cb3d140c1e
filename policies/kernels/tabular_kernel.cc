// SPDX-License-Identifier: Apache-2.0
#include "policies/kernels/tabular_kernel.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {

template <class T>
void TabularKernel<T>::open(std::span<const T> parameters, std::span<const float> images,
                            int count) {
  parameters_ = parameters;
  context_.resize(count);
  for (int n = 0; n < count; ++n) {
    const auto image = images.subspan(static_cast<std::size_t>(n) * channels_, channels_);
    context_[n] = static_cast<int>(std::max_element(image.begin(), image.end()) - image.begin());
  }
}

template <class T>
void TabularKernel<T>::fill_law(std::int64_t row, TokenRange range) {
  law_.resize(range.size());
  for (Token token = range.begin; token < range.end; ++token) {
    law_[token - range.begin] = static_cast<double>(parameters_[row + token]);
  }
  const double total = log_sum_exp(law_);
  for (double& value : law_) value -= total;
}

template <class T>
template <class Visit>
void TabularKernel<T>::for_each_scored(const CaseRange& range, Visit visit) const {
  const TokenBatch& batch = *range.batch;
  for (int b = 0; b < range.cases; ++b) {
    const int group = range.first_case + b;
    for (int n = batch.group_begin[group]; n < batch.group_begin[group + 1]; ++n) {
      const std::span<const Token> tokens = batch.tokens_of(n);
      int state = 0;
      for (std::size_t t = 1; t < tokens.size(); ++t) {
        const std::size_t place = static_cast<std::size_t>(batch.offset[n]) + t;
        const bool answered = vocabulary_.is_disease(tokens[t - 1]);
        if (batch.mask[place] != 0 && !answered) {
          TR_REQUIRE(state >= 0 && states_->range(state).contains(tokens[t]),
                     "token {} of a trajectory, {}, is scored but not allowed after {}", t,
                     vocabulary_.name(tokens[t]), vocabulary_.name(tokens[t - 1]));
          visit(place - range.begin_token(), tokens[t], range.first_in_block + b, state);
        }
        if (state >= 0) state = states_->next(state, tokens[t]);
      }
    }
  }
}

template <class T>
void TabularKernel<T>::forward(const CaseRange& range, std::span<double> log_prob) {
  std::fill(log_prob.begin(), log_prob.end(), 0.0);
  for_each_scored(range, [&](std::size_t place, Token token, int case_in_block, int state) {
    fill_law(row(case_in_block, state), states_->range(state));
    log_prob[place] = law_[token - states_->range(state).begin];
  });
}

template <class T>
void TabularKernel<T>::backward(const CaseRange& range, std::span<const double> d_log_prob,
                                std::span<T> gradient) {
  for_each_scored(range, [&](std::size_t place, Token token, int case_in_block, int state) {
    const TokenRange allowed = states_->range(state);
    const std::int64_t first = row(case_in_block, state);
    fill_law(first, allowed);
    for (Token other = allowed.begin; other < allowed.end; ++other) {
      const double hit = other == token ? 1.0 : 0.0;
      gradient[first + other] +=
          static_cast<T>(d_log_prob[place] * (hit - std::exp(law_[other - allowed.begin])));
    }
  });
}

template <class T>
void TabularKernel<T>::start(int case_in_block) {
  cursor_case_ = case_in_block;
  cursor_ = -1;
}

template <class T>
void TabularKernel<T>::push(Token token) {
  const bool first = token == Vocabulary::think();
  cursor_ = first ? 0 : (cursor_ < 0 ? -1 : states_->next(cursor_, token));
  last_ = token;
}

template <class T>
void TabularKernel<T>::law(TokenRange range, std::span<double> out) {
  if (range.size() == 1) {  // one token alone may follow
    out[0] = 0;
    return;
  }
  TR_REQUIRE(cursor_ >= 0, "the tabular policy has no law after {} of an ungrammatical trajectory",
             vocabulary_.name(last_));
  fill_law(row(cursor_case_, cursor_), range);
  std::copy(law_.begin(), law_.end(), out.begin());
}

template <class T>
void TabularKernel<T>::belief(std::span<double> out) {
  const int here = cursor_;
  push(Vocabulary::answer_now());
  law({vocabulary_.first_disease(), vocabulary_.first_attribute()}, out);
  cursor_ = here;
}

template class TabularKernel<float>;
template class TabularKernel<double>;

}  // namespace tightrope
