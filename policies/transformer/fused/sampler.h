// SPDX-License-Identifier: Apache-2.0
// Sampling with a key-value cache: all sequences of a block advance by one token at a time.
#pragma once

#include <span>
#include <vector>

#include "core/api/policy.h"
#include "policies/transformer/fused/buffer.h"
#include "policies/transformer/fused/ops.h"
#include "policies/transformer/fused/rotary.h"
#include "policies/transformer/fused/weights.h"

namespace tightrope {

template <class T>
class FusedSampler {
 public:
  FusedSampler(const TransformerShape& shape, const WeightPlan& plan);

  // One trajectory per image of `images` [count, C] into out[0, count); row b draws from
  // stream.at(step, first_row + b). At most kBlock images.
  void sample(const PackedWeights<T>& weights, std::span<const float> images, int count,
              const SamplingOptions& options, const Stream& stream, std::uint32_t step,
              std::uint32_t first_row, std::span<Sample> out);

  static constexpr int kBlock = 64;

 private:
  // One sequence that has not ended.
  struct Live {
    int index = 0;  // its cache, image and sample
    Grammar::State state;
    Token input = 0;  // the token to be read next
    Draws draws;
  };
  void start(const Stream& stream, std::uint32_t step, std::uint32_t first_row, int count,
             std::span<Sample> out);
  void read_images(const PackedWeights<T>& weights, std::span<const float> images, int count);
  void read_tokens(const PackedWeights<T>& weights, int position);
  // Runs the layers over x_, the live sequences' rows at `position`; `read` computes logits.
  void advance(const PackedWeights<T>& weights, int position, bool read);
  void attend(const PackedWeights<T>& weights, int l, int position);
  void mlp(const PackedWeights<T>& weights, int l);
  // Draws the next token of every live sequence and drops those that have ended.
  void choose(const SamplingOptions& options, std::span<Sample> out);
  Token draw(const SamplingOptions& options, TokenRange range, T* logits, Draws& draws,
             double& log_prob);
  T* keys(int l, int index) { return keys_.data() + cache_offset(l, index); }
  T* values(int l, int index) { return values_.data() + cache_offset(l, index); }
  std::size_t cache_offset(int l, int index) const {
    return (static_cast<std::size_t>(l) * kBlock + index) * plan_.heads_width * span_;
  }

  const TransformerShape& shape_;
  const WeightPlan& plan_;
  const TransformerOps<T>& ops_;
  Rotary<T> rotary_;
  int span_;                 // positions, padded
  Buffer<T> keys_, values_;  // [layers, sequences]: keys [heads, span], values [span, heads]
  Buffer<T> mask_;           // [span, span]: row t shows positions 0..t
  Buffer<T> inverse_, scores_;
  RowBuffer<T> pictures_, image_, x_, normed_, q_, key_value_, attended_, raw_, hidden_, slope_,
      logits_;
  std::vector<Live> live_;
  std::vector<double> law_, weights_;
  std::vector<int> order_;
};

}  // namespace tightrope
