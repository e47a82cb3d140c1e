// SPDX-License-Identifier: Apache-2.0
// Zeroed memory aligned to vectors and cache lines, flat or in rows.
#pragma once

#include <algorithm>
#include <cstddef>

#include "hwy/aligned_allocator.h"
#include "policies/transformer/fused/ops.h"

namespace tightrope {

template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) { grow(size); }

  // At least `size` elements; what was there is lost when it grows, and the new ones are zero.
  void grow(std::size_t size) {
    if (size <= size_) return;
    data_ = hwy::AllocateAligned<T>(size);
    size_ = size;
    clear();
  }
  void clear() { std::fill_n(data_.get(), size_, T(0)); }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

 private:
  hwy::AlignedFreeUniquePtr<T[]> data_;
  std::size_t size_ = 0;
};

// Rows with some space between them: a power of two would map every row to the same cache sets.
template <class T>
class RowBuffer {
 public:
  // `count` rows of `width`; what was there is lost when it grows.
  void reserve(int count, int width) {
    stride_ = width + kRowBlock;
    memory_.grow(static_cast<std::size_t>(count) * stride_);
  }
  Rows<T> rows() { return {memory_.data(), stride_}; }
  T* row(int i) { return rows().row(i); }

 private:
  Buffer<T> memory_;
  int stride_ = 0;
};

}  // namespace tightrope
