// SPDX-License-Identifier: Apache-2.0
// The kernels' tests on a narrower instruction set than this processor's best: `--narrowest` takes
// the least that the library was compiled for, `--without-avx512` what most desks have.
#include <gtest/gtest.h>

#include <cstdio>
#include <string_view>

#include "hwy/highway.h"
#include "policies/kernels/dispatch.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const std::string_view choice = argc > 1 ? argv[1] : "";
  if (choice == "--without-avx512") {
    hwy::DisableTargets(HWY_AVX3 | HWY_AVX3_DL);
  } else if (choice == "--narrowest") {
    hwy::DisableTargets(HWY_AVX3 | HWY_AVX3_DL | HWY_AVX2);
  } else if (argc > 1) {
    std::printf("unknown option %s\n", argv[1]);
    return 2;
  }
  std::printf("instruction set: %s\n", tightrope::instruction_set().c_str());
  return RUN_ALL_TESTS();
}
