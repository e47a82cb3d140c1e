// SPDX-License-Identifier: Apache-2.0
#include "policies/transformer/fused/weights.h"

namespace tightrope {
namespace {

std::vector<IndexBlock> whole(int count) { return {{0, 0, count}}; }

// `blocks` runs of `count` indices, each padded to `width`; the first starts at `from`.
std::vector<IndexBlock> spread(int from, int blocks, int count, int width) {
  if (count == width) return {{from, 0, blocks * count}};
  std::vector<IndexBlock> out;
  for (int b = 0; b < blocks; ++b) out.push_back({from + b * count, b * width, count});
  return out;
}

MatrixPlan plan_of(const MatrixView& view, std::int64_t gain) {
  MatrixPlan plan;
  plan.source = view.offset;
  plan.row_stride = view.outputs;
  plan.gain = gain;
  plan.rows = whole(view.inputs);
  plan.columns = whole(view.outputs);
  plan.inputs = view.inputs;
  plan.outputs = padded(view.outputs);
  return plan;
}

}  // namespace

WeightPlan::WeightPlan(const TransformerShape& shape)
    : width(padded(shape.width)),
      head_width(padded(shape.head_width)),
      heads_width(shape.heads * head_width),
      mlp_width(padded(shape.mlp_width)),
      hidden_width(shape.gated ? 2 * mlp_width : mlp_width),
      output_width(padded(shape.vocabulary.size() + (shape.value ? 1 : 0))),
      layers(shape.layers.size()) {
  const int d = shape.width;
  image = plan_of({shape.image_projection, shape.channels, shape.image_tokens * d}, -1);
  image.columns = spread(0, shape.image_tokens, d, width);
  image.outputs = shape.image_tokens * width;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const LayerShape& from = shape.layers[l];
    Layer& to = layers[l];
    to.query = plan_of(from.qkv, from.norm_attention);
    to.query.columns = spread(0, shape.heads, shape.head_width, head_width);
    to.query.outputs = heads_width;
    to.key_value = to.query;
    to.key_value.columns = spread(d, 2 * shape.heads, shape.head_width, head_width);
    to.key_value.outputs = 2 * heads_width;
    to.attention_output = plan_of(from.attention_output, -1);
    to.attention_output.rows = spread(0, shape.heads, shape.head_width, head_width);
    to.attention_output.inputs = heads_width;
    to.mlp_in = plan_of(from.mlp_in, from.norm_mlp);
    to.mlp_in.columns = spread(0, shape.gated ? 2 : 1, shape.mlp_width, mlp_width);
    to.mlp_in.outputs = hidden_width;
    to.mlp_out = plan_of(from.mlp_out, -1);
  }
  output = plan_of({shape.tied ? shape.embedding : shape.output_head, d, shape.vocabulary.size()},
                   shape.norm_final);
  output.outputs = output_width;
  if (shape.tied) {
    output.row_stride = 1;
    output.column_stride = d;
  }
  if (shape.value) {
    output.extra = shape.value_head;
    output.extra_column = shape.vocabulary.size();
  }
  for (const MatrixPlan* plan : matrices()) place(const_cast<MatrixPlan&>(*plan));
}

std::vector<const MatrixPlan*> WeightPlan::matrices() const {
  std::vector<const MatrixPlan*> all = {&image, &output};
  for (const Layer& layer : layers) {
    for (const MatrixPlan* plan :
         {&layer.query, &layer.key_value, &layer.attention_output, &layer.mlp_in, &layer.mlp_out}) {
      all.push_back(plan);
    }
  }
  return all;
}

void WeightPlan::place(MatrixPlan& plan) {
  plan.packed = packed_size;
  plan.turned = turned_size;
  plan.gradient = gradient_size;
  packed_size += static_cast<std::int64_t>(plan.inputs) * plan.outputs;
  turned_size += static_cast<std::int64_t>(plan.outputs) * padded(plan.inputs);
  gradient_size += static_cast<std::int64_t>(plan.inputs) * plan.outputs;
}

}  // namespace tightrope
