// SPDX-License-Identifier: Apache-2.0
// A loss of all three token quantities and small transformers for its tests.
#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "policies/transformer/fused/workspace.h"
#include "tests/policies/fixtures.h"

namespace tightrope {

// L = sum_i mask_i (w_i l_i + l_i^2 / 20 + a h_i w_i + b v_i^2 w_i / 2) of log-probs l, entropies h
// and values v.
class QuantityLoss : public Pullback {
 public:
  explicit QuantityLoss(Wanted wanted) : wanted_(wanted) {}

  static double value(const TokenBatch& batch, const TokenQuantities& at) {
    double total = TestLoss::value(batch, at.log_prob);
    for (std::size_t i = 0; i < batch.mask.size(); ++i) {
      if (batch.mask[i] == 0) continue;
      if (!at.entropy.empty()) total += kEntropy * TestLoss::weight(i) * at.entropy[i];
      if (!at.value.empty()) total += 0.5 * TestLoss::weight(i) * at.value[i] * at.value[i];
    }
    return total;
  }

  void operator()(const Group& group, GroupGradient gradient) override {
    const std::size_t first = group.offset[0];
    for (std::size_t i = 0; i < group.log_prob.size(); ++i) {
      const double w = TestLoss::weight(first + i);
      // Unscored tokens get gradients too: they must be ignored.
      gradient.log_prob[i] += w + group.log_prob[i] / 10;
      seen.log_prob.push_back(group.log_prob[i]);
      if (wanted_.entropy) {
        gradient.entropy[i] += kEntropy * w;
        seen.entropy.push_back(group.entropy[i]);
      }
      if (wanted_.value) {
        gradient.value[i] += w * (group.mask[i] != 0 ? group.value[i] : 3.0);
        seen.value.push_back(group.value[i]);
      }
    }
  }
  TokenQuantities seen;

 private:
  static constexpr double kEntropy = 0.3;
  Wanted wanted_;
};

// Weights of every view away from zero, so that adapters and value heads take part; gains near 1.
template <class T>
std::vector<T> random_transformer(const TransformerShape& shape, std::uint64_t seed) {
  std::vector<T> out = random_parameters<T>(shape.parameters, seed, 0.3);
  for (const ParameterView& view : shape.layout) {
    if (view.name.find("norm") == std::string::npos) continue;
    for (std::int64_t i = 0; i < view.size; ++i) out[view.offset + i] += T{1};
  }
  return out;
}

// ||a - b|| / ||b||.
template <class Left, class Right>
double relative_distance(const Left& a, const Right& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
    norm += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(difference / norm);
}

// A transformer with one option away from the default, and how many cases its test takes.
struct TransformerSetting {
  std::string name;
  TransformerOptions options;
  int cases = 4;
  int categories = 2;
};

inline TransformerOptions tiny_transformer() {
  TransformerOptions out;
  out.layers = 2;
  out.width = 12;
  out.heads = 3;
  out.mlp_ratio = 2;
  out.image_tokens = 2;
  return out;
}

inline TransformerSetting with(const std::string& name,
                               const std::function<void(TransformerOptions&)>& change,
                               int cases = 4, int categories = 2) {
  TransformerSetting out{name, tiny_transformer(), cases, categories};
  change(out.options);
  return out;
}

inline std::vector<TransformerSetting> transformer_settings() {
  using O = TransformerOptions;
  return {
      with("default", [](O&) {}),
      with("one_layer", [](O& o) { o.layers = 1; }),
      with(
          "three_layers", [](O& o) { o.layers = 3; }, 2),
      with("rms", [](O& o) { o.norm = "rms"; }),
      with("swiglu", [](O& o) { o.activation = "swiglu"; }),
      with("rotary", [](O& o) { o.positions = "rotary"; }),
      with("tied", [](O& o) { o.head = "tied"; }),
      with("value_head", [](O& o) { o.value_head = true; }),
      with(
          "lora", [](O& o) { o.lora_rank = 2; }, 2),
      with("grammar_off", [](O& o) { o.grammar = false; }),
      with("one_image_token", [](O& o) { o.image_tokens = 1; }),
      with("odd_width", [](O& o) { o.width = 15, o.heads = 5, o.mlp_ratio = 1.6; }),
      with("one_head", [](O& o) { o.width = 10, o.heads = 1; }),
      with(
          "wide_heads", [](O& o) { o.width = 36, o.heads = 2, o.layers = 1; }, 1),
      with(
          "many_cases", [](O& o) { o.width = 6, o.heads = 2, o.layers = 1; }, 37, 0),
      with(
          "llama",
          [](O& o) {
            o.norm = "rms", o.activation = "swiglu", o.positions = "rotary", o.head = "tied";
            o.value_head = true, o.lora_rank = 3, o.width = 20, o.heads = 5, o.image_tokens = 3;
          },
          1),
  };
}

}  // namespace tightrope
