// SPDX-License-Identifier: Apache-2.0
#include "policies/transformer/fused/sampler.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "policies/sampling_rule.h"

namespace tightrope {

template <class T>
FusedSampler<T>::FusedSampler(const TransformerShape& shape, const WeightPlan& plan)
    : shape_(shape),
      plan_(plan),
      ops_(transformer_ops<T>()),
      rotary_(shape, plan.head_width),
      span_(padded(shape.max_positions)) {}

template <class T>
void FusedSampler<T>::start(const Stream& stream, std::uint32_t step, std::uint32_t first_row,
                            int count, std::span<Sample> out) {
  if (mask_.size() == 0) {
    const std::size_t cache =
        shape_.layers.size() * kBlock * static_cast<std::size_t>(plan_.heads_width) * span_;
    keys_.grow(cache);
    values_.grow(cache);
    mask_.grow(static_cast<std::size_t>(span_) * span_);
    for (int t = 0; t < span_; ++t) {
      std::fill_n(mask_.data() + t * span_ + t + 1, span_ - t - 1, static_cast<T>(kMasked));
    }
    inverse_.grow(kBlock);
    scores_.grow(span_);
    pictures_.reserve(kBlock, shape_.channels);
    image_.reserve(kBlock, plan_.image.outputs);
    for (RowBuffer<T>* buffer : {&x_, &normed_}) buffer->reserve(kBlock, plan_.width);
    for (RowBuffer<T>* buffer : {&q_, &attended_}) buffer->reserve(kBlock, plan_.heads_width);
    key_value_.reserve(kBlock, 2 * plan_.heads_width);
    for (RowBuffer<T>* buffer : {&raw_, &hidden_, &slope_}) {
      buffer->reserve(kBlock, plan_.hidden_width);
    }
    logits_.reserve(kBlock, plan_.output_width);
  }
  live_.clear();
  for (int b = 0; b < count; ++b) {
    out[b].trajectory.tokens.assign(1, Vocabulary::think());
    out[b].trajectory.mask.assign(1, 0);
    out[b].log_prob.assign(1, 0.0);
    out[b].disease = 0;
    live_.push_back({b, Grammar::start(), Vocabulary::think(),
                     stream.at(step, first_row + static_cast<std::uint32_t>(b))});
  }
}

template <class T>
void FusedSampler<T>::sample(const PackedWeights<T>& weights, std::span<const float> images,
                             int count, const SamplingOptions& options, const Stream& stream,
                             std::uint32_t step, std::uint32_t first_row, std::span<Sample> out) {
  TR_CHECK(count <= kBlock, "{} images in a block", count);
  start(stream, step, first_row, count, out);
  read_images(weights, images, count);
  int position = shape_.image_tokens;
  if (!options.thinking) {
    read_tokens(weights, position);
    advance(weights, position++, false);
    for (Live& live : live_) {
      out[live.index].trajectory.tokens.push_back(Vocabulary::answer_now());
      out[live.index].trajectory.mask.push_back(0);
      out[live.index].log_prob.push_back(0.0);
      live.state = shape_.grammar.next(live.state, Vocabulary::answer_now());
      live.input = Vocabulary::answer_now();
    }
  }
  for (; !live_.empty(); ++position) {
    // Nothing is drawn, and nothing read, where one token alone may follow everywhere.
    const bool read = std::any_of(live_.begin(), live_.end(), [&](const Live& live) {
      return shape_.grammar.grammatical(live.state).size() > 1;
    });
    read_tokens(weights, position);
    advance(weights, position, read);
    choose(options, out);
  }
}

template <class T>
void FusedSampler<T>::read_images(const PackedWeights<T>& weights, std::span<const float> images,
                                  int count) {
  for (int b = 0; b < count; ++b) {
    std::copy_n(images.data() + static_cast<std::size_t>(b) * shape_.channels, shape_.channels,
                pictures_.row(b));
  }
  ops_.multiply(false, count, plan_.image.outputs, shape_.channels, pictures_.rows(),
                weights.forward(plan_.image), image_.rows());
  for (int i = 0; i < shape_.image_tokens; ++i) {
    for (int b = 0; b < count; ++b) {
      std::copy_n(image_.row(b) + i * plan_.width, plan_.width, x_.row(b));
      if (shape_.rotary) continue;
      const T* position = weights.flat() + shape_.positions + i * shape_.width;
      for (int j = 0; j < shape_.width; ++j) x_.row(b)[j] += position[j];
    }
    advance(weights, i, false);
  }
}

template <class T>
void FusedSampler<T>::read_tokens(const PackedWeights<T>& weights, int position) {
  const int d = shape_.width;
  for (std::size_t r = 0; r < live_.size(); ++r) {
    T* to = x_.row(static_cast<int>(r));
    const T* from =
        weights.flat() + shape_.embedding + static_cast<std::int64_t>(live_[r].input) * d;
    std::fill(std::copy_n(from, d, to), to + plan_.width, T(0));
    if (shape_.rotary) continue;
    const T* at = weights.flat() + shape_.positions + static_cast<std::int64_t>(position) * d;
    for (int j = 0; j < d; ++j) to[j] += at[j];
  }
}

template <class T>
void FusedSampler<T>::advance(const PackedWeights<T>& weights, int position, bool read) {
  const int rows = static_cast<int>(live_.size());
  const int last = static_cast<int>(shape_.layers.size()) - 1;
  const T epsilon = static_cast<T>(shape_.norm_epsilon);
  for (int l = 0; l <= last; ++l) {
    ops_.norm(rows, shape_.width, shape_.layer_norm, epsilon, x_.rows(), normed_.rows(),
              inverse_.data());
    ops_.multiply(false, rows, 2 * plan_.heads_width, shape_.width, normed_.rows(),
                  weights.forward(plan_.layers[l].key_value), key_value_.rows());
    ops_.multiply(false, rows, plan_.heads_width, shape_.width, normed_.rows(),
                  weights.forward(plan_.layers[l].query), q_.rows());
    attend(weights, l, position);
    if (l == last && !read) return;  // only its keys and values are needed
    mlp(weights, l);
  }
  ops_.norm(rows, shape_.width, shape_.layer_norm, epsilon, x_.rows(), normed_.rows(),
            inverse_.data());
  ops_.multiply(false, rows, plan_.output_width, shape_.width, normed_.rows(),
                weights.forward(plan_.output), logits_.rows());
}

template <class T>
void FusedSampler<T>::attend(const PackedWeights<T>& weights, int l, int position) {
  const int rows = static_cast<int>(live_.size()), width = plan_.heads_width;
  const T scale = T(1) / std::sqrt(static_cast<T>(shape_.head_width));
  AttentionHead<T> head;
  head.queries = 1;
  head.keys = position + 1;
  head.span = padded(position + 1);
  head.width = plan_.head_width;
  head.mask = mask_.data() + static_cast<std::size_t>(position) * span_;
  const std::int32_t reach = position + 1;
  head.reach = &reach;
  head.p = scores_.data();
  for (int r = 0; r < rows; ++r) {
    T* key = key_value_.row(r);
    if (shape_.rotary) {
      rotary_.turn(position, false, key);
      rotary_.turn(position, false, q_.row(r));
    }
    T* key_cache = keys(l, live_[r].index);
    T* value_cache = values(l, live_[r].index);
    for (int j = 0; j < width; ++j) key_cache[j * span_ + position] = scale * key[j];
    std::copy_n(key + width, width, value_cache + static_cast<std::size_t>(position) * width);
    for (int h = 0; h < shape_.heads; ++h) {
      const int at = h * plan_.head_width;
      head.q = {q_.row(r) + at, 0};
      head.turned = {key_cache + static_cast<std::size_t>(at) * span_, span_};
      head.v = {value_cache + at, width};
      head.out = {attended_.row(r) + at, 0};
      ops_.attend(head);
    }
  }
  ops_.multiply(true, rows, plan_.width, width, attended_.rows(),
                weights.forward(plan_.layers[l].attention_output), x_.rows());
}

template <class T>
void FusedSampler<T>::mlp(const PackedWeights<T>& weights, int l) {
  const int rows = static_cast<int>(live_.size());
  ops_.norm(rows, shape_.width, shape_.layer_norm, static_cast<T>(shape_.norm_epsilon), x_.rows(),
            normed_.rows(), inverse_.data());
  const Rows<T> raw = shape_.gated ? raw_.rows() : hidden_.rows();
  ops_.multiply(false, rows, plan_.hidden_width, shape_.width, normed_.rows(),
                weights.forward(plan_.layers[l].mlp_in), raw);
  if (shape_.gated) {
    ops_.swiglu(rows, plan_.mlp_width, raw, hidden_.rows(), slope_.rows());
  } else {
    ops_.gelu(rows, plan_.mlp_width, raw, slope_.rows());
  }
  ops_.multiply(true, rows, plan_.width, shape_.mlp_width, hidden_.rows(),
                weights.forward(plan_.layers[l].mlp_out), x_.rows());
}

template <class T>
void FusedSampler<T>::choose(const SamplingOptions& options, std::span<Sample> out) {
  std::size_t kept = 0;
  for (std::size_t r = 0; r < live_.size(); ++r) {
    Live live = live_[r];
    const TokenRange range = shape_.grammar.grammatical(live.state);
    double log_prob = 0;
    const Token token = range.size() == 1 ? range.begin
                                          : draw(options, range, logits_.row(static_cast<int>(r)),
                                                 live.draws, log_prob);
    Sample& sample = out[live.index];
    if (shape_.vocabulary.is_disease(token)) sample.disease = shape_.vocabulary.disease_of(token);
    sample.trajectory.tokens.push_back(token);
    sample.trajectory.mask.push_back(1);
    sample.log_prob.push_back(log_prob);
    if (token == Vocabulary::end_of_sequence()) continue;
    live.state = shape_.grammar.next(live.state, token);
    live.input = token;
    live_[kept++] = live;
  }
  live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(kept), live_.end());
}

template <class T>
Token FusedSampler<T>::draw(const SamplingOptions& options, TokenRange range, T* logits,
                            Draws& draws, double& log_prob) {
  const T cold = static_cast<T>(1 / options.temperature);
  for (int j = range.begin; j < range.end; ++j) logits[j] *= cold;
  law_.assign(logits + range.begin, logits + range.end);
  const SoftmaxSums<T> sums = ops_.softmax(range.begin, range.end, plan_.output_width, logits);
  const double shift = sums.top + std::log(static_cast<double>(sums.total));
  for (double& value : law_) value -= shift;
  SamplingOptions cut = options;
  cut.temperature = 1;
  int chosen = 0;
  if (options.greedy || cut.top_k > 0 || cut.top_p < 1) {
    shape_law(cut, law_, order_);
    chosen = draw_index(options, law_, draws, weights_);
  } else {  // the probabilities are there already
    weights_.assign(logits + range.begin, logits + range.end);
    chosen = draws.categorical(weights_);
  }
  log_prob = law_[chosen];
  return range.begin + chosen;
}

template class FusedSampler<float>;
template class FusedSampler<double>;

}  // namespace tightrope
