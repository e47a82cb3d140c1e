// SPDX-License-Identifier: Apache-2.0
// Fixed data of two environments.
#include <gtest/gtest.h>

#include "tests/experiments/tiny_lane.h"

namespace tightrope {
namespace {

const std::atomic<bool> kGoOn{false};

std::vector<float> trained_on(std::size_t stage, const std::string& data) {
  const std::string name = stage == 0 ? "sft" : "rft";
  const Trained t = tiny_lane(
      stage,
      {name + ".data=" + data, "drift=[{type: sudden, factor: mechanism, at: 40, to: permuted}]"});
  t.lane->advance(20, kGoOn);
  EXPECT_LT(t.lane->frozen().step, 0);
  return {t.lane->parameters().begin(), t.lane->parameters().end()};
}

std::string mixed(const std::string& share) {
  return "{cases: 64, environment: source, mixed_with: target, mixed_share: " + share + "}";
}

// The ends of the share are the two environments, to the bit; between them is neither.
TEST(MixedData, ShareLeadsFromOneEnvironmentToTheOther) {
  for (const std::size_t stage : {0, 1}) {
    const std::vector<float> source = trained_on(stage, "{cases: 64, environment: source}");
    const std::vector<float> target = trained_on(stage, "{cases: 64, environment: target}");
    const std::vector<float> half = trained_on(stage, mixed("0.5"));
    EXPECT_EQ(trained_on(stage, mixed("0")), source);
    EXPECT_EQ(trained_on(stage, mixed("1")), target);
    EXPECT_NE(source, target);
    EXPECT_NE(half, source);
    EXPECT_NE(half, target);
  }
}

std::string error_of(const std::string& data, const std::vector<std::string>& more = {}) {
  std::vector<std::string> sets = more;
  sets.push_back("sft.data=" + data);
  try {
    tiny_lane(0, sets);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(MixedData, ErrorsSayWhatDoesNotFit) {
  const std::string name = error_of("{environment: source, mixed_with: taget}");
  EXPECT_NE(name.find("did you mean \"target\""), std::string::npos) << name;
  const std::string share = error_of("{environment: source, mixed_with: target, mixed_share: 2}");
  EXPECT_NE(share.find("mixed_share"), std::string::npos) << share;
  const std::string stream = error_of("{kind: stream, environment: now, mixed_with: target}");
  EXPECT_NE(stream.find("only with kind: fixed"), std::string::npos) << stream;
  const std::string gradual = "drift=[{type: gradual, factor: prior, law: linear, at: 40, ";
  const std::string at = "environments={source: {at: 0}, target: {at: 40}}";
  const std::string source = "{environment: source}";
  const std::string between = error_of(source, {gradual + "width: 8}]", at});
  EXPECT_NE(between.find("environments.target: a gradual drift mixes"), std::string::npos)
      << between;
  EXPECT_EQ(error_of(source, {gradual + "width: 8, mode: interpolate}]", at}), "");
  EXPECT_EQ(error_of(source, {gradual + "width: 8}]"}), "");
  const std::string rollouts =
      error_of(mixed("0.5"), {"sft.optimizer=grpo", "sft.reward=exact_match"});
  EXPECT_NE(rollouts.find("from one environment"), std::string::npos) << rollouts;
}

}  // namespace
}  // namespace tightrope
