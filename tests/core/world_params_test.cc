// SPDX-License-Identifier: Apache-2.0
#include "core/api/world_params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"

namespace tightrope {
namespace {

WorldParams two_tables() {
  WorldParams params;
  params.add({"prior",
              "prior",
              Constraint::kSimplex,
              {"site", "disease"},
              {2, 2},
              {0.5, 0.5, 0.1, 0.9},
              "1",
              ""});
  params.add({"noise", "visual", Constraint::kPositive, {"channel"}, {2}, {1, 2}, "1", ""});
  params.add({"kappa", "", Constraint::kNonNegative, {}, {}, {0}, "nat", ""});
  return params;
}

std::string message(const WorldParams& params) {
  try {
    params.validate();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(WorldParams, NamesTableEntryAndValue) {
  WorldParams params = two_tables();
  EXPECT_EQ(message(params), "no error");
  params.at("prior").values[2] = 0.2;
  EXPECT_EQ(message(params),
            "world table prior: the row that starts at [site 1, disease 0] sums to 1.1, must sum "
            "to 1");
  params = two_tables();
  params.at("noise").values[1] = 0;
  EXPECT_EQ(message(params), "world table noise[channel 1] = 0, must be > 0");
  params = two_tables();
  params.at("kappa").values[0] = -1;
  EXPECT_EQ(message(params), "world table kappa = -1, must be >= 0");
  params = two_tables();
  params.at("prior").values[0] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message(params), "world table prior[site 0, disease 0] = nan, must be in [0, 1]");
}

TEST(WorldParams, FactorsChangesAndDuplicates) {
  WorldParams a = two_tables();
  WorldParams b = a;
  b.at("noise").values[1] = 2.5;
  EXPECT_THAT(a.factors(), testing::ElementsAre("prior", "visual"));
  EXPECT_EQ(largest_change(a, b, ""), 0.5);
  EXPECT_EQ(largest_change(a, b, "prior"), 0);
  EXPECT_EQ(a.at("noise").values[1], 2);  // a copy is a copy
  EXPECT_THROW(a.add(a.at("noise")), InternalError);
  EXPECT_THROW(a.at("nose"), InternalError);
  EXPECT_THROW(a.add({"x", "", Constraint::kReal, {"site"}, {3}, {1, 2}, "1", ""}), InternalError);
}

}  // namespace
}  // namespace tightrope
