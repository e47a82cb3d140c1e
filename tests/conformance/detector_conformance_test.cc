// SPDX-License-Identifier: Apache-2.0
// What every registered change detector must do.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/random/stream.h"
#include "tests/core/detectors_support.h"

namespace tightrope::detector_test {
namespace {

// In [0, 1], with a change at sample 700 and every 700 samples; for detectors that take only 0 and
// 1, errors of these probabilities.
std::vector<double> jumps(bool errors) {
  std::vector<double> x;
  Draws draws = Stream(1, Purpose::kProbe, 1).at(0);
  for (int i = 0; i < 3000; ++i) x.push_back((draws.uniform() + (i / 700 % 2 == 1 ? 2 : 0)) / 3);
  if (!errors) return x;
  for (double& value : x) value = draws.bernoulli(value) ? 1 : 0;
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

  // A stream that the detector takes: numbers, or errors if it refuses numbers and says why.
  std::vector<double> stream() const {
    try {
      make()->update(0.25);
    } catch (const InputError& error) {
      EXPECT_EQ(error.what(),
                GetParam() + " input at position 0 is 0.25: it takes 0 and 1 only (1 = error)");
      RecordProperty("input", error.what());
      return jumps(true);
    }
    return jumps(false);
  }
};

TEST_P(DetectorConformance, SavedMidStreamContinuesBitForBit) {
  const std::vector<double> x = stream();
  for (const std::size_t cut : {0U, 1U, 5U, 37U, 710U, 1000U, 1411U}) {
    const auto whole = make(), second = make();
    for (std::size_t i = 0; i < cut; ++i) whole->update(x[i]);
    second->update(1);  // something to overwrite
    second->load(whole->save());
    EXPECT_EQ(second->save(), whole->save());
    for (std::size_t i = cut; i < x.size(); ++i) {
      ASSERT_EQ(bits(second->update(x[i])), bits(whole->update(x[i]))) << cut << " " << i;
    }
    EXPECT_EQ(second->save(), whole->save());
  }
}

TEST_P(DetectorConformance, SavedAtADriftStartsAnewAfterIt) {
  const std::vector<double> x = stream();
  const auto whole = make(), second = make();
  std::size_t i = 0;
  bool drift = false;
  while (i < x.size() && !drift) drift = whole->update(x[i++]).verdict == AlarmLevel::kDrift;
  ASSERT_TRUE(drift);
  second->load(whole->save());
  for (; i < x.size(); ++i) ASSERT_EQ(bits(second->update(x[i])), bits(whole->update(x[i]))) << i;
}

TEST_P(DetectorConformance, ResetGivesAFreshOne) {
  const auto used = make(), fresh = make();
  const std::vector<double> samples = stream();
  for (const double x : samples) used->update(x);
  used->reset();
  EXPECT_EQ(used->save(), fresh->save());
  for (const double x : samples) ASSERT_EQ(bits(used->update(x)), bits(fresh->update(x)));
}

TEST_P(DetectorConformance, DetectorsOfOneModelShareNothing) {
  Problems problems;
  auto model = Registry<DetectorModel>::get().build(Node::scalar(GetParam()), "detector", problems);
  problems.throw_if_any();
  const auto first = model->make(), second = model->make();
  model.reset();
  for (const double x : stream()) first->update(x);
  EXPECT_EQ(second->save(), make()->save());
}

// Errors that come, go and come again, in stretches of random lengths and rates.
std::vector<double> restless_errors(std::uint32_t seed) {
  std::vector<double> x;
  Draws draws = Stream(seed, Purpose::kProbe, 2).at(0);
  while (x.size() < 3000) {
    const int length = 10 + static_cast<int>(200 * draws.uniform());
    const double rate = draws.uniform() < 0.5 ? draws.uniform() : draws.uniform() < 0.5 ? 0 : 1;
    for (int i = 0; i < length; ++i) x.push_back(draws.bernoulli(rate) ? 1 : 0);
  }
  return x;
}

TEST_P(DetectorConformance, AChangeIsNeverBehindItsAlarm) {
  int drifts = 0;
  for (std::uint32_t seed = 0; seed < 4; ++seed) {
    const auto detector = make();
    detector->scan(seed == 0 ? stream() : restless_errors(seed),
                   [&](std::int64_t position, const DetectorState& state) {
                     if (state.verdict != AlarmLevel::kDrift) return;
                     ++drifts;
                     ASSERT_GE(state.change_time, 0) << seed;
                     ASSERT_LE(state.change_time, position) << seed;
                   });
  }
  EXPECT_GT(drifts, 0);
}

TEST_P(DetectorConformance, NonFiniteInputIsNamedAndChangesNothing) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<double, std::string>> cases = {
      {std::numeric_limits<double>::quiet_NaN(), "nan"}, {infinity, "inf"}, {-infinity, "-inf"}};
  for (const auto& [bad, text] : cases) {
    const auto detector = make();
    const std::vector<double> x = stream();
    for (std::size_t i = 0; i < 40; ++i) detector->update(x[i]);
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
  const std::vector<double> x = stream();
  for (std::size_t i = 0; i < 100; ++i) detector->update(x[i]);
  const std::vector<double> good = detector->save();
  std::vector<double> shorter(good.begin(), good.end() - 1), longer = good, negative = good;
  longer.push_back(0);
  negative[0] = -1;
  for (const auto& damaged : {std::vector<double>{}, shorter, longer, negative}) {
    EXPECT_THROW(detector->load(damaged), InputError);
    EXPECT_EQ(detector->save(), good);
  }
}

// Numbers that no run leaves behind: either the state is refused and nothing has changed, or what
// it holds can be gone on with.
TEST_P(DetectorConformance, AnyStateIsRefusedOrUsable) {
  const std::vector<double> x = stream();
  const auto detector = make(), victim = make();
  for (std::size_t i = 0; i < 900; ++i) detector->update(x[i]);
  const std::vector<double> good = detector->save();
  const double infinity = std::numeric_limits<double>::infinity();
  int refused = 0;
  for (std::size_t k = 0; k < good.size(); ++k) {
    for (const double value : {-1.0, 0.5, 1e6, 1e300, infinity, std::nan("")}) {
      std::vector<double> damaged = good;
      damaged[k] = value;
      victim->load(good);
      try {
        victim->load(damaged);
      } catch (const InputError&) {
        ++refused;
        ASSERT_EQ(victim->save(), good);
      }
      for (std::size_t i = 900; i < 1000; ++i) victim->update(x[i]);
    }
  }
  EXPECT_GE(refused, 12);  // the position and whether there was a drift, at least
}

TEST_P(DetectorConformance, ABankSaysWhatItsDetectorsSay) {
  constexpr std::size_t kStreams = 5, kShift = 431;
  Problems problems;
  const auto model =
      Registry<DetectorModel>::get().build(Node::scalar(GetParam()), "detector", problems);
  problems.throw_if_any();
  const auto bank = model->make_bank(kStreams);
  ASSERT_EQ(bank->size(), kStreams);
  std::vector<std::unique_ptr<Detector>> single;
  for (std::size_t n = 0; n < kStreams; ++n) single.push_back(model->make());
  const std::vector<double> x = stream();
  std::vector<double> samples(kStreams);
  std::vector<DetectorState> states(kStreams);
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t n = 0; n < kStreams; ++n) samples[n] = x[(i + n * kShift) % x.size()];
    bank->update(samples, states);
    for (std::size_t n = 0; n < kStreams; ++n) {
      ASSERT_EQ(bits(states[n]), bits(single[n]->update(samples[n]))) << n << " " << i;
    }
    if (i != 1500) continue;
    for (std::size_t n = 0; n < kStreams; ++n) ASSERT_EQ(bank->save(n), single[n]->save());
    bank->load(0, single[1]->save());
    single[0]->load(bank->save(1));
  }
  bank->reset();
  EXPECT_EQ(bank->save(4), make()->save());
}

