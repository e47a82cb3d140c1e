// SPDX-License-Identifier: Apache-2.0
#include "policies/transformer/shape.h"

#include <cmath>

#include "core/base/check.h"
#include "policies/parameter_layout.h"

namespace tightrope {
namespace {

int head_width_of(const TransformerOptions& options) {
  TR_REQUIRE(options.width % options.heads == 0, "width {} is not a multiple of heads {}",
             options.width, options.heads);
  const std::int64_t width = options.width / options.heads;
  TR_REQUIRE(options.positions != "rotary" || width % 2 == 0,
             "positions: rotary needs an even width per head, got {}", width);
  return static_cast<int>(width);
}

}  // namespace

TransformerShape::TransformerShape(const PolicyContext& context, const TransformerOptions& options)
    : vocabulary(context.vocabulary),
      grammar(context.vocabulary, context.max_mentions, options.grammar),
      channels(context.channels),
      image_tokens(static_cast<int>(options.image_tokens)),
      width(static_cast<int>(options.width)),
      heads(static_cast<int>(options.heads)),
      head_width(head_width_of(options)),
      mlp_width(static_cast<int>(std::lround(options.mlp_ratio * width))),
      layer_norm(options.norm == "layer"),
      gated(options.activation == "swiglu"),
      rotary(options.positions == "rotary"),
      tied(options.head == "tied"),
      value(options.value_head),
      max_positions(image_tokens + grammar.max_tokens()),
      lora_rank(static_cast<int>(options.lora_rank)),
      lora_scale(lora_rank > 0 ? options.lora_alpha / lora_rank : 0),
      output_gain(options.output_gain),
      layers(options.layers) {
  TR_REQUIRE(channels > 0, "the transformer needs at least one image channel");
  TR_REQUIRE(mlp_width > 0, "mlp_ratio {} leaves no hidden unit", options.mlp_ratio);
  add_base();
  if (lora_rank > 0) add_adapters();
  parameters = total_size(layout);
}

void TransformerShape::check_length(std::size_t tokens) const {
  TR_REQUIRE(static_cast<int>(tokens) + image_tokens <= max_positions,
             "a trajectory of {} tokens; the transformer has positions for {}", tokens,
             max_positions - image_tokens);
}

void TransformerShape::check_scored(std::span<const Token> ids, std::size_t t,
                                    TokenRange range) const {
  TR_REQUIRE(range.contains(ids[t]),
             "token {} of a trajectory, {}, is scored but not allowed after {}; the policy's "
             "grammar option switches the mask off",
             t, vocabulary.name(ids[t]), vocabulary.name(ids[t - 1]));
}

void TransformerShape::add_base() {
  const int d = width;
  image_projection = add_view(layout, "image_projection", {channels, image_tokens * d});
  embedding = add_view(layout, "embedding", {vocabulary.size(), d});
  if (!rotary) positions = add_view(layout, "positions", {max_positions, d});
  for (std::size_t l = 0; l < layers.size(); ++l) {
    LayerShape& layer = layers[l];
    const std::string prefix = "layers." + std::to_string(l) + ".";
    const auto matrix = [&](const char* name, int inputs, int outputs) {
      return MatrixView{add_view(layout, prefix + name, {inputs, outputs}), inputs, outputs};
    };
    layer.norm_attention = add_view(layout, prefix + "norm_attention", {d}, false);
    layer.qkv = matrix("qkv", d, 3 * d);
    layer.attention_output = matrix("attention_output", d, d);
    layer.norm_mlp = add_view(layout, prefix + "norm_mlp", {d}, false);
    layer.mlp_in = matrix("mlp_in", d, gated ? 2 * mlp_width : mlp_width);
    layer.mlp_out = matrix("mlp_out", mlp_width, d);
  }
  norm_final = add_view(layout, "norm_final", {d}, false);
  if (!tied) output_head = add_view(layout, "output_head", {d, vocabulary.size()});
  if (value) value_head = add_view(layout, "value_head", {d}, false, ParameterPart::kValueHead);
}

void TransformerShape::add_adapters() {
  for (LayerShape& layer : layers) {
    for (MatrixView* matrix :
         {&layer.qkv, &layer.attention_output, &layer.mlp_in, &layer.mlp_out}) {
      std::string name;
      for (const ParameterView& view : layout) {
        if (view.offset == matrix->offset) name = view.name;
      }
      const auto add = [&](const char* end, int rows, int columns) {
        return add_view(layout, name + end, {rows, columns}, true, ParameterPart::kAdapter);
      };
      matrix->lora_a = add(".lora_a", matrix->inputs, lora_rank);
      matrix->lora_b = add(".lora_b", lora_rank, matrix->outputs);
    }
  }
}

}  // namespace tightrope
