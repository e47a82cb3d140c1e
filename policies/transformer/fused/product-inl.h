// SPDX-License-Identifier: Apache-2.0
// Matrix products for ops.cc, included once per instruction set (hence no pragma once).
#if defined(TIGHTROPE_FUSED_PRODUCT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TIGHTROPE_FUSED_PRODUCT_INL_H
#undef TIGHTROPE_FUSED_PRODUCT_INL_H
#else
#define TIGHTROPE_FUSED_PRODUCT_INL_H
#endif

#include <algorithm>

#include "hwy/highway.h"
#include "policies/transformer/fused/ops.h"

HWY_BEFORE_NAMESPACE();
namespace tightrope {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most kRowBlock lanes, so that whole vectors tile every row.
template <class T>
using Tag = hn::CappedTag<T, kRowBlock>;

template <class T>
int lanes() {
  return static_cast<int>(hn::Lanes(Tag<T>()));
}

// kRows x kVectors accumulators stay in registers while the inner dimension goes by.
inline constexpr int kTileRows = 6;

template <int kRows, int kVectors, bool kTransposed, bool kAdd, class T>
HWY_INLINE void tile(int inner, Rows<const T> a, const T* HWY_RESTRICT b, int b_stride, Rows<T> c) {
  const Tag<T> d;
  const int n = lanes<T>();
  hn::Vec<Tag<T>> sum[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      sum[r][v] = kAdd ? hn::LoadU(d, c.data + r * c.stride + v * n) : hn::Zero(d);
    }
  }
#pragma GCC unroll 2
  for (int k = 0; k < inner; ++k) {
    hn::Vec<Tag<T>> row[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) row[v] = hn::LoadU(d, b + v * n);
    b += b_stride;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const auto factor =
          hn::Set(d, kTransposed ? a.data[k * a.stride + r] : a.data[r * a.stride + k]);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(factor, row[v], sum[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      hn::StoreU(sum[r][v], d, c.data + r * c.stride + v * n);
    }
  }
}

// All rows of one panel of columns.
template <int kVectors, bool kTransposed, bool kAdd, class T>
void panel_product(int m, int inner, Rows<const T> a, const T* b, int b_stride, Rows<T> c) {
  const auto part = [&](int i) {
    return Rows<const T>{
        kTransposed ? a.data + i : a.data + static_cast<std::int64_t>(i) * a.stride, a.stride};
  };
  const auto target = [&](int i) { return Rows<T>{c.row(i), c.stride}; };
  int i = 0;
  for (; i + kTileRows <= m; i += kTileRows) {
    tile<kTileRows, kVectors, kTransposed, kAdd>(inner, part(i), b, b_stride, target(i));
  }
  const auto rest = [&]<int kRows>() {
    tile<kRows, kVectors, kTransposed, kAdd>(inner, part(i), b, b_stride, target(i));
  };
  switch (m - i) {
    case 1:
      return rest.template operator()<1>();
    case 2:
      return rest.template operator()<2>();
    case 3:
      return rest.template operator()<3>();
    case 4:
      return rest.template operator()<4>();
    case 5:
      return rest.template operator()<5>();
    default:
      return;
  }
}

template <bool kTransposed, bool kAdd, class T>
void product(int m, int n, int inner, Rows<const T> a, Factor<T> b, Rows<T> c) {
  const int panel = 2 * lanes<T>();
  for (int j = 0; j < n; j += panel) {
    const int columns = std::min(panel, n - j);
    const T* first = b.stride > 0 ? b.data + j : b.data + static_cast<std::int64_t>(j) * inner;
    const int stride = b.stride > 0 ? b.stride : columns;
    const Rows<T> target{c.data + j, c.stride};
    if (columns == panel) {
      panel_product<2, kTransposed, kAdd>(m, inner, a, first, stride, target);
    } else {
      panel_product<1, kTransposed, kAdd>(m, inner, a, first, stride, target);
    }
  }
}

template <class T>
void multiply(bool add, int m, int n, int k, Rows<const T> a, Factor<T> b, Rows<T> c) {
  if (add) {
    product<false, true>(m, n, k, a, b, c);
  } else {
    product<false, false>(m, n, k, a, b, c);
  }
}

template <class T>
void multiply_transposed(int m, int n, int k, Rows<const T> a, Rows<const T> b, Rows<T> c) {
  product<true, true>(m, n, k, a, Factor<T>{b.data, b.stride}, c);
}

}  // namespace HWY_NAMESPACE
}  // namespace tightrope
HWY_AFTER_NAMESPACE();

#endif  // TIGHTROPE_FUSED_PRODUCT_INL_H
