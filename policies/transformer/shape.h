// SPDX-License-Identifier: Apache-2.0
// Options and parameter layout of the transformer: a decoder over image prefix tokens and report
// tokens, pre-norm, without biases.
//
//   x_i = (v W_image)_i + p_i                          image tokens i = 0..I-1
//   x_{I+t} = E[y_t] + p_{I+t}                         report tokens
//   x += softmax(mask(q k^T / sqrt(d_head))) v W_o,    [q k v] = norm(x) W_qkv,   every layer
//   x += act(norm(x) W_in) W_out
//   pi(. | v, y_<=t) = softmax over the allowed tokens of norm(x_{I+t}) W_head
//
// norm(x) = gain * (x - mean) / sd (layer) or gain * x / rms (rms); act = GELU (tanh form) or
// silu(gate) * up; rotary positions turn q and k instead of adding p. (arXiv 1706.03762, GPT-2;
// 2002.05202, 1910.07467, 2104.09864, 2106.09685.)
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/api/policy.h"
#include "core/api/vocabulary.h"

namespace tightrope {

struct TransformerOptions {
  std::string backend = "auto";
  std::int64_t layers = 2;
  std::int64_t width = 64;
  std::int64_t heads = 4;
  double mlp_ratio = 4;
  std::string norm = "layer";
  std::string activation = "gelu";
  std::string positions = "learned";
  std::string head = "untied";
  std::int64_t image_tokens = 4;
  bool value_head = false;
  std::int64_t lora_rank = 0;
  double lora_alpha = 16;
  double output_gain = 0.01;
  bool grammar = true;
  std::string precision = "float32";
};

// One weight matrix [inputs, outputs], row-major at `offset`, with its low-rank adapter: the weight
// used is W + (alpha / rank) A B, A [inputs, rank], B [rank, outputs].
struct MatrixView {
  std::int64_t offset = 0;
  int inputs = 0;
  int outputs = 0;
  std::int64_t lora_a = -1;  // -1: no adapter
  std::int64_t lora_b = -1;
  bool adapted() const { return lora_a >= 0; }
};

struct LayerShape {
  std::int64_t norm_attention = 0;  // [d] gain
  std::int64_t norm_mlp = 0;        // [d] gain
  MatrixView qkv;                   // [d, 3 d]: q, k, v, each head by head
  MatrixView attention_output;      // [d, d]
  MatrixView mlp_in;                // [d, F], gated: [d, 2 F] gate, up
  MatrixView mlp_out;               // [F, d]
  std::array<const MatrixView*, 4> matrices() const {
    return {&qkv, &attention_output, &mlp_in, &mlp_out};
  }
};

// Everything a backend must know, and where its parameters are.
struct TransformerShape {
  // Throws InputError for widths that do not divide.
  TransformerShape(const PolicyContext& context, const TransformerOptions& options);

  Vocabulary vocabulary;
  Grammar grammar;
  int channels = 0;      // C
  int image_tokens = 0;  // I
  int width = 0;         // d
  int heads = 0;         // H
  int head_width = 0;    // d / H
  int mlp_width = 0;     // F
  bool layer_norm = true;
  bool gated = false;
  bool rotary = false;
  bool tied = false;
  bool value = false;
  int max_positions = 0;  // I + the longest grammatical trajectory
  int lora_rank = 0;
  double lora_scale = 0;  // alpha / rank
  double output_gain = 0;
  double norm_epsilon = 1e-5;
  double rotary_base = 10000;

  // Throws InputError when a trajectory of so many tokens has no positions.
  void check_length(std::size_t tokens) const;
  // Throws InputError unless token t of a trajectory, which is scored, is one of `range`.
  void check_scored(std::span<const Token> ids, std::size_t t, TokenRange range) const;

  std::int64_t image_projection = 0;  // [C, I d]
  std::int64_t embedding = 0;         // [V, d]
  std::int64_t positions = 0;         // [max_positions, d]; learned only
  std::vector<LayerShape> layers;
  std::int64_t norm_final = 0;   // [d] gain
  std::int64_t output_head = 0;  // [d, V]; tied: unused, the head is the embedding transposed
  std::int64_t value_head = 0;   // [d]
  std::vector<ParameterView> layout;
  std::int64_t parameters = 0;  // P

 private:
  void add_base();
  void add_adapters();
};

// The initial weights. Every number comes from one counter per view and row: normal with standard
// deviation 0.02 (embeddings, positions), 1/sqrt(inputs) (matrices; those that write into the
// residual stream also divided by sqrt(2 layers)), output_gain/sqrt(d) (head); gains 1, value head
// 0; adapters A uniform on +-1/sqrt(inputs), B 0, so that an adapter starts as no change.
void initialise_transformer(const TransformerShape& shape, const Stream& stream,
                            std::span<float> parameters);

}  // namespace tightrope
