// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "policies/transformer/shape.h"

namespace tightrope {
namespace {

constexpr double kEmbeddingDeviation = 0.02;

// Rows of one view after another; a view's number is its place in the layout, so that a longer
// view keeps its earlier rows.
class Filler {
 public:
  Filler(const TransformerShape& shape, const Stream& stream, std::span<float> parameters)
      : shape_(shape), stream_(stream), parameters_(parameters) {
    std::fill(parameters.begin(), parameters.end(), 0.0F);
  }

  void normal(std::int64_t offset, double deviation) {
    rows(offset, [&](Draws& draws) { return deviation * draws.normal(); });
  }
  void uniform(std::int64_t offset, double bound) {
    rows(offset, [&](Draws& draws) { return bound * (2 * draws.uniform() - 1); });
  }
  void ones(std::int64_t offset) { std::fill_n(parameters_.begin() + offset, shape_.width, 1.0F); }

 private:
  template <class Draw>
  void rows(std::int64_t offset, Draw draw) {
    const auto view = std::find_if(shape_.layout.begin(), shape_.layout.end(),
                                   [&](const ParameterView& v) { return v.offset == offset; });
    const auto number = static_cast<std::uint32_t>(view - shape_.layout.begin());
    const int columns = view->shape.back();
    for (std::int64_t r = 0; r < view->size / columns; ++r) {
      Draws draws = stream_.at(number, static_cast<std::uint32_t>(r));
      float* row = parameters_.data() + offset + r * columns;
      for (int j = 0; j < columns; ++j) row[j] = static_cast<float>(draw(draws));
    }
  }

  const TransformerShape& shape_;
  const Stream& stream_;
  std::span<float> parameters_;
};

}  // namespace

void initialise_transformer(const TransformerShape& shape, const Stream& stream,
                            std::span<float> parameters) {
  Filler fill(shape, stream, parameters);
  const double residual = 1 / std::sqrt(2.0 * static_cast<double>(shape.layers.size()));
  const auto matrix = [&](const MatrixView& view, double gain) {
    fill.normal(view.offset, gain / std::sqrt(view.inputs));
    if (view.adapted()) fill.uniform(view.lora_a, 1 / std::sqrt(view.inputs));
  };
  fill.normal(shape.image_projection, 1 / std::sqrt(shape.channels));
  fill.normal(shape.embedding, kEmbeddingDeviation);
  if (!shape.rotary) fill.normal(shape.positions, kEmbeddingDeviation);
  for (const LayerShape& layer : shape.layers) {
    fill.ones(layer.norm_attention);
    matrix(layer.qkv, 1);
    matrix(layer.attention_output, residual);
    fill.ones(layer.norm_mlp);
    matrix(layer.mlp_in, 1);
    matrix(layer.mlp_out, residual);
  }
  fill.ones(shape.norm_final);
  if (!shape.tied) fill.normal(shape.output_head, shape.output_gain / std::sqrt(shape.width));
}

}  // namespace tightrope
