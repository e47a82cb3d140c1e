// SPDX-License-Identifier: Apache-2.0
// KSWIN: its test against SciPy, its rule against river drawing river's samples, its own draws.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "core/detectors/kolmogorov_smirnov.h"
#include "core/detectors/kswin.h"
#include "core/detectors/rule.h"
#include "core/random/stream.h"
#include "tests/core/detectors_support.h"
#include "tests/core/parity_streams.h"

namespace tightrope::detector_test {
namespace {

using ::testing::HasSubstr;

// random.Random(seed).sample of CPython, by its pool.
class PythonSampler {
 public:
  explicit PythonSampler(std::uint32_t seed) : seed_(seed), twister_(Twister::python(seed)) {}

  void draw(std::int64_t, std::size_t population, std::vector<std::size_t>& chosen) {
    std::vector<std::size_t> pool(population);
    for (std::size_t i = 0; i < population; ++i) pool[i] = i;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const std::size_t k = below(population - i);
      chosen[i] = pool[k];
      pool[k] = pool[population - i - 1];
    }
  }
  void restart() { twister_ = Twister::python(seed_); }

 private:
  std::size_t below(std::size_t count) {
    const auto bits = static_cast<int>(std::bit_width(count));
    std::size_t drawn = count;
    while (drawn >= count) drawn = twister_.next() >> (32 - bits);
    return drawn;
  }

  std::uint32_t seed_;
  Twister twister_;
};

TEST(KolmogorovSmirnov, TailsAreExact) {
  const auto all = golden()["kolmogorov_smirnov"]["tails"];
  ASSERT_FALSE(all.empty());
  for (const auto& g : all) {
    EXPECT_NEAR(kolmogorov_smirnov_tail(g["n"], g["steps"]), g["p"].get<double>(), 1e-12) << g;
  }
}

TEST(KolmogorovSmirnov, DistancesOfTiedSamples) {
  const auto all = golden()["kolmogorov_smirnov"]["samples"];
  ASSERT_FALSE(all.empty());
  for (const auto& g : all) {
    auto a = g["a"].get<std::vector<double>>(), b = g["b"].get<std::vector<double>>();
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    const auto n = static_cast<std::int64_t>(a.size());
    const std::int64_t steps = kolmogorov_smirnov_steps(a, b);
    EXPECT_EQ(steps, kolmogorov_smirnov_steps(b, a));
    EXPECT_NEAR(static_cast<double>(steps) / static_cast<double>(n), g["statistic"], 1e-12);
    EXPECT_NEAR(kolmogorov_smirnov_tail(n, steps), g["p"].get<double>(), 1e-12);
  }
}

// All C(2 n, n) ways in which two samples without ties can be interleaved.
TEST(KolmogorovSmirnov, TailsAreThoseOfAllInterleavings) {
  const int n = 6;
  std::vector<int> counts(n + 1, 0);
  int total = 0;
  for (unsigned bits = 0; bits < 1U << (2 * n); ++bits) {
    if (std::popcount(bits) != n) continue;
    std::vector<double> a, b;
    for (int i = 0; i < 2 * n; ++i) ((bits >> i & 1U) != 0 ? a : b).push_back(i);
    ++counts[static_cast<std::size_t>(kolmogorov_smirnov_steps(a, b))];
    ++total;
  }
  double at_least = 0;
  for (int steps = n; steps >= 1; --steps) {
    at_least += counts[static_cast<std::size_t>(steps)];
    EXPECT_NEAR(kolmogorov_smirnov_tail(n, steps), at_least / total, 1e-14) << steps;
  }
}

TEST(Kswin, SaysWhatRiverSaysOfTheSameDraws) {
  const auto all = golden()["kswin"]["drifts"];
  ASSERT_FALSE(all.empty());
  for (const auto& g : all) {
    const KswinParams p{
        .alpha = g["alpha"], .window_size = g["window_size"], .stat_size = g["stat_size"]};
    RuleStream<KswinRule<PythonSampler>> kswin({p, PythonSampler(g["seed"])});
    std::vector<int> at;
    for (const double x : parity_stream(g["stream"])) {
      if (kswin.update(x).verdict != AlarmLevel::kDrift) continue;
      at.push_back(static_cast<int>(kswin.position()) - 1);
    }
    EXPECT_EQ(at, g["at"].get<std::vector<int>>()) << g;
  }
}

TEST(Kswin, FindsTheSameChangesWithItsOwnDraws) {
  for (int seed = 0; seed < 5; ++seed) {
    const auto detector =
        make_detector("{type: kswin, alpha: 1e-6, seed: " + std::to_string(seed) + "}");
    const std::vector<int> at = drifts(*detector, parity_stream("S8"));
    ASSERT_EQ(at.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(at[i], 1018 + 1000 * static_cast<int>(i), 5);
  }
}

TEST(Kswin, PlacesTheChangeAndItsDirection) {
  const auto detector = make_detector("{type: kswin, alpha: 0.0001}");
  std::vector<std::pair<std::int64_t, int>> seen;
  const std::vector<double> x = parity_stream("S8");
  for (const double sample : x) {
    const DetectorState state = detector->update(sample);
    EXPECT_DOUBLE_EQ(state.threshold, 17.0 / 30);
    if (state.verdict == AlarmLevel::kDrift) seen.emplace_back(state.change_time, state.direction);
  }
  EXPECT_EQ(seen, (std::vector<std::pair<std::int64_t, int>>{{1000, 1}, {2000, -1}, {3000, 1}}));
}

// 13 of 30 steps have p = 0.0065, 14 have 0.0025; sqrt(-ln(0.005) / 30) = 0.4202 is 12.6 steps.
TEST(Kswin, DialectsDifferInTheirThreshold) {
  EXPECT_EQ(kswin_critical_steps({}), 14);
  EXPECT_EQ(kswin_critical_steps({.dialect = "frouros"}), 14);
  EXPECT_EQ(kswin_critical_steps({.dialect = "paper"}), 13);
  const KswinParams wide{.alpha = 0.05, .window_size = 4000, .stat_size = 1000};
  EXPECT_EQ(kswin_critical_steps(wide), 101);  // above 0.1; p <= 0.05 from 61 on
  KswinParams frouros = wide;
  frouros.dialect = "frouros";
  EXPECT_EQ(kswin_critical_steps(frouros), 61);
}

TEST(Kswin, DrawsDependOnTheSeedAlone) {
  std::vector<std::vector<int>> alarms;
  Draws draws = Stream(3, Purpose::kStatistics, 0).at(0);
  std::vector<double> x;
  for (int i = 0; i < 20000; ++i) x.push_back(draws.uniform());
  for (const char* seed : {"0", "0", "1"}) {
    const auto detector = make_detector(std::string("{type: kswin, seed: ") + seed + "}");
    alarms.push_back(drifts(*detector, x));
  }
  EXPECT_EQ(alarms[0], alarms[1]);
  EXPECT_NE(alarms[0], alarms[2]);
}

TEST(Kswin, OptionsOutOfRangeAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"alpha: 0", "alpha"},
      {"alpha: 1", "alpha"},
      {"stat_size: 51", "window_size = 100 violates at least twice stat_size = 51"},
      {"stat_size: 3", "alpha = 0.005 violates what 3 samples can show"},
      {"seed: -1", "seed"},
      {"dialect: moa", "river"}};
  for (const auto& [yaml, text] : cases) {
    EXPECT_THAT(refusal("{type: kswin, " + yaml + "}"), HasSubstr(text)) << yaml;
  }
}

}  // namespace
}  // namespace tightrope::detector_test
