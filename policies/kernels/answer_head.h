// SPDX-License-Identifier: Apache-2.0
// What feeds the diagnosis logits alone, after </think> or <answer_now>:
//   logits += A[mode] f(v) + Ho h,   h = tanh(Hv[mode] f(v) + Ht bag + Hb[mode])
// where bag counts the category and finding tokens of the prefix. Either part may be absent.
#pragma once

#include <span>
#include <vector>

#include "policies/kernels/law.h"
#include "policies/kernels/log_linear_shape.h"

namespace tightrope {

template <class T>
class AnswerHead {
 public:
  explicit AnswerHead(const AnswerHeadShape& shape);

  bool present() const { return shape_.linear_modes > 0 || shape_.units > 0; }

  // features [count, stride]: the image features of the block's cases.
  void open(const T* parameters, const T* features, int stride, int count);
  // Forgets the hidden activations of the last group.
  void clear() { used_ = 0; }
  // Adds to logits [Z]; `tokens` is the prefix. Returns the record that backward needs.
  int forward(int case_in_block, AnswerMode mode, std::span<const Token> tokens, T* logits);
  // d_logits [width], zero behind Z.
  void backward(int record, const T* d_logits, T* gradient);
  void close(T* gradient);

 private:
  struct Record {
    int case_in_block = 0;
    AnswerMode mode = kModeNone;
    int tokens_begin = 0, tokens_end = 0;
  };
  T* hidden(int record) { return hidden_.data() + static_cast<std::size_t>(record) * unit_width_; }
  std::size_t place(int modes, AnswerMode mode, int case_in_block) const;
  void backward_units(const Record& record, const T* h, const T* d_logits, T* gradient);

  AnswerHeadShape shape_;
  const RowOps<T>& ops_;
  int unit_width_;
  const T* parameters_ = nullptr;
  const T* features_ = nullptr;
  int stride_ = 0;
  int count_ = 0;
  int used_ = 0;
  std::vector<T> linear_, d_linear_;  // [linear_modes, kBlock, width]
  std::vector<T> image_, d_image_;    // [unit_modes, kBlock, unit_width]
  std::vector<T> hidden_;             // [records, unit_width]
  std::vector<T> d_hidden_;           // [unit_width]
  std::vector<Record> records_;
  std::vector<Token> tokens_;
};

extern template class AnswerHead<float>;
extern template class AnswerHead<double>;

}  // namespace tightrope
