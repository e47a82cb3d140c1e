// SPDX-License-Identifier: Apache-2.0
// Exits with 77, which ctest shows as skipped, when every test was skipped; prints the reason.
#include <gtest/gtest.h>

#include <cstdio>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const int code = RUN_ALL_TESTS();
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  if (code != 0 || all.skipped_test_count() < all.test_to_run_count()) return code;
  std::puts("no CUDA device here: every test was skipped");
  return 77;
}