TEST_P(DetectorConformance, AScanSaysWhatUpdatesSay) {
  const std::vector<double> x = stream();
  const auto scanned = make(), updated = make();
  std::vector<std::pair<std::int64_t, std::vector<std::uint64_t>>> heard, said;
  const auto hear = [&](std::int64_t at, const DetectorState& s) {
    heard.push_back({at, bits(s)});
  };
  for (const std::size_t cut : {0U, 1U, 1234U}) {  // in pieces
    const std::size_t end = cut == 0 ? 1 : cut == 1 ? 1234 : x.size();
    scanned->scan(std::span(x).subspan(cut, end - cut), hear);
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const DetectorState s = updated->update(x[i]);
    if (s.verdict != AlarmLevel::kNone) said.push_back({static_cast<std::int64_t>(i), bits(s)});
  }
  EXPECT_FALSE(said.empty());
  EXPECT_EQ(heard, said);
  EXPECT_EQ(scanned->save(), updated->save());
}

INSTANTIATE_TEST_SUITE_P(Registered, DetectorConformance,
                         ::testing::ValuesIn(Registry<DetectorModel>::get().names()),
                         [](const auto& test) { return test.param; });

TEST(DetectorNames, NoneWasLostByTheLinker) {
  const std::vector<std::string> names = Registry<DetectorModel>::get().names();
  for (const char* name :
       {"adwin", "betting", "bocpd",        "conformal", "cusum",    "ddm",    "e_detector",
        "ecdd",  "eddm",    "ewma",         "fhddm",     "gma",      "hddm_a", "hddm_w",
        "kswin", "mmd",     "page_hinkley", "rddm",      "shewhart", "stepd"}) {
    EXPECT_TRUE(std::find(names.begin(), names.end(), name) != names.end()) << name;
  }
}

}  // namespace
}  // namespace tightrope::detector_test
