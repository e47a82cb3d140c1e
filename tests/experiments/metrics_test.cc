// SPDX-License-Identifier: Apache-2.0
// Known answers of every metric, on laws and samples set by hand.
#include <gtest/gtest.h>

#include "tests/experiments/metric_support.h"

namespace tightrope {
namespace {

using metric_test::Fixture;

double entropy(std::span<const double> law) {
  double out = 0;
  for (double p : law) out -= p > 0 ? p * std::log(p) : 0;
  return out;
}

TEST(Metrics, ThePolicyThatIsTheOracleHasNoDivergence) {
  const Fixture f;
  for (const char* name : {"kl_thinking", "kl_answer", "kl_direct"}) {
    EXPECT_NEAR(f.aggregate(name), 0, 1e-12) << name;
  }
}

TEST(Metrics, TheEntropyIsThatOfTheLawsOfTheThinkingStreamAlone) {
  const Fixture f;
  double sum = 0;
  int rows = 0;
  for (int n = 0; n < f.count(); ++n) {
    const OracleTrace& oracle = f.set().oracle[n];
    // Without the law of the diagnosis after </think>, that of <eos>, and nothing after it.
    for (int t = 0; t < f.set().factual.length(n) - 3; ++t, ++rows) {
      sum += entropy(std::span(oracle.law).subspan(t * oracle.vocabulary, oracle.vocabulary));
    }
  }
  EXPECT_NEAR(f.aggregate("entropy_thinking"), sum / rows, 1e-12);
}

TEST(Metrics, AUniformPolicyIsTheLogOfTheSizeLessTheOraclesEntropyAway) {
  Fixture f;
  const int width = f.policy.vocabulary;
  const int diseases = f.policy.diseases;
  f.policy.log_prob.assign(f.policy.log_prob.size(), -std::log(width));
  f.policy.belief.assign(f.policy.belief.size(), -std::log(diseases));
  double direct = 0, answer = 0;
  for (int n = 0; n < f.count(); ++n) {
    const std::span<const double> belief = f.set().oracle[n].belief;
    direct += std::log(diseases) - entropy(belief.first(diseases));
    const std::size_t last = f.set().factual.length(n) - 3;  // </think>
    answer += std::log(diseases) - entropy(belief.subspan(last * diseases, diseases));
  }
  const double oracle_entropy = Fixture().aggregate("entropy_thinking");
  EXPECT_NEAR(f.aggregate("kl_thinking"), std::log(width) - oracle_entropy, 1e-12);
  EXPECT_NEAR(f.aggregate("kl_direct"), direct / f.count(), 1e-12);
  EXPECT_NEAR(f.aggregate("kl_answer"), answer / f.count(), 1e-12);
  EXPECT_NEAR(f.aggregate("log_loss"), std::log(diseases), 1e-12);
}

TEST(Metrics, TheLogLossReadsTheRowOfTheArmsMode) {
  Fixture f;
  for (const bool thinking : {true, false}) {
    f.thinking = thinking;
    double sum = 0;
    for (int n = 0; n < f.count(); ++n) {
      const OracleTrace& oracle = f.set().oracle[n];
      const int row = thinking ? f.set().factual.length(n) - 3 : 0;
      sum -= std::log(oracle.belief[row * oracle.diseases + f.set().cases.disease[n]]);
    }
    EXPECT_NEAR(f.aggregate("log_loss"), sum / f.count(), 1e-12) << thinking;
  }
}

TEST(Metrics, AccuraciesCountTheirOwnAnswersAlone) {
  Fixture f;
  const auto wrong = [&](int n) { return (f.set().cases.disease[n] + 1) % f.policy.diseases; };
  const double share = 1.0 / f.count();
  f.thought[0].disease = wrong(0);
  f.direct[1].disease = wrong(1);
  f.direct[2].disease = wrong(2);
  for (const int n : {3, 4, 5}) f.answer_factual[n] = wrong(n);
  for (const int n : {5, 6, 7, 8}) f.answer_swapped[n] = wrong(n);
  EXPECT_NEAR(f.aggregate("accuracy_thinking"), 1 - share, 1e-12);
  EXPECT_NEAR(f.aggregate("accuracy_direct"), 1 - 2 * share, 1e-12);
  EXPECT_NEAR(f.aggregate("accuracy_factual"), 1 - 3 * share, 1e-12);
  // Case 5 is wrong both ways, with the same answer: it did not flip.
  EXPECT_NEAR(f.aggregate("flip_rate"), 5 * share, 1e-12);
  EXPECT_NEAR(f.aggregate("accuracy"), 1 - share, 1e-12);
  f.thinking = false;
  EXPECT_NEAR(f.aggregate("accuracy"), 1 - 2 * share, 1e-12);
}

TEST(Metrics, TheOraclesAccuracyIsThatOfTheLikeliestDiseaseOfTheImage) {
  const Fixture f;
  int right = 0;
  for (int n = 0; n < f.count(); ++n) {
    const auto begin = f.set().oracle[n].belief.begin();
    right += std::max_element(begin, begin + f.policy.diseases) - begin == f.set().cases.disease[n];
  }
  EXPECT_GT(right, 0);
  EXPECT_LT(right, f.count());  // else the test could not fail
  EXPECT_NEAR(f.aggregate("oracle_accuracy"), static_cast<double>(right) / f.count(), 1e-12);
}

TEST(Metrics, MentionsAreTheFindingsOfTheFreeRunningChain) {
  Fixture f;
  const auto tokens = f.set().factual.tokens_of(0);
  const Vocabulary& vocabulary = f.context->world().vocabulary();
  const auto findings = std::count_if(tokens.begin(), tokens.end(),
                                      [&](Token y) { return vocabulary.is_finding(y); });
  ASSERT_GT(findings, 0);
  f.thought[0].trajectory.tokens.assign(tokens.begin(), tokens.end());
  EXPECT_NEAR(f.aggregate("mentions"), static_cast<double>(findings) / f.count(), 1e-12);
}

}  // namespace
}  // namespace tightrope
