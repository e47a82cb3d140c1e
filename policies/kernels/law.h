// SPDX-License-Identifier: Apache-2.0
// What a hand-written policy kernel must offer: next-token laws of prefixes, and forward and
// backward passes over groups of trajectories. law_policy.h makes a Policy out of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/api/policy.h"

namespace tightrope {

// Trajectories `begin_trajectory()..end_trajectory()` of cases [first_case, first_case + cases).
struct CaseRange {
  const TokenBatch* batch = nullptr;
  int first_case = 0;
  int cases = 0;
  int first_in_block = 0;  // place of first_case among the images given to open()

  int begin_trajectory() const { return batch->group_begin[first_case]; }
  int end_trajectory() const { return batch->group_begin[first_case + cases]; }
  int begin_token() const { return batch->offset[begin_trajectory()]; }
  int end_token() const { return batch->offset[end_trajectory()]; }
};

// One thread's kernel state. T is float in use and double in gradient checks. Calls come as
//   open, { forward, backward }..., close     for training,
//   open, { forward }...                      for evaluation,
//   open, { start, law, push, law, ... }...   for sampling and distributions.
template <class T>
class LawKernel : public Workspace {
 public:
  static constexpr int kBlock = 16;  // most cases between open and close
  static constexpr int kGroup = 4;   // cases per forward: their rows stay in cache until backward

  // Computes what depends on the images [count, C] alone; keeps the span of the parameters.
  virtual void open(std::span<const T> parameters, std::span<const float> images, int count) = 0;
  // log_prob of the range's tokens (0 where the mask is 0). Throws InputError for a scored token
  // that the grammar forbids.
  virtual void forward(const CaseRange& range, std::span<double> log_prob) = 0;
  // From dL/d log_prob of the last forward; adds to the parameter gradient.
  virtual void backward(const CaseRange& range, std::span<const double> d_log_prob,
                        std::span<T> gradient) = 0;
  // Adds the part of the gradient that is a product with the images of the block.
  virtual void close(std::span<T> gradient) = 0;

  // A prefix under construction: start() is the state before <think> is pushed.
  virtual void start(int case_in_block) = 0;
  virtual void push(Token token) = 0;
  // Log-probs of the tokens of `range` after the prefix, normalised over the range; out[0] belongs
  // to range.begin. The same bits as forward where forward uses the same range.
  virtual void law(TokenRange range, std::span<double> out) = 0;
  // Log-probs of the diagnosis [Z] read out by <answer_now> after the prefix, without pushing it.
  virtual void belief(std::span<double> out) = 0;
};

// Policy::step for any scalar. `log_prob` and `d_log_prob` are scratch.
template <class T>
void run_step(LawKernel<T>& kernel, std::span<const T> parameters, const TokenBatch& batch,
              const TokenData& data, Pullback& pullback, std::span<T> gradient,
              std::vector<double>& log_prob, std::vector<double>& d_log_prob) {
  const auto part = [](auto span, int begin, int end) { return span.subspan(begin, end - begin); };
  for (int block = 0; block < batch.cases(); block += LawKernel<T>::kBlock) {
    const int count = std::min(LawKernel<T>::kBlock, batch.cases() - block);
    kernel.open(parameters,
                std::span(batch.images).subspan(static_cast<std::size_t>(block) * batch.channels),
                count);
    for (int first = 0; first < count; first += LawKernel<T>::kGroup) {
      const CaseRange range{&batch, block + first, std::min(LawKernel<T>::kGroup, count - first),
                            first};
      const int begin = range.begin_token();
      const int end = range.end_token();
      log_prob.assign(end - begin, 0.0);
      d_log_prob.assign(end - begin, 0.0);
      kernel.forward(range, log_prob);
      Group group;
      group.first_case = range.first_case;
      group.first_trajectory = range.begin_trajectory();
      group.group_begin =
          part(std::span(batch.group_begin), range.first_case, range.first_case + range.cases + 1);
      group.offset =
          part(std::span(batch.offset), range.begin_trajectory(), range.end_trajectory() + 1);
      group.mask = part(std::span(batch.mask), begin, end);
      group.log_prob = log_prob;
      group.data = data.part(begin, end);
      group.tokens = part(std::span(batch.tokens), begin, end);
      pullback(group, {d_log_prob});
      kernel.backward(range, d_log_prob, gradient);
    }
    kernel.close(gradient);
  }
}

// Policy::evaluate for any scalar.
template <class T>
void run_evaluate(LawKernel<T>& kernel, std::span<const T> parameters, const TokenBatch& batch,
                  std::span<double> log_prob) {
  for (int block = 0; block < batch.cases(); block += LawKernel<T>::kBlock) {
    const int count = std::min(LawKernel<T>::kBlock, batch.cases() - block);
    kernel.open(parameters,
                std::span(batch.images).subspan(static_cast<std::size_t>(block) * batch.channels),
                count);
    for (int first = 0; first < count; first += LawKernel<T>::kGroup) {
      const CaseRange range{&batch, block + first, std::min(LawKernel<T>::kGroup, count - first),
                            first};
      kernel.forward(
          range, log_prob.subspan(range.begin_token(), range.end_token() - range.begin_token()));
    }
  }
}

}  // namespace tightrope
