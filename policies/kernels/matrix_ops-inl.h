// SPDX-License-Identifier: Apache-2.0
// Small matrix products for row_ops.cc, included once per instruction set (hence no pragma once).
#if defined(TIGHTROPE_MATRIX_OPS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TIGHTROPE_MATRIX_OPS_INL_H
#undef TIGHTROPE_MATRIX_OPS_INL_H
#else
#define TIGHTROPE_MATRIX_OPS_INL_H
#endif

#include "hwy/highway.h"
#include "policies/kernels/row_ops.h"

HWY_BEFORE_NAMESPACE();
namespace tightrope {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most kRowBlock lanes, so that whole vectors tile every row.
template <class T>
using RowTag = hn::CappedTag<T, kRowBlock>;

// kRows rows of c, one vector of columns: the sums stay in registers while `inner` goes by.
template <int kRows, bool kTransposed, class T>
HWY_INLINE void tile(int inner, const T* a, int a_stride, const T* w, int w_stride, T* c,
                     int c_stride) {
  const RowTag<T> d;
  hn::Vec<RowTag<T>> sum[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) sum[r] = hn::LoadU(d, c + r * c_stride);
  for (int k = 0; k < inner; ++k) {
    const auto row = hn::LoadU(d, w + k * w_stride);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const T factor = kTransposed ? a[k * a_stride + r] : a[r * a_stride + k];
      sum[r] = hn::MulAdd(hn::Set(d, factor), row, sum[r]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) hn::StoreU(sum[r], d, c + r * c_stride);
}

template <int kRows, bool kTransposed, class T>
HWY_INLINE void strip(int inner, int columns, const T* a, int a_stride, const T* w, int w_stride,
                      T* c, int c_stride) {
  const int lanes = static_cast<int>(hn::Lanes(RowTag<T>()));
  for (int j = 0; j < columns; j += lanes) {
    tile<kRows, kTransposed>(inner, a, a_stride, w + j, w_stride, c + j, c_stride);
  }
}

template <class T>
void multiply(int rows, int inner, int columns, const T* a, int a_stride, const T* w, int w_stride,
              T* c, int c_stride) {
  int r = 0;
  for (; r + 8 <= rows; r += 8) {
    strip<8, false>(inner, columns, a + r * a_stride, a_stride, w, w_stride, c + r * c_stride,
                    c_stride);
  }
  for (; r + 4 <= rows; r += 4) {
    strip<4, false>(inner, columns, a + r * a_stride, a_stride, w, w_stride, c + r * c_stride,
                    c_stride);
  }
  for (; r < rows; ++r) {
    strip<1, false>(inner, columns, a + r * a_stride, a_stride, w, w_stride, c + r * c_stride,
                    c_stride);
  }
}

template <class T>
void multiply_transposed(int rows, int inner, int columns, const T* a, int a_stride, const T* d,
                         int d_stride, T* g, int g_stride) {
  int i = 0;
  for (; i + 8 <= inner; i += 8) {
    strip<8, true>(rows, columns, a + i, a_stride, d, d_stride, g + i * g_stride, g_stride);
  }
  for (; i < inner; ++i) {
    strip<1, true>(rows, columns, a + i, a_stride, d, d_stride, g + i * g_stride, g_stride);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tightrope
HWY_AFTER_NAMESPACE();

#endif  // TIGHTROPE_MATRIX_OPS_INL_H
