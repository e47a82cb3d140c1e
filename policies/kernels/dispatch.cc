// SPDX-License-Identifier: Apache-2.0
#include "policies/kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "policies/kernels/dispatch.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace tightrope {
namespace HWY_NAMESPACE {

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace tightrope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tightrope {

HWY_EXPORT(target_name);

std::string instruction_set() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

}  // namespace tightrope
#endif  // HWY_ONCE
