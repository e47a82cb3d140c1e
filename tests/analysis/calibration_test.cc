// SPDX-License-Identifier: Apache-2.0
// Calibration against detectors whose run lengths have a closed form, and a published run length.
#include "analysis/detection/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "analysis/detection/detector_choice.h"
#include "core/base/error.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

using ::testing::HasSubstr;

struct ExactParams {
  double chance = 0.3;
  double level = 1;
  std::int64_t count = 10;
  double idle = 1;
  std::string alarm = "chance";
};

// Says drift at a sample with a known probability, or at a known sample.
class ExactRule {
 public:
  explicit ExactRule(const ExactParams& p)
      : chance_(p.chance), level_(p.level), count_(p.count), by_(p.alarm[1]) {}
  DetectorState accept(double x, std::int64_t position) {
    const bool drift = by_ == 'h' ? x < chance_ : by_ == 'e' ? x > level_ : position + 1 >= count_;
    return {.verdict = drift ? AlarmLevel::kDrift : AlarmLevel::kNone};
  }
  void clear() {}
  void write(std::vector<double>&) const {}
  void read(SavedState&, std::int64_t) {}

 private:
  double chance_, level_;
  std::int64_t count_;
  char by_;
};

class Exact final : public RuleModel<ExactParams, ExactRule> {
 public:
  using RuleModel::RuleModel;
  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("chance", &Params::chance,
            {.unit = "1", .range = between_open(0, 1), .help = "x < it"});
    s.field("level", &Params::level, {.unit = "1", .help = "x > it"});
    s.field("count", &Params::count, {.unit = "1", .range = between(1, 1e6), .help = "sample"});
    s.field("idle", &Params::idle, {.unit = "1", .range = between(0, 10), .help = "nothing"});
    s.field("alarm", &Params::alarm,
            {.help = "which of them", .choices = {"chance", "level", "count"}});
    return s;
  }
};

TR_REGISTER(DetectorModel, Exact, "test_exact", "known run lengths", "ours");

Calibration calibrate(const std::string& name, const std::vector<std::string>& sets,
                      const std::string& option, double wanted, const std::string& law,
                      bool median = false, int threads = 1, int runs = 2000) {
  const DriftFreeLaw samples(law, {});
  CalibrationSetup setup{detector_node(name, sets), option, wanted, median, {}};
  setup.runs = {&samples, static_cast<std::int64_t>(20 * wanted), runs, 1, threads};
  return calibrate_option(setup);
}

// Geometric: ARL0 = 1 / chance, and the error of the simulated mean is ARL0 / sqrt(runs).
TEST(Calibration, FindsAChanceThatShortensRuns) {
  const Calibration c = calibrate("test_exact", {}, "chance", 200, "uniform");
  EXPECT_NEAR(c.value * 200, 1, 5 / std::sqrt(2000.0));
  EXPECT_LT(c.mean.low, 200);
  EXPECT_NEAR(c.mean.value, 200, 0.01 * 200);
  EXPECT_NEAR(c.quantiles[0].value, std::log(0.9) / std::log1p(-c.value), 5);
  EXPECT_NEAR(c.quantiles[2].value, std::log(0.1) / std::log1p(-c.value), 50);
  EXPECT_EQ(c.censored, 0);
}

// 1 - Phi(2.326348) = 0.01; the level starts at 1 and lengthens runs.
TEST(Calibration, FindsALevelThatLengthensRuns) {
  const Calibration c = calibrate("test_exact", {"alarm=level"}, "level", 100, "normal");
  EXPECT_NEAR(0.5 * std::erfc(c.value / std::sqrt(2.0)) * 100, 1, 5 / std::sqrt(2000.0));
  EXPECT_GE(c.mean.value, 100);
}

