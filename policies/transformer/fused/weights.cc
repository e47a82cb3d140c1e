// SPDX-License-Identifier: Apache-2.0
#include "policies/transformer/fused/weights.h"

#include <algorithm>
#include <type_traits>

namespace tightrope {
namespace {

// Calls f(row in the flat matrix, row in the padded one) for every row of blocks.
template <class F>
void for_each_index(const std::vector<IndexBlock>& blocks, F f) {
  for (const IndexBlock& block : blocks) {
    for (int i = 0; i < block.count; ++i) f(block.from + i, block.to + i);
  }
}

// Element (i, j) of a packed factor with `inner` rows: panels of `panel` columns, the last
// narrower.
std::int64_t packed_index(int inner, int columns, int panel, int i, int j) {
  const int first = j / panel * panel;
  const int width = std::min(panel, columns - first);
  return static_cast<std::int64_t>(first) * inner + static_cast<std::int64_t>(i) * width + j -
         first;
}

}  // namespace

template <class T>
PackedWeights<T>::PackedWeights(const TransformerShape& shape, const WeightPlan& plan)
    : shape_(shape),
      plan_(plan),
      ops_(transformer_ops<T>()),
      packed_(plan.packed_size),
      turned_(plan.turned_size),
      gradient_(plan.gradient_size),
      flat_gradient_(shape.parameters) {}

template <class T>
template <class U>
void PackedWeights<T>::load(std::span<const U> parameters, bool backward) {
  constexpr bool kSameType = std::is_same_v<T, U>;
  if (!kSameType || shape_.lora_rank > 0) {
    copy_.grow(parameters.size());
    std::transform(parameters.begin(), parameters.end(), copy_.data(),
                   [](U value) { return static_cast<T>(value); });
    flat_ = copy_.data();
    if (shape_.lora_rank > 0) apply_adapters();
  } else if constexpr (kSameType) {
    flat_ = parameters.data();
  }
  for (const MatrixPlan* plan : plan_.matrices()) {
    pack(*plan);
    if (backward && plan != &plan_.image) pack_turned(*plan);  // nothing lies before the image
  }
  if (!backward) return;
  gradient_.clear();
  flat_gradient_.clear();
}

template <class T>
void PackedWeights<T>::apply_adapters() {
  for (const LayerShape& layer : shape_.layers) {
    for (const MatrixView* view : layer.matrices()) {
      const T scale = static_cast<T>(shape_.lora_scale);
      for (int i = 0; i < view->inputs; ++i) {
        T* row = copy_.data() + view->offset + static_cast<std::int64_t>(i) * view->outputs;
        for (int r = 0; r < shape_.lora_rank; ++r) {
          const T factor =
              scale * flat_[view->lora_a + static_cast<std::int64_t>(i) * shape_.lora_rank + r];
          const T* b = flat_ + view->lora_b + static_cast<std::int64_t>(r) * view->outputs;
          for (int j = 0; j < view->outputs; ++j) row[j] += factor * b[j];
        }
      }
    }
  }
}

template <class T>
void PackedWeights<T>::pack(const MatrixPlan& plan) {
  T* to = packed_.data() + plan.packed;
  const int panel = ops_.panel;
  const auto at = [&](int i, int j) {
    return to + packed_index(plan.inputs, plan.outputs, panel, i, j);
  };
  for_each_index(plan.rows, [&](int i, int row) {
    const T* from = flat_ + plan.source + static_cast<std::int64_t>(i) * plan.row_stride;
    const T gain = plan.gain < 0 ? T(1) : flat_[plan.gain + i];
    for (const IndexBlock& block : plan.columns) {
      for (int j = 0; j < block.count;) {  // runs inside one panel
        const int column = block.to + j;
        const int run = std::min(block.count - j, panel - column % panel);
        T* cell = at(row, column);
        const T* source = from + static_cast<std::int64_t>(block.from + j) * plan.column_stride;
        if (plan.column_stride == 1) {
          ops_.scaled_copy(run, gain, source, cell);
        } else {
          for (int k = 0; k < run; ++k) {
            cell[k] = gain * source[static_cast<std::int64_t>(k) * plan.column_stride];
          }
        }
        j += run;
      }
    }
    if (plan.extra >= 0) *at(row, plan.extra_column) = gain * flat_[plan.extra + i];
  });
}

// The transposed [outputs, padded(inputs)]: row j of it is column j of the matrix.
template <class T>
void PackedWeights<T>::pack_turned(const MatrixPlan& plan) {
  T* to = turned_.data() + plan.turned;
  const int panel = ops_.panel;
  const int width = padded(plan.inputs);
  for_each_index(plan.rows, [&](int i, int row) {
    const T* from = flat_ + plan.source + static_cast<std::int64_t>(i) * plan.row_stride;
    const T gain = plan.gain < 0 ? T(1) : flat_[plan.gain + i];
    T* column = to + packed_index(plan.outputs, width, panel, 0, row);
    const int stride = std::min(panel, width - row / panel * panel);
    for (const IndexBlock& block : plan.columns) {
      const T* source = from + static_cast<std::int64_t>(block.from) * plan.column_stride;
      T* cell = column + static_cast<std::int64_t>(block.to) * stride;
      for (int j = 0; j < block.count; ++j) {
        cell[static_cast<std::int64_t>(j) * stride] =
            gain * source[static_cast<std::int64_t>(j) * plan.column_stride];
      }
    }
    if (plan.extra >= 0) {
      column[static_cast<std::int64_t>(plan.extra_column) * stride] = gain * flat_[plan.extra + i];
    }
  });
}

template <class T>
void PackedWeights<T>::unload(std::span<T> to) {
  // Adapters need the gradient by their matrix alone, not what `to` holds already.
  const bool adapted = shape_.lora_rank > 0;
  T* target = adapted ? flat_gradient_.data() : to.data();
  for (const MatrixPlan* plan : plan_.matrices()) unload_matrix(*plan, target);
  for (const LayerShape& layer : shape_.layers) {
    for (const MatrixView* view : layer.matrices()) {
      if (view->adapted()) unload_adapter(*view, target);
    }
  }
  const std::int64_t begin = adapted ? 0 : shape_.embedding;
  const std::int64_t end = adapted ? shape_.parameters : shape_.layers[0].norm_attention;
  const T* from = flat_gradient_.data() + begin;
  ops_.add_scaled(static_cast<int>(end - begin), T(1), from, from, to.data() + begin);
}

// The gradient G of gain_i W_ij: dW_ij = gain_i G_ij, d gain_i = sum_j W_ij G_ij.
template <class T>
void PackedWeights<T>::unload_matrix(const MatrixPlan& plan, T* to) {
  const Rows<T> gradients = gradient(plan);
  for_each_index(plan.rows, [&](int i, int row) {
    const std::int64_t first = plan.source + static_cast<std::int64_t>(i) * plan.row_stride;
    const T gain = plan.gain < 0 ? T(1) : flat_[plan.gain + i];
    const T* g = gradients.row(row);
    T by_gain = 0;
    const auto add = [&](std::int64_t element, T slope) {
      by_gain += flat_[element] * slope;
      to[element] += gain * slope;
    };
    for (const IndexBlock& block : plan.columns) {
      const T* slopes = g + block.to;
      const std::int64_t start = first + static_cast<std::int64_t>(block.from) * plan.column_stride;
      if (plan.column_stride == 1) {
        by_gain += ops_.add_scaled(block.count, gain, slopes, flat_ + start, to + start);
      } else {
        for (int j = 0; j < block.count; ++j) {
          add(start + static_cast<std::int64_t>(j) * plan.column_stride, slopes[j]);
        }
      }
    }
    if (plan.extra >= 0) add(plan.extra + i, g[plan.extra_column]);
    if (plan.gain >= 0) to[plan.gain + i] += by_gain;
  });
}

// With W + s A B in use and G its gradient: dW = G, dA = s G B^T, dB = s A^T G.
template <class T>
void PackedWeights<T>::unload_adapter(const MatrixView& view, T* to) {
  const T scale = static_cast<T>(shape_.lora_scale);
  for (int i = 0; i < view.inputs; ++i) {
    const T* g = to + view.offset + static_cast<std::int64_t>(i) * view.outputs;
    for (int r = 0; r < shape_.lora_rank; ++r) {
      const std::int64_t a = view.lora_a + static_cast<std::int64_t>(i) * shape_.lora_rank + r;
      const std::int64_t b = view.lora_b + static_cast<std::int64_t>(r) * view.outputs;
      to[a] += scale * ops_.add_scaled(view.outputs, scale * flat_[a], g, flat_ + b, to + b);
    }
  }
}

template class PackedWeights<float>;
template class PackedWeights<double>;
template void PackedWeights<float>::load(std::span<const float> parameters, bool backward);
template void PackedWeights<double>::load(std::span<const double> parameters, bool backward);

}  // namespace tightrope
