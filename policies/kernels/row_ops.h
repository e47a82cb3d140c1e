// SPDX-License-Identifier: Apache-2.0
// Vector operations on padded rows, compiled for several instruction sets and chosen at run time.
// Every length is a multiple of kRowBlock and every sum has a fixed order, so that a number depends
// only on its own row and on the instruction set, never on what is computed beside it.
#pragma once

namespace tightrope {

// Rows are padded with zeros to a multiple of this many elements.
inline constexpr int kRowBlock = 16;

constexpr int padded(int n) { return (n + kRowBlock - 1) / kRowBlock * kRowBlock; }
constexpr int block_floor(int n) { return n / kRowBlock * kRowBlock; }

// T is float in use and double where gradients are checked by finite differences.
template <class T>
struct RowOps {
  // y += scale x, n elements.
  void (*add)(int n, T scale, const T* x, T* y);
  // y_i += scale x_i for first <= i < n.
  void (*add_tail)(int first, int n, T scale, const T* x, T* y);
  // y = x + scale e.
  void (*add_to)(int n, const T* x, T scale, const T* e, T* y);
  // y *= scale.
  void (*scale)(int n, T scale, T* y);
  // sum_i x_i y_i.
  T (*dot)(int n, const T* x, const T* y);
  // y = tanh(x).
  void (*tanh)(int n, const T* x, T* y);
  // row_i = exp(x_i + e_i - top) for begin <= i < end with top the largest x_i + e_i, and 0 in the
  // rest of the blocks touched; returns the sum. A NaN among the inputs makes the sum NaN.
  T (*softmax)(int begin, int end, const T* x, const T* e, T* row, T* top);
  // Four-way log-softmax of n slots: x [4, n] holds the logits of each class as a row and becomes
  // their log-probs; p [4, n] the probabilities.
  void (*slot_softmax)(int n, T* x, T* p);
  // c[rows, columns] += a[rows, inner] w[inner, columns]; columns is a multiple of kRowBlock. Each
  // row of c is summed over `inner` in ascending order, whatever `rows` is.
  void (*multiply)(int rows, int inner, int columns, const T* a, int a_stride, const T* w,
                   int w_stride, T* c, int c_stride);
  // g[inner, columns] += a[rows, inner]^T d[rows, columns], over `rows` in ascending order.
  void (*multiply_transposed)(int rows, int inner, int columns, const T* a, int a_stride,
                              const T* d, int d_stride, T* g, int g_stride);
};

// The table of the best instruction set of this machine; T is float or double.
template <class T>
const RowOps<T>& row_ops();

}  // namespace tightrope
