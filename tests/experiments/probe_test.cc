// SPDX-License-Identifier: Apache-2.0
// Which cases the probes of an experiment are.
#include <gtest/gtest.h>

#include "tests/experiments/tiny_lane.h"

namespace tightrope {
namespace {

TEST(ExperimentProbe, ChoosesTheProbesAndNothingElse) {
  const Trained plain = tiny_lane(0, {"record.probes=8"});
  const Trained balanced = tiny_lane(0, {"record.probes=8", "record.probe=balanced"});
  const Cases& cases = balanced.context->probes(0).cases;
  ASSERT_EQ(cases.size(), 8);
  for (int n = 0; n < 8; ++n) EXPECT_EQ(cases.disease[n], n % 4);
  EXPECT_NE(plain.context->probes(0).cases.image, cases.image);
  EXPECT_EQ(plain.context->evaluation(0).cases.image, balanced.context->evaluation(0).cases.image);
  EXPECT_EQ(balanced.context->probes(0).oracle.size(), 8U);
}

TEST(ExperimentProbe, UnknownOnesGetTheNearestName) {
  try {
    tiny_lane(0, {"record.probe=entagled"});
    FAIL();
  } catch (const InputError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("unknown probe \"entagled\"; did you mean \"entangled\"?"),
              std::string::npos)
        << text;
  }
}

TEST(ExperimentProbe, WhatNoEnvironmentHasIsRefusedBeforeARun) {
  try {
    tiny_lane(0, {"record.probe={type: undecided, below: 0.01}"});
    FAIL();
  } catch (const InputError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("record.probe: no case whose most probable disease has at most 0.01"),
              std::string::npos)
        << text;
  }
}

}  // namespace
}  // namespace tightrope
