// SPDX-License-Identifier: Apache-2.0
// Lists of processes: order, paths, mixtures per case, events, errors.
#include "drift/compose.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/drift/drift_support.h"

namespace tightrope::drift_test {
namespace {

const DriftClock kClock{100};

TEST(Compose, EachProcessReceivesWhatTheOnesBeforeMade) {
  const auto scale = build("{type: sudden, at: 0, factor: confounding, to: {scale: 2}}");
  const auto shift = build("{type: sudden, at: 0, factor: confounding, to: {shift: 1}}");
  const auto value = [](const DriftList& list) {
    return compose(list, small_world(), 5, kClock, path_stream()).at("confounding").values[0];
  };
  EXPECT_EQ(value({scale, shift}), 6.0);
  EXPECT_EQ(value({shift, scale}), 7.0);
  EXPECT_EQ(value({}), 2.5);
}

TEST(Compose, EveryPlaceInTheListHasItsOwnPath) {
  const auto permuted = build("{type: sudden, at: 0, factor: mechanism, to: permuted}");
  const auto first = compose({permuted}, small_world(), 5, kClock, path_stream());
  const auto again = compose({permuted}, small_world(), 50, kClock, path_stream());
  EXPECT_TRUE(equal(first, again)) << "a path does not depend on time";
  const auto idle = build("{type: sudden, at: end}");
  const auto second = compose({idle, permuted}, small_world(), 5, kClock, path_stream());
  EXPECT_FALSE(equal(first, second));
}

TEST(Compose, MixturesAreDrawnPerCase) {
  const DriftList list = {build("{type: sudden, at: 0, factor: confounding, to: 0}"),
                          build("{type: gradual, at: 50, width: 20}")};
  const auto weights = mixture_weights(list, 50, kClock);
  EXPECT_EQ(weights, (std::vector<double>{1.0, 0.5}));
  EXPECT_FALSE(is_certain(weights));
  EXPECT_EQ(likeliest_side(weights), 3u);
  EXPECT_EQ(likeliest_side(mixture_weights(list, 49, kClock)), 1u);

  const DriftSide old_side = 1, new_side = 3;
  const auto before = compose(list, small_world(), 50, kClock, path_stream(), old_side);
  const auto after = compose(list, small_world(), 50, kClock, path_stream(), new_side);
  EXPECT_EQ(before.at("prior").values[0], 0.4);
  EXPECT_EQ(after.at("prior").values[0], 0.25);
  EXPECT_EQ(before.at("confounding").values[0], 0.0);
  EXPECT_EQ(after.at("confounding").values[0], 0.0);

  const auto late = mixture_weights(list, 56, kClock);
  const double p = 1 / (1 + std::exp(-4.0 * 6 / 20));
  int count = 0;
  constexpr int kCases = 10000;
  for (int row = 0; row < kCases; ++row) {
    const DriftSide side = draw_side(late, path_stream(), 56, row);
    EXPECT_EQ(side & 1, 1u);
    EXPECT_EQ(side, draw_side(late, path_stream(), 56, row)) << "the same case, the same side";
    count += (side & 2) != 0;
  }
  EXPECT_NEAR(count, kCases * p, 5 * std::sqrt(kCases * p * (1 - p)));
}

TEST(Compose, EventsByTime) {
  const DriftList list = {build("{type: gradual, at: 50, width: 20, factor: visual, table: noise}"),
                          build("{type: sudden, at: 45}")};
  std::vector<std::int64_t> times;
  for (const DriftEvent& e : all_events(list, kClock, path_stream())) times.push_back(e.time);
  EXPECT_EQ(times, (std::vector<std::int64_t>{40, 45, 60}));
}

TEST(Compose, ErrorsNameThePlaceInTheList) {
  const DriftList list = {build("sudden"), build("{type: sudden, factor: reward, at: 0, to: 1}")};
  try {
    compose(list, small_world(), 1, kClock, path_stream());
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("drift.1: factor = reward"));
  }
}

}  // namespace
}  // namespace tightrope::drift_test
