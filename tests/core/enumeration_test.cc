// SPDX-License-Identifier: Apache-2.0
// Enumeration of a grammar: closed-form counts, no trajectory twice, masks, the cap.
#include "core/api/enumeration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/base/error.h"

namespace tightrope {
namespace {

Vocabulary vocabulary(int categories, int diseases, int attributes) {
  Names names;
  for (int i = 0; i < categories; ++i) names.categories.push_back("g" + std::to_string(i));
  for (int i = 0; i < diseases; ++i) names.diseases.push_back("z" + std::to_string(i));
  for (int i = 0; i < attributes; ++i) names.attributes.push_back("a" + std::to_string(i));
  return Vocabulary(names);
}

double choose(int n, int k) {
  double out = 1;
  for (int i = 0; i < k; ++i) out = out * (n - i) / (i + 1);
  return out;
}

// max(1, categories) x sum_m C(attributes, m) 3^m x diseases.
double closed_form(int categories, int diseases, int attributes, int max_mentions) {
  double reports = 0;
  for (int m = 0; m <= std::min(attributes, max_mentions); ++m) {
    reports += choose(attributes, m) * std::pow(3.0, m);
  }
  return std::max(1, categories) * reports * diseases;
}

TEST(Enumeration, CountsAsTheClosedForm) {
  for (const int categories : {0, 2}) {
    for (const int attributes : {0, 1, 3, 5}) {
      for (const int mentions : {0, 1, 2, 5}) {
        const Grammar grammar(vocabulary(categories, 3, attributes), mentions);
        const double count = closed_form(categories, 3, attributes, mentions);
        EXPECT_EQ(count_trajectories(grammar, true), count);
        EXPECT_EQ(count_trajectories(grammar, false), 3);
        EXPECT_EQ(enumerate_trajectories(grammar, true, 100000).size(), count);
      }
    }
  }
  EXPECT_DOUBLE_EQ(count_trajectories(Grammar(vocabulary(0, 14, 60), 60), true),
                   closed_form(0, 14, 60, 60));
}

TEST(Enumeration, EachOnceGrammaticalAndScored) {
  const Vocabulary v = vocabulary(2, 3, 3);
  const Grammar grammar(v, 2);
  std::set<std::vector<Token>> seen;
  for (const Trajectory& y : enumerate_trajectories(grammar, true, 4096)) {
    EXPECT_TRUE(seen.insert(y.tokens).second);
    ASSERT_EQ(y.mask.size(), y.tokens.size());
    EXPECT_EQ(y.tokens.front(), Vocabulary::think());
    EXPECT_EQ(y.tokens.back(), Vocabulary::end_of_sequence());
    EXPECT_TRUE(v.is_disease(y.tokens[y.tokens.size() - 2]));
    EXPECT_EQ(y.mask[0], 0);
    Grammar::State state = Grammar::start();
    for (std::size_t t = 1; t < y.tokens.size(); ++t) {
      EXPECT_TRUE(grammar.grammatical(state).contains(y.tokens[t]));
      state = grammar.next(state, y.tokens[t]);
      EXPECT_EQ(y.mask[t], 1);
    }
  }
}

TEST(Enumeration, WithoutThinkingTheDirectAnswers) {
  const Vocabulary v = vocabulary(2, 3, 3);
  const std::vector<Trajectory> all = enumerate_trajectories(Grammar(v, 2), false, 3);
  ASSERT_EQ(all.size(), 3U);
  for (int z = 0; z < 3; ++z) {
    const Trajectory direct =
        make_trajectory(v, std::vector<Slot>(3, Slot::kSilent), -1, z, Ending::kAnswerNow, 0);
    EXPECT_EQ(all[z].tokens, direct.tokens);
    EXPECT_EQ(all[z].mask, direct.mask);
  }
}

TEST(Enumeration, MoreThanTheCapIsAnError) {
  const Grammar grammar(vocabulary(0, 3, 3), 2);  // (1 + 9 + 27) x 3
  EXPECT_EQ(enumerate_trajectories(grammar, true, 111).size(), 111U);
  try {
    enumerate_trajectories(grammar, true, 110);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "the grammar has 111 complete trajectories for each case, at most 110 are "
                 "enumerated");
  }
}

}  // namespace
}  // namespace tightrope
