// SPDX-License-Identifier: Apache-2.0
// Element-wise parameter updates on flat buffers, compiled for several instruction sets.
#pragma once

#include <cstdint>

namespace tightrope {

// One Adam step of n elements, as PyTorch computes it:
//   g' = clip g + l2 p;  m = b1 m + (1 - b1) g';  v = b2 v + (1 - b2) g'^2
//   p = keep p - step_size m / (sqrt(v) / sqrt(1 - b2^t) + eps),  step_size = lr / (1 - b1^t)
// with keep = 1 - lr weight_decay for decoupled decay and l2 = weight_decay for the coupled one.
struct AdamCoefficients {
  float clip = 1;
  float l2 = 0;
  float beta1 = 0.9F;
  float beta2 = 0.999F;
  float one_minus_beta1 = 0.1F;
  float one_minus_beta2 = 0.001F;
  float keep = 1;
  float step_size = 0;
  float second_scale = 1;  // 1 / sqrt(1 - b2^t)
  float epsilon = 1e-8F;
};

// One SGD step: g' = clip g + l2 p;  b = momentum b + g';  p -= lr (nesterov ? g' + momentum b :
// b).
struct SgdCoefficients {
  float clip = 1;
  float l2 = 0;
  float momentum = 0;
  float learning_rate = 0;
  bool nesterov = false;
};

struct UpdateOps {
  // sum g^2 in float64; the order depends on the instruction set alone.
  double (*squared_norm)(std::int64_t n, const float* g);
  void (*adam)(std::int64_t n, const AdamCoefficients& c, const float* g, float* p, float* m,
               float* v);
  void (*sgd)(std::int64_t n, const SgdCoefficients& c, const float* g, float* p, float* b);
};

// The table of the best instruction set of this machine.
const UpdateOps& update_ops();

}  // namespace tightrope
