// SPDX-License-Identifier: Apache-2.0
// Known answers of every metric, on laws and samples set by hand.
#include <gtest/gtest.h>

#include "core/text/bleu.h"
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

// The chain that a policy writes for case n.
void write(Fixture& f, int n, std::vector<Token> findings) {
  const Vocabulary& v = f.context->world().vocabulary();
  std::vector<Token> tokens = {Vocabulary::think()};
  tokens.insert(tokens.end(), findings.begin(), findings.end());
  tokens.insert(tokens.end(), {v.end_think(), v.disease(0)});
  f.thought[n].trajectory.tokens = tokens;
}

TEST(Metrics, ReportScoresOfTheFactualTextAndOfSilence) {
  Fixture f;
  for (int n = 0; n < f.count(); ++n) {
    const auto tokens = f.set().factual.tokens_of(n);
    f.thought[n].trajectory.tokens.assign(tokens.begin(), tokens.end());
  }
  EXPECT_NEAR(f.aggregate("bleu_1"), 1, 1e-12);
  EXPECT_NEAR(f.aggregate("rouge_l"), 1, 1e-12);
  EXPECT_GT(f.aggregate("meteor"), 0.9);
  const double own = f.aggregate("cider");
  EXPECT_GT(own, 1);
  for (int n = 0; n < f.count(); ++n) write(f, n, {});
  for (const char* name : {"bleu_1", "bleu_4", "rouge_l", "meteor", "cider"}) {
    EXPECT_EQ(f.aggregate(name), 0) << name;
  }
}

// A corpus score is that of summed counts, not a mean of sentences.
TEST(Metrics, BleuIsOfTheCorpus) {
  Fixture f;
  const Vocabulary& v = f.context->world().vocabulary();
  for (int n = 0; n < f.count(); ++n) write(f, n, {});
  std::vector<TextPair> pairs;
  std::vector<std::vector<Token>> kept;
  double sentences = 0;
  for (int n = 0; n < f.count(); ++n) {
    std::vector<Token> factual;
    for (const Token t : f.set().factual.tokens_of(n)) {
      if (v.is_finding(t)) factual.push_back(t);
    }
    std::vector<Token> half(factual.begin(), factual.begin() + (factual.size() + 1) / 2);
    write(f, n, half);
    kept.push_back(half);
    kept.push_back(factual);
  }
  for (int n = 0; n < f.count(); ++n) {
    pairs.push_back({kept[2 * n], {kept[2 * n + 1]}});
    const TokenSpan references[] = {kept[2 * n + 1]};
    sentences += sentence_bleu(kept[2 * n], references, 1) / f.count();
  }
  EXPECT_NEAR(f.aggregate("bleu_1"), corpus_bleu(pairs, 1), 1e-15);
  EXPECT_GT(std::abs(f.aggregate("bleu_1") - sentences), 1e-4);
}

TEST(Metrics, AreaUnderTheCurve) {
  Fixture f;
  const int width = f.policy.diseases;
  const auto set_belief = [&](int n, int z, double p) {
    f.policy.belief[static_cast<std::size_t>(f.set().factual.offset[n]) * width + z] = std::log(p);
  };
  for (int n = 0; n < f.count(); ++n) {
    for (int z = 0; z < width; ++z) {
      set_belief(n, z, z == f.set().cases.disease[n] ? 0.6 : 0.4 / (width - 1));
    }
  }
  EXPECT_EQ(f.aggregate("auc_direct"), 1);
  for (int n = 0; n < f.count(); ++n) {
    for (int z = 0; z < width; ++z) set_belief(n, z, 1.0 / width);
  }
  EXPECT_EQ(f.aggregate("auc_direct"), 0.5) << "ties are half";
  // One case of a disease ranks between the others: the share below it, by hand.
  const int z = f.set().cases.disease[0];
  double below = 0, others = 0;
  for (int n = 1; n < f.count(); ++n) {
    if (f.set().cases.disease[n] == z) continue;
    const bool low = n % 3 == 0;
    set_belief(n, z, low ? 0.01 : 0.9);
    below += low ? 1 : 0;
    others += 1;
  }
  EXPECT_NEAR(f.aggregate("auc_direct", {0}), below / others, 1e-15);
}

}  // namespace
}  // namespace tightrope
