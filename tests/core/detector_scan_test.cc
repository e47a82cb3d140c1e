// SPDX-License-Identifier: Apache-2.0
// scan() says and leaves what update() does, sample by sample, also when one is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/random/stream.h"
#include "tests/core/detectors_support.h"

namespace tightrope::detector_test {
namespace {

std::vector<double> jumps() {
  std::vector<double> x;
  Draws draws = Stream(1, Purpose::kProbe, 1).at(0);
  for (int i = 0; i < 6000; ++i) x.push_back(draws.uniform() < (i / 700 % 2 == 1 ? 0.9 : 0.1));
  return x;
}

using Said = std::vector<std::tuple<std::int64_t, int, double, double, int, std::int64_t>>;

void add(Said& said, std::int64_t position, const DetectorState& s) {
  said.emplace_back(position, static_cast<int>(s.verdict), s.statistic, s.threshold, s.direction,
                    s.change_time);
}

TEST(DetectorScan, SaysWhatUpdateSaysUpToABadSample) {
  int drifts = 0;
  for (const std::string& name : Registry<DetectorModel>::get().names()) {
    for (const char* more : {"", ", threshold: 3", ", clock: 1"}) {
      std::unique_ptr<Detector> one, all;
      try {
        one = make_detector("{type: " + name + more + "}");
        all = make_detector("{type: " + name + more + "}");
      } catch (const ConfigError&) {
        continue;  // no such option
      }
      std::vector<double> x = jumps();
      x[5000] = NAN;
      Said expected, said;
      for (std::size_t i = 0; i < 5000; ++i) {
        const DetectorState s = one->update(x[i]);
        if (s.verdict != AlarmLevel::kNone) add(expected, static_cast<std::int64_t>(i), s);
      }
      const auto take = [&](std::int64_t position, const DetectorState& s) {
        add(said, position, s);
        drifts += s.verdict == AlarmLevel::kDrift ? 1 : 0;
      };
      all->scan({x.data(), 1}, take);
      all->scan({x.data() + 1, 0}, take);
      all->scan({x.data() + 1, 1233}, take);
      EXPECT_EQ(all->position(), 1234);
      try {
        all->scan({x.data() + 1234, x.size() - 1234}, take);
        ADD_FAILURE() << name;
      } catch (const InputError& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("position 5000")) << name;
      }
      EXPECT_EQ(said, expected) << name << more;
      EXPECT_EQ(all->save(), one->save()) << name << more;
      EXPECT_EQ(all->position(), 5000);
    }
  }
  EXPECT_GT(drifts, 20);
}

// Their squares would be infinite and silence a detector for good.
TEST(DetectorScan, RefusesSamplesThatAreTooLarge) {
  for (const std::string& name : Registry<DetectorModel>::get().names()) {
    for (const double large : {1.1e150, -1e200}) {
      const auto detector = make_detector("{type: " + name + "}");
      const std::vector<double> x = {0, large};
      EXPECT_THROW(detector->scan(x, [](std::int64_t, const DetectorState&) {}), InputError)
          << name;
      EXPECT_THROW(detector->update(large), InputError) << name;
      EXPECT_EQ(detector->position(), 1) << name;
    }
  }
}

// The greatest deviation so far may be the first one's.
TEST(PageHinkleyChange, IsKnownBehindAFallRightAfterTheWarmUp) {
  const auto detector = make_detector("{type: page_hinkley, standardize: true}");
  Draws draws = Stream(1, Purpose::kProbe, 3).at(0);
  DetectorState state;
  for (int i = 0; i < 30; ++i) detector->update(draws.normal());
  for (int i = 0; i < 5 && state.verdict != AlarmLevel::kDrift; ++i) {
    state = detector->update(-1000);
  }
  ASSERT_EQ(state.verdict, AlarmLevel::kDrift);
  EXPECT_EQ(state.direction, -1);
  EXPECT_GE(state.change_time, 30);
  EXPECT_LE(state.change_time, 31);
}

}  // namespace
}  // namespace tightrope::detector_test
