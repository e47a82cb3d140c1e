// SPDX-License-Identifier: Apache-2.0
// The slot chain (hazard form). Each attribute slot k has a four-way law over silence, two synonyms
// and absence,
//   logits_k = b_k + v Ws_k + sum of Es_k over the category and the findings before slot k,
// and after a last mention k0 the next token (k, c) has probability
//   prod_{k0 < i < k} P(silence_i) * P(c_k),   </think>: prod_{i > k0} P(silence_i)
// (1 at the cap of mentions). The category has a softmax of v, the diagnosis
//   logits = b[mode] + sum of Et over category and findings + the answer head.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "policies/kernels/answer_head.h"
#include "policies/kernels/law.h"
#include "policies/kernels/log_linear_shape.h"

namespace tightrope {

template <class T>
class SlotChain final : public LawKernel<T> {
 public:
  explicit SlotChain(std::shared_ptr<const LogLinearShape> shape);

  void open(std::span<const T> parameters, std::span<const float> images, int count) override;
  void forward(const CaseRange& range, std::span<double> log_prob) override;
  void backward(const CaseRange& range, std::span<const double> d_log_prob,
                std::span<T> gradient) override;
  void close(std::span<T> gradient) override;
  void start(int case_in_block) override;
  void push(Token token) override;
  void law(TokenRange range, std::span<double> out) override;
  void belief(std::span<double> out) override;

 private:
  // A trajectory of the group: which scored token decided each slot and the other laws.
  struct Walk {
    int case_in_block = 0;
    int category_place = -1;  // place in the group of the scored token, or -1
    int answer_place = -1;
    int category = 0;
    int disease = 0;
    AnswerMode mode = kModeNone;
    int answer_record = -1;
    T category_sum = 0, answer_sum = 0;
    std::vector<Token> bag;       // category and findings, in order
    std::vector<int> slot_place;  // [K] place of the token that decided the slot, or -1
    std::vector<std::uint8_t> slot_class;
    std::vector<T> slot_p;      // [4, slots]
    std::vector<T> category_p;  // [category_width] exp(logit - top)
    std::vector<T> answer_p;    // [head.width] exp(logit - top)
  };

  const T* row_of(std::int64_t view, std::int64_t row, int width) const {
    return parameters_ + view + row * width;
  }
  // Adds a slot row to another in the slots behind the token (all slots for a category).
  void add_slots(Token token, const T* from, T* to) const;
  void decide(Walk& walk, int begin, int end, int place) const;
  void walk_tokens(const CaseRange& range, int n, Walk& walk);
  void score_slots(Walk& walk, std::span<double> log_prob);
  double category_law(int case_in_block, T* row, T* sum, int category);
  // Fills answer_logits_ and the row of exponentials; returns the log of their sum plus the top.
  double answer_law(int case_in_block, AnswerMode mode, std::span<const Token> bag, T* row, T* sum,
                    int* record);
  void backward_slots(const Walk& walk, std::span<const double> d_log_prob, T* gradient);
  void backward_category(const Walk& walk, double d_log_prob);
  void backward_answer(const Walk& walk, double d_log_prob, T* gradient);

  std::shared_ptr<const LogLinearShape> shape_;
  const RowOps<T>& ops_;
  AnswerHead<T> head_;
  int count_ = 0;
  const T* parameters_ = nullptr;
  std::vector<T> features_;                          // [kBlock, 2 C]
  std::vector<T> slot_base_, d_slot_base_;           // [kBlock, 4, slots]
  std::vector<T> category_base_, d_category_base_;   // [kBlock, category_width]
  std::vector<T> slot_logits_, slot_p_;              // [4, slots]
  std::vector<T> answer_logits_, d_answer_, zeros_;  // [width]
  std::vector<Walk> walks_;
  int used_ = 0;

  // The prefix under construction.
  int cursor_case_ = 0;
  Token last_ = 0;
  std::vector<Token> bag_;
  std::vector<T> cursor_logits_;  // [4, slots]
};

extern template class SlotChain<float>;
extern template class SlotChain<double>;

}  // namespace tightrope
