// SPDX-License-Identifier: Apache-2.0
// What every registered change detector must do.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "core/random/stream.h"
#include "tests/core/detectors_support.h"

namespace tightrope::detector_test {
namespace {

// In [0, 1], with a change at sample 700 and every 700 samples.
std::vector<double> jumps() {
  std::vector<double> x;
  Draws draws = Stream(1, Purpose::kProbe, 1).at(0);
  for (int i = 0; i < 3000; ++i) x.push_back((draws.uniform() + (i / 700 % 2 == 1 ? 2 : 0)) / 3);
  return x;
}

std::vector<std::uint64_t> bits(const DetectorState& s) {
  return {static_cast<std::uint64_t>(s.verdict), std::bit_cast<std::uint64_t>(s.statistic),
          std::bit_cast<std::uint64_t>(s.threshold), static_cast<std::uint64_t>(s.direction + 1),
          static_cast<std::uint64_t>(s.change_time)};
}

class DetectorConformance : public ::testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Detector> make() const { return make_detector("{type: " + GetParam() + "}"); }
};

TEST_P(DetectorConformance, SavedMidStreamContinuesBitForBit) {
  const std::vector<double> x = jumps();
  for (const std::size_t cut : {0U, 1U, 5U, 37U, 710U, 1000U, 1411U}) {
    const auto whole = make(), second = make();
    for (std::size_t i = 0; i < cut; ++i) whole->update(x[i]);
    second->update(0.25);  // something to overwrite
    second->load(whole->save());
    EXPECT_EQ(second->save(), whole->save());
    for (std::size_t i = cut; i < x.size(); ++i) {
      ASSERT_EQ(bits(second->update(x[i])), bits(whole->update(x[i]))) << cut << " " << i;
    }
    EXPECT_EQ(second->save(), whole->save());
  }
}

TEST_P(DetectorConformance, SavedAtADriftStartsAnewAfterIt) {
  const std::vector<double> x = jumps();
  const auto whole = make(), second = make();
  std::size_t i = 0;
  bool drift = false;
  while (i < x.size() && !drift) drift = whole->update(x[i++]).verdict == Verdict::kDrift;
  ASSERT_TRUE(drift);
  second->load(whole->save());
  for (; i < x.size(); ++i) ASSERT_EQ(bits(second->update(x[i])), bits(whole->update(x[i]))) << i;
}

TEST_P(DetectorConformance, ResetGivesAFreshOne) {
  const auto used = make(), fresh = make();
  for (const double x : jumps()) used->update(x);
  used->reset();
  EXPECT_EQ(used->save(), fresh->save());
  for (const double x : jumps()) ASSERT_EQ(bits(used->update(x)), bits(fresh->update(x)));
}

TEST_P(DetectorConformance, DetectorsOfOneModelShareNothing) {
  Problems problems;
  auto model = Registry<DetectorModel>::get().build(Node::scalar(GetParam()), "detector", problems);
  problems.throw_if_any();
  const auto first = model->make(), second = model->make();
  model.reset();
  for (const double x : jumps()) first->update(x);
  EXPECT_EQ(second->save(), make()->save());
}

TEST_P(DetectorConformance, NonFiniteInputIsNamedAndChangesNothing) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<double, std::string>> cases = {
      {std::numeric_limits<double>::quiet_NaN(), "nan"}, {infinity, "inf"}, {-infinity, "-inf"}};
  for (const auto& [bad, text] : cases) {
    const auto detector = make();
    for (int i = 0; i < 40; ++i) detector->update(0.5);
    const std::vector<double> before = detector->save();
    try {
      detector->update(bad);
      ADD_FAILURE() << text;
    } catch (const InputError& error) {
      EXPECT_EQ(error.what(), "detector input at position 40 is " + text + ": it must be finite");
    }
    EXPECT_EQ(detector->save(), before);
  }
}

TEST_P(DetectorConformance, ADamagedStateIsRefusedAndChangesNothing) {
  const auto detector = make();
  for (int i = 0; i < 100; ++i) detector->update(0.5);
  const std::vector<double> good = detector->save();
  std::vector<double> shorter(good.begin(), good.end() - 1), longer = good, negative = good;
  longer.push_back(0);
  negative[0] = -1;
  for (const auto& damaged : {std::vector<double>{}, shorter, longer, negative}) {
    EXPECT_THROW(detector->load(damaged), InputError);
    EXPECT_EQ(detector->save(), good);
  }
}

INSTANTIATE_TEST_SUITE_P(Registered, DetectorConformance,
                         ::testing::ValuesIn(Registry<DetectorModel>::get().names()),
                         [](const auto& test) { return test.param; });

TEST(DetectorNames, NoneWasLostByTheLinker) {
  const std::vector<std::string> names = Registry<DetectorModel>::get().names();
  for (const char* name : {"adwin", "betting", "bocd", "conformal", "cusum", "e_detector", "ewma",
                           "gma", "kswin", "mmd", "page_hinkley", "shewhart"}) {
    EXPECT_TRUE(std::find(names.begin(), names.end(), name) != names.end()) << name;
  }
}

}  // namespace
}  // namespace tightrope::detector_test
