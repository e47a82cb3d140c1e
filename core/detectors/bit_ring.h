// SPDX-License-Identifier: Apache-2.0
// The newest `capacity` bits of a stream.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/detectors/detector.h"

namespace tightrope {

class BitRing {
 public:
  // capacity >= 1.
  explicit BitRing(std::int64_t capacity)
      : capacity_(capacity),
        words_(capacity > 64 ? static_cast<std::size_t>((capacity + 63) / 64) : 0) {}

  std::int64_t size() const { return size_; }
  bool full() const { return size_ == capacity_; }

  // Appends a bit, 0 or 1; the one that it pushes out, 0 while there is room. In numbers, not in
  // truth values: which ring of a bank is full and which bit comes is hard to predict.
  std::int64_t push(std::int64_t bit) {
    const int shift = static_cast<int>(next_ & 63);
    std::uint64_t& word = words_.empty() ? word_ : words_[static_cast<std::size_t>(next_ >> 6)];
    const std::uint64_t old = word;
    word = (old & ~(std::uint64_t{1} << shift)) | (static_cast<std::uint64_t>(bit) << shift);
    if (++next_ == capacity_) next_ = 0;
    const std::int64_t room = (size_ - capacity_) >> 63;  // all bits, or none
    size_ -= room;
    return static_cast<std::int64_t>(old >> shift) & 1 & ~room;
  }

  // The bit that came `age` bits before the newest; 0 <= age < size().
  bool newest(std::int64_t age) const {
    std::int64_t at = next_ - 1 - age;
    if (at < 0) at += capacity_;
    const std::uint64_t word = words_.empty() ? word_ : words_[static_cast<std::size_t>(at >> 6)];
    return ((word >> (at & 63)) & 1U) != 0;
  }

  // Ones among the `count` newest; O(count).
  std::int64_t ones(std::int64_t count) const {
    std::int64_t sum = 0;
    for (std::int64_t age = 0; age < count; ++age) sum += newest(age) ? 1 : 0;
    return sum;
  }

  // Forgets all but the `count` newest.
  void keep_newest(std::int64_t count) { size_ = std::min(size_, count); }
  void clear() { next_ = size_ = 0; }

  // The size, then the bits from the oldest on, 32 in a number.
  void write(std::vector<double>& saved) const {
    saved.push_back(static_cast<double>(size_));
    for (std::int64_t from = 0; from < size_; from += kPacked) {
      double packed = 0;
      for (std::int64_t k = std::min(from + kPacked, size_) - 1; k >= from; --k) {
        packed = 2 * packed + (newest(size_ - 1 - k) ? 1 : 0);
      }
      saved.push_back(packed);
    }
  }
  // Throws InputError when the size is more than the capacity or `most`.
  void read(SavedState& saved, std::int64_t most) {
    clear();
    const std::int64_t size = saved.whole(0, std::min(capacity_, most));
    for (std::int64_t from = 0; from < size; from += kPacked) {
      const std::int64_t count = std::min(kPacked, size - from);
      const std::int64_t packed = saved.whole(0, (std::int64_t{1} << count) - 1);
      for (std::int64_t k = 0; k < count; ++k) push((packed >> k) & 1);
    }
  }

 private:
  static constexpr std::int64_t kPacked = 32;
  std::int64_t capacity_;
  std::uint64_t word_ = 0;            // of a ring of 64 bits at most, which needs no memory apart
  std::vector<std::uint64_t> words_;  // of a longer one
  std::int64_t next_ = 0;             // place of the next bit
  std::int64_t size_ = 0;
};

}  // namespace tightrope
