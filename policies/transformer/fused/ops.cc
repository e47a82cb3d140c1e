// SPDX-License-Identifier: Apache-2.0
#include "policies/transformer/fused/ops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "policies/transformer/fused/ops.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
// The order matters: what follows needs highway.h.
#include "hwy/highway.h"
//
#include "policies/transformer/fused/product-inl.h"
#include "policies/transformer/fused/rows-inl.h"
#include "policies/transformer/fused/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tightrope {
namespace HWY_NAMESPACE {

template <class T>
const TransformerOps<T>* transformer_table() {
  static const TransformerOps<T> ops = {2 * lanes<T>(),
                                        &multiply<T>,
                                        &multiply_transposed<T>,
                                        &norm<T>,
                                        &norm_backward<T>,
                                        &gelu<T>,
                                        &swiglu<T>,
                                        &scale_rows<T>,
                                        &add_rows<T>,
                                        &scaled_copy<T>,
                                        &add_scaled<T>,
                                        &attend<T>,
                                        &attention<T>,
                                        &attention_backward<T>,
                                        &softmax<T>,
                                        &softmax_backward<T>};
  return &ops;
}

const TransformerOps<float>* float_transformer_table() { return transformer_table<float>(); }
const TransformerOps<double>* double_transformer_table() { return transformer_table<double>(); }

}  // namespace HWY_NAMESPACE
}  // namespace tightrope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tightrope {

HWY_EXPORT(float_transformer_table);
HWY_EXPORT(double_transformer_table);

template <>
const TransformerOps<float>& transformer_ops<float>() {
  static const TransformerOps<float>& ops = *HWY_DYNAMIC_DISPATCH(float_transformer_table)();
  return ops;
}

template <>
const TransformerOps<double>& transformer_ops<double>() {
  static const TransformerOps<double>& ops = *HWY_DYNAMIC_DISPATCH(double_transformer_table)();
  return ops;
}

}  // namespace tightrope
#endif  // HWY_ONCE
