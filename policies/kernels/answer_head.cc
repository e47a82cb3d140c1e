// SPDX-License-Identifier: Apache-2.0
#include "policies/kernels/answer_head.h"

namespace tightrope {

template <class T>
AnswerHead<T>::AnswerHead(const AnswerHeadShape& shape)
    : shape_(shape), ops_(row_ops<T>()), unit_width_(shape.unit_width) {
  constexpr int kBlock = LawKernel<T>::kBlock;
  linear_.resize(static_cast<std::size_t>(shape.linear_modes) * kBlock * shape.width);
  d_linear_.resize(linear_.size());
  if (shape.units == 0) return;
  image_.resize(static_cast<std::size_t>(shape.unit_modes) * kBlock * unit_width_);
  d_image_.resize(image_.size());
  d_hidden_.resize(unit_width_);
}

template <class T>
std::size_t AnswerHead<T>::place(int modes, AnswerMode mode, int case_in_block) const {
  const int set = modes == 2 ? static_cast<int>(mode) : 0;
  return static_cast<std::size_t>(set) * LawKernel<T>::kBlock + case_in_block;
}

template <class T>
void AnswerHead<T>::open(const T* parameters, const T* features, int stride, int count) {
  parameters_ = parameters;
  features_ = features;
  stride_ = stride;
  count_ = count;
  const auto product = [&](int modes, std::int64_t offset, int width, std::vector<T>& out,
                           std::vector<T>& d_out) {
    std::fill(out.begin(), out.end(), T(0));
    std::fill(d_out.begin(), d_out.end(), T(0));
    for (int m = 0; m < modes; ++m) {
      ops_.multiply(count, shape_.features, width, features, stride,
                    parameters + offset + static_cast<std::int64_t>(m) * shape_.features * width,
                    width, out.data() + place(2, AnswerMode(m), 0) * width, width);
    }
  };
  product(shape_.linear_modes, shape_.weights, shape_.width, linear_, d_linear_);
  if (shape_.units > 0) {
    product(shape_.unit_modes, shape_.unit_weights, unit_width_, image_, d_image_);
  }
  clear();
}

template <class T>
int AnswerHead<T>::forward(int case_in_block, AnswerMode mode, std::span<const Token> tokens,
                           T* logits) {
  if (shape_.linear_modes > 0) {
    const T* own = linear_.data() + place(shape_.linear_modes, mode, case_in_block) * shape_.width;
    for (int z = 0; z < shape_.diseases; ++z) logits[z] += own[z];
  }
  const int record = used_++;
  if (used_ == 1) tokens_.clear();
  if (static_cast<int>(records_.size()) < used_) {
    records_.resize(used_);
    hidden_.resize(static_cast<std::size_t>(used_) * unit_width_);
  }
  Record& mine = records_[record];
  mine = {case_in_block, mode, static_cast<int>(tokens_.size()), 0};
  if (shape_.units > 0) {
    T* h = hidden(record);
    const T* image = image_.data() + place(shape_.unit_modes, mode, case_in_block) * unit_width_;
    ops_.add_to(unit_width_, image, T(1),
                parameters_ + shape_.unit_bias + static_cast<int>(mode) * unit_width_, h);
    for (const Token token : tokens) {
      if (!shape_.counts(token)) continue;
      tokens_.push_back(token);
      ops_.add(unit_width_, T(1),
               parameters_ + shape_.unit_tokens + static_cast<std::int64_t>(token) * unit_width_,
               h);
    }
    ops_.tanh(unit_width_, h, h);
    const T* output = parameters_ + shape_.unit_output;
    for (int z = 0; z < shape_.diseases; ++z) {
      logits[z] += ops_.dot(unit_width_, output + static_cast<std::int64_t>(z) * unit_width_, h);
    }
  }
  mine.tokens_end = static_cast<int>(tokens_.size());
  return record;
}

template <class T>
void AnswerHead<T>::backward(int record, const T* d_logits, T* gradient) {
  const Record& mine = records_[record];
  if (shape_.linear_modes > 0) {
    ops_.add(shape_.width, T(1), d_logits,
             d_linear_.data() +
                 place(shape_.linear_modes, mine.mode, mine.case_in_block) * shape_.width);
  }
  if (shape_.units > 0) backward_units(mine, hidden(record), d_logits, gradient);
}

template <class T>
void AnswerHead<T>::backward_units(const Record& record, const T* h, const T* d_logits,
                                   T* gradient) {
  T* d_hidden = d_hidden_.data();
  std::fill(d_hidden_.begin(), d_hidden_.end(), T(0));
  for (int z = 0; z < shape_.diseases; ++z) {
    const std::int64_t row = shape_.unit_output + static_cast<std::int64_t>(z) * unit_width_;
    ops_.add(unit_width_, d_logits[z], parameters_ + row, d_hidden);
    ops_.add(unit_width_, d_logits[z], h, gradient + row);
  }
  for (int i = 0; i < unit_width_; ++i) d_hidden[i] *= T(1) - h[i] * h[i];
  ops_.add(unit_width_, T(1), d_hidden,
           gradient + shape_.unit_bias + static_cast<int>(record.mode) * unit_width_);
  for (int i = record.tokens_begin; i < record.tokens_end; ++i) {
    ops_.add(unit_width_, T(1), d_hidden,
             gradient + shape_.unit_tokens + static_cast<std::int64_t>(tokens_[i]) * unit_width_);
  }
  ops_.add(
      unit_width_, T(1), d_hidden,
      d_image_.data() + place(shape_.unit_modes, record.mode, record.case_in_block) * unit_width_);
}

template <class T>
void AnswerHead<T>::close(T* gradient) {
  const auto product = [&](int modes, std::int64_t offset, int width, const std::vector<T>& d_out) {
    for (int m = 0; m < modes; ++m) {
      ops_.multiply_transposed(
          count_, shape_.features, width, features_, stride_,
          d_out.data() + place(2, AnswerMode(m), 0) * width, width,
          gradient + offset + static_cast<std::int64_t>(m) * shape_.features * width, width);
    }
  };
  product(shape_.linear_modes, shape_.weights, shape_.width, d_linear_);
  if (shape_.units > 0) product(shape_.unit_modes, shape_.unit_weights, unit_width_, d_image_);
}

template class AnswerHead<float>;
template class AnswerHead<double>;

}  // namespace tightrope