TEST(Calibration, OfTheMedianIsAnotherValue) {
  const Calibration c = calibrate("test_exact", {}, "chance", 200, "uniform", true);
  EXPECT_NEAR(c.value / (std::log(2.0) / 200), 1, 6.5 / std::sqrt(2000.0));
}

TEST(Calibration, OfAWholeNumberIsExact) {
  const Calibration c =
      calibrate("test_exact", {"alarm=count"}, "count", 137, "uniform", false, 1, 20);
  EXPECT_EQ(c.value, 137);
  EXPECT_EQ(c.mean.value, 137);
}

TEST(Calibration, StartsAtAValueThatIsGiven) {
  const Calibration c =
      calibrate("test_exact", {"alarm=count", "count=5000"}, "count", 137, "uniform", false, 1, 20);
  EXPECT_EQ(c.value, 137);
}

TEST(Calibration, IsTheSameForEveryNumberOfThreads) {
  const Calibration one = calibrate("page_hinkley", {}, "threshold", 300, "normal", false, 1, 200);
  const Calibration four = calibrate("page_hinkley", {}, "threshold", 300, "normal", false, 4, 200);
  EXPECT_EQ(one.value, four.value);
  EXPECT_EQ(one.mean.value, four.mean.value);
  EXPECT_EQ(one.quantiles[2].high, four.quantiles[2].high);
}

// The run length of tests/golden/detectors.json: 274 at alpha = 1 / 200.
TEST(RunLengths, AreAtThePublishedMean) {
  const DriftFreeLaw law("bernoulli:0.3", {});
  const auto model = detector_model(
      detector_node("e_detector", {"null_mean=0.3", "alpha=0.005", "form=sr", "mode=up"}));
  const auto lengths = simulate_run_lengths(*model, {&law, 100000, 4000, 1, 2});
  const Estimate mean = mean_run_length(lengths, 100000);
  EXPECT_NEAR(mean.value, 274, 2.5 * (mean.high - mean.low) / 2);
}

TEST(RunLengths, AreCutOffAtTheCap) {
  const DriftFreeLaw law("uniform", {});
  const auto model = detector_model(detector_node("test_exact", {"alarm=count", "count=300"}));
  EXPECT_EQ(simulate_run_lengths(*model, {&law, 300, 3, 1, 1}),
            (std::vector<std::int64_t>(3, 300)));
  EXPECT_EQ(simulate_run_lengths(*model, {&law, 299, 3, 1, 1}),
            (std::vector<std::int64_t>(3, 300)));
  EXPECT_EQ(run_length_quantile(std::vector<std::int64_t>(3, 300), 299, 0.5).value, INFINITY);
}

std::string refusal(const std::string& option, double wanted, const std::string& law = "uniform",
                    const std::string& name = "test_exact") {
  try {
    calibrate(name, {}, option, wanted, law, false, 1, 20);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Calibration, RefusesWhatItCannotFind) {
  EXPECT_THAT(refusal("chanse", 100), HasSubstr("did you mean \"chance\"?"));
  EXPECT_THAT(refusal("alarm", 100), HasSubstr("not a number"));
  EXPECT_THAT(refusal("idle", 100), HasSubstr("makes no difference to the run length"));
  EXPECT_THAT(refusal("clock", 500, "normal", "adwin"), HasSubstr("no run ended within --cap"));
  EXPECT_THAT(refusal("chance", 100, "normal", "e_detector"), HasSubstr("has no such option"));
  EXPECT_THAT(refusal("alpha", 100, "normal", "e_detector"), HasSubstr("--law normal: e_detector"));
  EXPECT_THAT(refusal("chance", 100, "gamma"), HasSubstr("--law gamma: is neither normal"));
  EXPECT_THAT(refusal("chance", 100, "bernoulli:2"), HasSubstr("bernoulli:P with 0 < P < 1"));
  EXPECT_THAT(refusal("bets", 50, "uniform", "e_detector"), HasSubstr("50 is out of reach"));
}

}  // namespace
}  // namespace tightrope
