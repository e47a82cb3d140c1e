// SPDX-License-Identifier: Apache-2.0
// N drifting sources, and the wrong order of evidence.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "experts/source_laws.h"
#include "tests/experts/expert_support.h"

namespace tightrope {
namespace {

using test::answer_of;
using test::Bench;
using test::make_expert;

const Stream kStream(3, Purpose::kExpert, 0);
constexpr const char* kConcept = "{type: concept, graph: cxr}";
constexpr const char* kThree =
    "{type: sources, sources: [[], {type: sudden, factor: prior, at: 5, to: uniform}, [{type: "
    "sudden, factor: confounding, at: 0, to: 0}, {type: sudden, factor: lexical, at: 0, to: "
    "reversed}]]}";

ExpertContext at_time(const Bench& bench, const Expert& expert, std::int64_t time,
                      std::shared_ptr<const ExpertData>& data) {
  ExpertContext context = bench.context();
  context.clock = {time, 10, Stream(4, Purpose::kDriftPath, 0)};
  data = expert.prepare(context);
  context.data = data.get();
  return context;
}

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Sources, AllInOrderFewerDistinctAndEachAlwaysWritesTheSame) {
  const Bench bench(kConcept, 40);
  const auto expert = make_expert(kThree);
  std::shared_ptr<const ExpertData> data;
  const ExpertContext context = at_time(bench, *expert, 0, data);
  std::vector<int> firsts(3, 0);
  for (int n = 0; n < 40; ++n) {
    const auto all = expert->propose_several(context, n, true, kStream, 0, 3);
    const auto two = expert->propose_several(context, n, true, kStream, 0, 2);
    const Pair one = expert->propose(context, n, true, kStream, 0);
    ASSERT_EQ(all.size(), 3U);
    ASSERT_EQ(two.size(), 2U);
    const auto place = [&](const Trajectory& t, int from) {
      for (int s = from; s < 3; ++s) {
        if (all[s].rejected.tokens == t.tokens) return s;
      }
      return -1;
    };
    for (const Pair& pair : two) EXPECT_GE(place(pair.rejected, 0), 0);
    ASSERT_GE(place(one.rejected, 0), 0);
    ++firsts[place(one.rejected, 0)];
    for (const Pair& pair : all) {
      EXPECT_EQ(pair.chosen.tokens, all[0].chosen.tokens);
      EXPECT_EQ(pair.rejected_disease, answer_of(*bench.world, pair.rejected));
    }
  }
  for (const int count : firsts) EXPECT_GT(count, 3);
  EXPECT_NE(error_of([&] {
              expert->propose_several(context, 0, true, kStream, 0, 4);
            }).find("4 negatives are asked for, expert sources has 3 sources"),
            std::string::npos);
}

// Source 0 is the world itself: its answers are right as often as the oracle's posterior says.
// Source 1 changes its law at step 5, with the clock, and not before.
TEST(Sources, FollowTheirLawAndTheirOwnDrift) {
  const Bench bench(kConcept, 600);
  const auto expert = make_expert(kThree);
  std::shared_ptr<const ExpertData> before_data, after_data;
  const ExpertContext before = at_time(bench, *expert, 4, before_data);
  const ExpertContext after = at_time(bench, *expert, 5, after_data);
  double right = 0, expected = 0, variance = 0;
  int changed[3] = {};
  std::vector<double> belief(bench.world->vocabulary().diseases());
  for (int n = 0; n < 600; ++n) {
    const auto a = expert->propose_several(before, n, true, kStream, 0, 3);
    const auto b = expert->propose_several(after, n, true, kStream, 0, 3);
    for (int s = 0; s < 3; ++s) changed[s] += a[s].rejected.tokens != b[s].rejected.tokens;
    EXPECT_EQ(a[0].chosen.tokens, b[0].chosen.tokens);
    bench.environment->belief_of_image(bench.cases.image_of(n), belief);
    const double p = belief[bench.cases.disease[n]];
    expected += p;
    variance += p * (1 - p);
    right += a[0].rejected_disease == bench.cases.disease[n];
  }
  EXPECT_NEAR(right, expected, 4 * std::sqrt(variance));
  EXPECT_EQ(changed[0], 0);
  EXPECT_GT(changed[1], 5);  // the draws are coupled: only what the prior decides moves
  EXPECT_EQ(changed[2], 0);
}

TEST(Sources, DirectAnswersAreTheSourcesOwn) {
  const Bench bench(kConcept, 20);
  for (const char* chosen : {"factual", "consensus"}) {
    const auto expert = make_expert(std::string("{type: sources, chosen: ") + chosen + "}");
    for (int n = 0; n < 20; ++n) {
      const Pair long_form = expert->propose(bench.context(), n, true, kStream, 0);
      const Pair direct = expert->propose(bench.context(), n, false, kStream, 0);
      EXPECT_EQ(direct.rejected.tokens.size(), 4U);
      EXPECT_EQ(direct.chosen.tokens.size(), 4U);
      EXPECT_EQ(direct.rejected_disease, long_form.rejected_disease);
      EXPECT_EQ(answer_of(*bench.world, direct.chosen), answer_of(*bench.world, long_form.chosen));
    }
  }
}

TEST(Sources, ConsensusIsThePlurality) {
  const auto world = test::make_world("{type: concept, graph: toy, max_mentions: 4, spurious: 0}");
  const Vocabulary& v = world->vocabulary();
  const auto say = [&](std::vector<Slot> first, int z) {
    first.resize(v.attributes(), Slot::kSilent);
    return make_trajectory(v, first, -1, z);
  };
  constexpr Slot kNo = Slot::kSilent, kA = Slot::kSynonym0, kB = Slot::kSynonym1,
                 kNot = Slot::kAbsent;
  // Slot 0: present twice of three. 1: words 0 and 1 tie, word 0. 2: one of three. 3: absent wins.
  // 4: present, absent and silent tie, silence.
  const std::vector<Trajectory> said = {say({kB, kA, kA, kNot, kA}, 1),
                                        say({kB, kB, kNo, kNot, kNot}, 2),
                                        say({kNo, kNo, kNo, kNo, kNo}, 2)};
  const Trajectory all = consensus(*world, said, kStream.at(0));
  EXPECT_EQ(all.tokens, say({kB, kA, kNo, kNot}, 2).tokens);
  EXPECT_EQ(test::grammar_defect(*world, all), "");
  std::set<int> answers;  // ties of the diagnosis are drawn
  for (int i = 0; i < 50; ++i) {
    answers.insert(answer_of(*world, consensus(*world, {said[0], said[1]}, kStream.at(i))));
  }
  EXPECT_EQ(answers, (std::set<int>{1, 2}));
  // Five findings win a majority each, four are kept.
  const std::vector<Trajectory> wordy = {say({kA, kA, kA, kA}, 0), say({kNo, kA, kA, kA, kA}, 0),
                                         say({kA, kNo, kNo, kNo, kA}, 0)};
  EXPECT_EQ(consensus(*world, wordy, kStream.at(0)).tokens, say({kA, kA, kA, kA}, 0).tokens);
}

TEST(Sources, ConsensusPairsDoNotDependOnTheRecordedTruth) {
  Bench bench(kConcept, 20);
  const auto expert =
      make_expert("{type: sources, chosen: consensus, sources: [[], [], [], [], [], [], []]}");
  const auto before = expert->propose_several(bench.context(), 3, true, kStream, 0, 7);
  bench.cases.disease[3] = (bench.cases.disease[3] + 1) % bench.world->vocabulary().diseases();
  std::ranges::fill(bench.cases.report_of(3), Slot::kSilent);
  const auto after = expert->propose_several(bench.context(), 3, true, kStream, 0, 7);
  for (int s = 0; s < 7; ++s) {
    EXPECT_EQ(before[s].chosen.tokens, after[s].chosen.tokens);
    EXPECT_EQ(before[s].rejected.tokens, after[s].rejected.tokens);
  }
}

TEST(Sources, ErrorsNameTheSource) {
  const std::string none = error_of([] { make_expert("{type: sources, sources: []}"); });
  EXPECT_NE(none.find("expected a list of at least one source"), std::string::npos) << none;
  const std::string name = error_of(
      [] { make_expert("{type: sources, sources: [[], [{type: suden, factor: prior}]]}"); });
  EXPECT_NE(name.find("sources.1.0"), std::string::npos) << name;
  EXPECT_NE(name.find("did you mean \"sudden\"?"), std::string::npos) << name;
  const Bench bench(kConcept, 4);
  const auto gradual = make_expert(
      "{type: sources, sources: [[], {type: gradual, factor: prior, at: 5, width: 4, law: linear, "
      "to: uniform}]}");
  std::shared_ptr<const ExpertData> data;
  const std::string mixes = error_of([&] { at_time(bench, *gradual, 5, data); });
  EXPECT_NE(mixes.find("sources.1: at step 5 a gradual drift mixes two laws"), std::string::npos)
      << mixes;
  EXPECT_EQ(error_of([&] { at_time(bench, *gradual, 0, data); }), "");
  EXPECT_EQ(error_of([&] { at_time(bench, *gradual, 10, data); }), "");
}

TEST(Shuffle, KeepsContentAndBreaksTheOrder) {
  const Bench bench(kConcept, 200);
  const auto expert = make_expert("shuffle");
  int shuffled = 0, short_ones = 0;
  for (int n = 0; n < 200; ++n) {
    const Pair pair = expert->propose(bench.context(), n, true, kStream, 0);
    auto a = pair.chosen.tokens, b = pair.rejected.tokens;
    EXPECT_EQ(pair.chosen.mask, pair.rejected.mask);
    EXPECT_EQ(pair.rejected_disease, bench.cases.disease[n]);
    if (count_mentions(bench.cases.report_of(n)) < 2) {
      EXPECT_EQ(a, b);
      ++short_ones;
      continue;
    }
    EXPECT_NE(a, b);
    EXPECT_NE(test::grammar_defect(*bench.world, pair.rejected), "");
    std::ranges::sort(a);
    std::ranges::sort(b);
    EXPECT_EQ(a, b);
    ++shuffled;
  }
  EXPECT_GT(shuffled, 100);
  const std::string direct =
      error_of([&] { expert->propose(bench.context(), 0, false, kStream, 0); });
  EXPECT_NE(direct.find("needs thinking: true"), std::string::npos) << direct;
}

// With two findings there is one wrong order; with three each of the five is as likely.
TEST(Shuffle, WrongOrdersAreUniform) {
  const Bench bench("{type: concept, graph: cxr, max_mentions: 3}", 200);
  const auto expert = make_expert("shuffle");
  for (int n = 0; n < 200; ++n) {
    if (count_mentions(bench.cases.report_of(n)) != 3) continue;
    std::map<std::vector<Token>, int> counts;
    for (int i = 0; i < 5000; ++i) {
      ++counts[expert->propose(bench.context(), n, true, kStream, i).rejected.tokens];
    }
    ASSERT_EQ(counts.size(), 5U);
    for (const auto& [tokens, count] : counts) EXPECT_NEAR(count, 1000, 5 * std::sqrt(800.0));
    return;
  }
  FAIL() << "no report of three findings";
}

}  // namespace
}  // namespace tightrope
