// SPDX-License-Identifier: Apache-2.0
#include "policies/transformer/autograd/network.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>

namespace tightrope {
namespace {

constexpr double kForbidden = -1e30;

}  // namespace

struct LaneNetwork::Pass {
  const TransformerShape& shape;
  const c10::TensorOptions& options;
  at::Tensor parameters;      // [L, P]
  std::int64_t lanes, count;  // L, N
  std::int64_t length, rows;  // T, I + T
  at::Tensor cosines, sines;  // [I + T, head_width / 2]; rotary only

  at::Tensor view(std::int64_t offset, std::int64_t inputs, std::int64_t outputs) const {
    return parameters.narrow(1, offset, inputs * outputs).view({lanes, inputs, outputs});
  }

  // x W [L, N (I + T), outputs], with its adapter: x W + scale (x A) B.
  at::Tensor apply(const MatrixView& matrix, const at::Tensor& x) const {
    const at::Tensor out = at::bmm(x, view(matrix.offset, matrix.inputs, matrix.outputs));
    if (!matrix.adapted()) return out;
    const at::Tensor low = at::bmm(x, view(matrix.lora_a, matrix.inputs, shape.lora_rank));
    return at::baddbmm(out, low, view(matrix.lora_b, shape.lora_rank, matrix.outputs), 1,
                       shape.lora_scale);
  }

  at::Tensor norm(const at::Tensor& x, std::int64_t gain) const {
    const at::Tensor centred = shape.layer_norm ? x - x.mean(-1, true) : x;
    const at::Tensor square = (centred * centred).mean(-1, true);
    return centred * (square + shape.norm_epsilon).rsqrt() * view(gain, 1, shape.width);
  }

  // Both halves of every head turned by the angle of their position.
  at::Tensor turn(const at::Tensor& x) const {
    if (!shape.rotary) return x;
    const std::int64_t half = shape.head_width / 2;
    const at::Tensor a = x.narrow(-1, 0, half), b = x.narrow(-1, half, half);
    return at::cat({a * cosines - b * sines, b * cosines + a * sines}, -1);
  }

  at::Tensor embed(const PaddedTokens& batch) const {
    const std::int64_t d = shape.width, vocabulary = shape.vocabulary.size();
    const at::Tensor pictures =
        at::from_blob(const_cast<float*>(batch.images.data()), {lanes, count, shape.channels})
            .to(options);
    const at::Tensor image =
        at::bmm(pictures, view(shape.image_projection, shape.channels, shape.image_tokens * d))
            .view({lanes, count, shape.image_tokens, d});
    const at::Tensor shift = at::arange(lanes, options.dtype(at::kLong)).view({lanes, 1, 1});
    const at::Tensor words =
        at::embedding(view(shape.embedding, vocabulary, d).reshape({lanes * vocabulary, d}),
                      integers(batch.tokens) + shift * vocabulary);
    const at::Tensor x = at::cat({image, words}, 2);
    if (shape.rotary) return x.view({lanes, count * rows, d});
    const at::Tensor positions = view(shape.positions, shape.max_positions, d).narrow(1, 0, rows);
    return (x + positions.unsqueeze(1)).view({lanes, count * rows, d});
  }

  at::Tensor attention(const LayerShape& layer, const at::Tensor& x) const {
    const at::Tensor parts = apply(layer.qkv, norm(x, layer.norm_attention))
                                 .view({lanes * count, rows, 3, shape.heads, shape.head_width})
                                 .permute({2, 0, 3, 1, 4});
    const at::Tensor mixed = at::scaled_dot_product_attention(
        turn(parts.select(0, 0)), turn(parts.select(0, 1)), parts.select(0, 2), {}, 0.0, true);
    return apply(layer.attention_output,
                 mixed.transpose(1, 2).reshape({lanes, count * rows, shape.width}));
  }

  at::Tensor mlp(const LayerShape& layer, const at::Tensor& x) const {
    const at::Tensor raw = apply(layer.mlp_in, norm(x, layer.norm_mlp));
    if (!shape.gated) return apply(layer.mlp_out, at::gelu(raw, "tanh"));
    const at::Tensor gate = raw.narrow(-1, 0, shape.mlp_width);
    const at::Tensor up = raw.narrow(-1, shape.mlp_width, shape.mlp_width);
    return apply(layer.mlp_out, at::silu(gate) * up);
  }

  at::Tensor integers(const std::vector<std::int64_t>& values) const {
    return at::from_blob(const_cast<std::int64_t*>(values.data()), {lanes, count, length},
                         at::kLong)
        .to(options.device());
  }

  // Log-softmax of logits [L, N, T, V] over the allowed tokens.
  at::Tensor law(const at::Tensor& logits, const PaddedTokens& batch) const {
    const at::Tensor ids = at::arange(shape.vocabulary.size(), options.dtype(at::kLong));
    const at::Tensor forbidden = ids.lt(integers(batch.begin).unsqueeze(-1))
                                     .logical_or(ids.ge(integers(batch.end).unsqueeze(-1)));
    return at::log_softmax(logits.masked_fill(forbidden, kForbidden), -1);
  }

  Output run(const PaddedTokens& batch) {
    if (shape.rotary) {
      const std::int64_t half = shape.head_width / 2;
      const at::Tensor index = at::arange(half, options) * (-2.0 / shape.head_width);
      const at::Tensor angles =
          at::outer(at::arange(rows, options), at::pow(shape.rotary_base, index));
      cosines = angles.cos();
      sines = angles.sin();
    }
    at::Tensor x = embed(batch);
    for (const LayerShape& layer : shape.layers) {
      x = x + attention(layer, x);
      x = x + mlp(layer, x);
    }
    const std::int64_t vocabulary = shape.vocabulary.size(), d = shape.width;
    const at::Tensor read = norm(x, shape.norm_final)
                                .view({lanes, count, rows, d})
                                .narrow(2, shape.image_tokens, length)
                                .reshape({lanes, count * length, d});
    const at::Tensor head = shape.tied ? view(shape.embedding, vocabulary, d).transpose(1, 2)
                                       : view(shape.output_head, d, vocabulary);
    Output out;
    out.law = law(at::bmm(read, head).view({lanes, count, length, vocabulary}), batch);
    if (shape.value) {
      out.value = at::bmm(read, view(shape.value_head, d, 1)).view({lanes, count, length});
    }
    return out;
  }
};

LaneNetwork::Output LaneNetwork::forward(const at::Tensor& parameters,
                                         const PaddedTokens& batch) const {
  Pass pass{shape_,
            options_,
            parameters,
            batch.lanes,
            batch.sequences,
            batch.length,
            shape_.image_tokens + batch.length,
            {},
            {}};
  return pass.run(batch);
}

}  // namespace tightrope
