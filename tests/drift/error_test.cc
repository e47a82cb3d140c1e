// SPDX-License-Identifier: Apache-2.0
// What users read when a drift process cannot be what they wrote.
#include <gmock/gmock.h>

#include "tests/drift/drift_support.h"

namespace tightrope::drift_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(DriftError, UnknownFactorListsTheWorlds) {
  EXPECT_THAT(drift_error("{type: sudden, factor: lexicl, to: reversed}"),
              AllOf(HasSubstr("factor = lexicl"), HasSubstr("did you mean \"lexical\""),
                    HasSubstr("prior, confounding, mechanism, visual, lexical, spurious")));
}

TEST(DriftError, UnknownTableListsTheFactors) {
  EXPECT_THAT(drift_error("{type: sudden, factor: visual, table: sigma, to: 1}"),
              AllOf(HasSubstr("table = sigma"), HasSubstr("noise, shift, polarity")));
}

TEST(DriftError, SeveralTablesNeedAName) {
  EXPECT_THAT(drift_error("{type: sudden, factor: visual, to: 1}"),
              AllOf(HasSubstr("several tables (noise, shift, polarity)"), HasSubstr("table:")));
}

TEST(DriftError, TargetsThatDoNotFit) {
  EXPECT_THAT(drift_error("{type: sudden, factor: confounding, to: uniform}"),
              HasSubstr("to = uniform: the rows of table confounding are no probability"));
  EXPECT_THAT(drift_error("{type: sudden, factor: confounding, to: reversed}"),
              HasSubstr("table confounding is a single number"));
  EXPECT_THAT(
      drift_error("{type: sudden, factor: prior, to: {rewired: 0.5}}"),
      HasSubstr(
          "table prior has the axes [disease], needed are disease (or category) and attribute"));
  EXPECT_THAT(drift_error("{type: sudden, factor: spurious, to: [[1, 1], [0, 0]]}"),
              AllOf(HasSubstr("shape [3, 2] (site x spurious)"), HasSubstr("shape [2, 2]")));
}

TEST(DriftError, TargetsThatBreakAConstraint) {
  EXPECT_THAT(drift_error("{type: sudden, factor: mechanism, to: {scale: 2}}"),
              AllOf(HasSubstr("to = {scale: 2}"), HasSubstr("theta[disease 0, attribute 0] = 1.6"),
                    HasSubstr("in [0, 1]")));
  EXPECT_THAT(drift_error("{type: sudden, factor: prior, to: [1, 1, 0, 0]}"),
              HasSubstr("sums to 2"));
  EXPECT_THAT(drift_error("{type: sudden, factor: visual, table: noise, to: 0}"), HasSubstr("> 0"));
}

TEST(DriftError, Spelling) {
  EXPECT_THAT(drift_error("{type: sudden, to: unifrom}"),
              AllOf(HasSubstr("to = "), HasSubstr("did you mean \"uniform\"")));
  EXPECT_THAT(drift_error("{type: sudden, to: {rewired: 1.5}}"), HasSubstr("fraction in [0, 1]"));
  EXPECT_THAT(drift_error("{type: sudden, to: [[1, 2], [3]]}"), HasSubstr("nested lists"));
  EXPECT_THAT(drift_error("{type: sudden, at: soon}"),
              AllOf(HasSubstr("at = "), HasSubstr("a step (an integer >= 0) or end")));
  EXPECT_THAT(drift_error("{type: sudden, at: -1}"), HasSubstr("integer >= 0"));
  EXPECT_THAT(drift_error("{type: incremental, start: 9, stop: 3}"),
              HasSubstr("start = 9: must not lie after stop = 3"));
  EXPECT_THAT(drift_error("{type: sudeen}"), HasSubstr("did you mean \"sudden\""));
}

}  // namespace
}  // namespace tightrope::drift_test
