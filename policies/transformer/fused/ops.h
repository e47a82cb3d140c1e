// SPDX-License-Identifier: Apache-2.0
// The arithmetic of the fused transformer, compiled for several instruction sets and chosen at run
// time. Rows are padded with zeros to a multiple of kRowBlock; sums have a fixed order that does
// not depend on how many rows a call has.
#pragma once

#include <cstdint>
#include <type_traits>

#include "policies/kernels/row_ops.h"

namespace tightrope {

// A matrix of `rows` x columns with `stride` elements from row to row.
template <class T>
struct Rows {
  T* data = nullptr;
  int stride = 0;
  T* row(std::int64_t i) const { return data + i * stride; }
  operator Rows<const T>() const  // NOLINT: rows that may be written may be read
      requires(!std::is_const_v<T>) {
    return {data, stride};
  }
};

// The second factor of a product: [inner, columns] as rows (stride > 0), or packed (stride 0): one
// panel after another of `panel` columns, [inner, panel] each, the last one as wide as what is
// left.
template <class T>
struct Factor {
  const T* data = nullptr;
  int stride = 0;
};

// One head of one case: attention of `queries` rows over `keys` rows. `span` = padded(keys).
template <class T>
struct AttentionHead {
  int queries = 0, keys = 0, span = 0;
  int width = 0;  // of a head, padded
  T scale = 0;    // 1 / sqrt(width of a head)
  Rows<const T> q, k, v;
  const T* mask = nullptr;  // [queries, span] 0 or kMasked
  // [queries] ascending: a query sees none of the keys from here on.
  const std::int32_t* reach = nullptr;
  T* p = nullptr;  // [queries, span] attention weights: written forward, read backward
  Rows<T> out;     // [queries, width]
  Rows<T> turned;  // [width, span] scale k^T: scratch of attention(), given to attend()
  // Backward only.
  Rows<const T> d_out;
  Rows<T> d_q, d_k, d_v;
  T* d_scores = nullptr;  // scratch [queries, span]
};

inline constexpr double kMasked = -1e30;

// Sums over a softmax row of e_j = exp(x_j - top).
template <class T>
struct SoftmaxSums {
  T top = 0;
  T total = 0;     // sum of e_j
  T weighted = 0;  // sum of e_j (x_j - top)
};

// T is float in use and double where gradients are checked by finite differences.
template <class T>
struct TransformerOps {
  int panel = 0;  // columns of a packed panel

  // c[m, n] = a[m, k] b[k, n], or += with `add`; n is a multiple of kRowBlock.
  void (*multiply)(bool add, int m, int n, int k, Rows<const T> a, Factor<T> b, Rows<T> c);
  // c[m, n] += a[k, m]^T b[k, n], b as rows.
  void (*multiply_transposed)(int m, int n, int k, Rows<const T> a, Rows<const T> b, Rows<T> c);

  // out = (x - mean) / sqrt(variance + epsilon), or without the mean; inverse [rows] = 1 /
  // sqrt(..).
  void (*norm)(int rows, int width, bool centred, T epsilon, Rows<const T> x, Rows<T> out,
               T* inverse);
  // dx (+)= derivative of norm at `out` applied to d_out.
  void (*norm_backward)(bool add, int rows, int width, bool centred, Rows<const T> d_out,
                        Rows<const T> out, const T* inverse, Rows<T> dx);
  // x = GELU(x) (tanh form), slope = its derivative.
  void (*gelu)(int rows, int width, Rows<T> x, Rows<T> slope);
  // out = silu(gate) up with x [rows, 2 width] = gate, up; slope [rows, 2 width] = d out / d x.
  void (*swiglu)(int rows, int width, Rows<const T> x, Rows<T> out, Rows<T> slope);
  // y *= x.
  void (*scale_rows)(int rows, int width, Rows<const T> x, Rows<T> y);
  // y += x.
  void (*add_rows)(int rows, int width, Rows<const T> x, Rows<T> y);

  // to = factor from, `count` elements of flat memory.
  void (*scaled_copy)(int count, T factor, const T* from, T* to);
  // to += factor from; returns sum_i weight_i from_i.
  T (*add_scaled)(int count, T factor, const T* from, const T* weight, T* to);

  // out = softmax(mask + q turned) v with turned = scale k^T, which attention() makes itself.
  void (*attend)(const AttentionHead<T>& head);
  void (*attention)(const AttentionHead<T>& head);
  void (*attention_backward)(const AttentionHead<T>& head);

  // row[0..width) becomes e_j for begin <= j < end and 0 elsewhere.
  SoftmaxSums<T> (*softmax)(int begin, int end, int width, T* row);
  // row_j = e_j factor becomes the gradient by logits: -weight p_j - by_entropy p_j (log p_j + H)
  // with p_j = e_j / sums.total.
  void (*softmax_backward)(int width, T weight, T by_entropy, const SoftmaxSums<T>& sums, T* row);
};

// The table of the best instruction set of this machine.
template <class T>
const TransformerOps<T>& transformer_ops();

}  // namespace tightrope
