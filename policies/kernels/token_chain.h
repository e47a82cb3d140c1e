// SPDX-License-Identifier: Apache-2.0
// The token chain: a softmax over the tokens the grammar allows,
//   logits = b + W f(v) + s sum_{i<=t} E1[y_i] + E2[y_t] (+ the answer head after a mode token),
//   f(v) = [v, min(|v|, clamp)].
// Trajectories of one case form a tree of prefixes, so what they share is computed once; W f(v) is
// one small matrix product per block of cases, and so is its gradient.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "policies/kernels/answer_head.h"
#include "policies/kernels/law.h"
#include "policies/kernels/log_linear_shape.h"

namespace tightrope {

template <class T>
class TokenChain final : public LawKernel<T> {
 public:
  explicit TokenChain(std::shared_ptr<const LogLinearShape> shape);

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
  // A prefix of the group's trajectories, with the law of the token after it.
  struct Node {
    Token token = 0;
    int parent = -1;
    int case_in_block = 0;
    int live = 0;         // columns [0, low_width) and [live, width) hold numbers
    TokenRange range;     // of its law
    bool scored = false;  // the law was computed
    int answer = -1;      // record of the answer head
    T top = 0, sum = 0;
    double d_total = 0;  // sum of dL/d log_prob over its targets
  };

  const T* row_of(std::int64_t view, int row) const {
    return parameters_ + view + static_cast<std::int64_t>(row) * shape_->width;
  }
  T* node_row(int node) { return rows_.data() + static_cast<std::size_t>(node) * shape_->width; }
  T* bag_row(int depth) { return bags_.data() + static_cast<std::size_t>(depth) * shape_->width; }
  AnswerMode mode_of(Token token) const;
  // The last-token row, with the answer head added when a diagnosis follows.
  const T* last_row(int case_in_block, std::span<const Token> prefix, int* record);
  // Adds one half of f(v) (0: v, 1: min(|v|, clamp)) to the base rows.
  void add_image_part(int half, bool feeds_diagnosis);
  void extend_bag(int case_in_block, int depth, Token token, int live);
  template <class F>
  void on_live(int live, F f) const;

  void scan(std::span<const Token> tokens, std::span<const std::uint8_t> mask);
  void forward_trajectory(const CaseRange& range, int n, int case_in_block, bool first,
                          std::span<double> log_prob);
  int add_node(Token token, int depth, int case_in_block);
  void score(int node, int depth, std::span<const Token> prefix);
  double log_prob_of(const Node& node, int depth, Token target);
  void finish_rows();
  void add_own_rows(T* gradient);
  void add_bag_rows(T* gradient);

  std::shared_ptr<const LogLinearShape> shape_;
  const RowOps<T>& ops_;
  AnswerHead<T> head_;
  int low_width_;
  int count_ = 0;
  const T* parameters_ = nullptr;
  std::vector<T> features_;  // [kBlock, 2 C]
  std::vector<T> base_;      // [kBlock, width] b + W f(v)
  std::vector<T> d_base_;    // [kBlock, width]
  std::vector<T> bags_;      // [depth, width] base + s sum E1 of the current trajectory
  std::vector<T> last_;      // [width] scratch of last_row
  std::vector<T> law_row_;   // [width] scratch of law
  std::vector<T> diagnosis_columns_, d_answer_;  // scratch
  std::vector<T> kept_;  // [records, width] last rows with the answer head added
  std::vector<Node> nodes_;
  std::vector<T> rows_;       // [nodes, width] exp(logit - top), then dL/d logit
  std::vector<int> node_of_;  // [tokens of the group] node whose law scores the token, or -1
  std::vector<int> path_, previous_path_;  // nodes of a trajectory, by position
  std::vector<Token> previous_;            // the trajectory before, same case
  std::vector<TokenRange> ranges_;         // law ranges of the trajectory, by position
  int laws_ = 0;                           // positions whose law or state is needed
  bool ordered_ = true;                    // the trajectory follows the grammar
  std::vector<Token> prefix_;              // of start/push
  int cursor_case_ = 0;
};

extern template class TokenChain<float>;
extern template class TokenChain<double>;

}  // namespace tightrope
