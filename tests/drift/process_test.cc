// SPDX-License-Identifier: Apache-2.0
// The processes without a path of their own: magnitude over time, events, mixtures, lawfulness,
// replay.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>

#include "tests/drift/drift_support.h"

namespace tightrope::drift_test {
namespace {

using Values = std::vector<double>;

const Values kPrior = {0.4, 0.3, 0.2, 0.1};
const Values kUniform(4, 0.25);

std::string event_text(const DriftProcess& process, std::int64_t horizon) {
  std::string text;
  for (const DriftEvent& e : process.events(DriftClock{horizon}, path_stream())) {
    text += std::to_string(e.time) + " " + e.kind + " " + e.process + " " + e.factor + ";";
  }
  return text;
}

TEST(Sudden, OldBeforeNewFrom) {
  const auto p = build("{type: sudden, factor: prior, to: uniform, at: 20}");
  EXPECT_EQ(values_at(*p, "prior", 19), kPrior);
  EXPECT_EQ(values_at(*p, "prior", 20), kUniform);
  EXPECT_EQ(values_at(*p, "theta", 20), small_world().at("theta").values) << "others stay";
  EXPECT_EQ(event_text(*p, 100), "20 switch sudden prior;");
  EXPECT_EQ(event_text(*p, 10), "") << "beyond the horizon";
  const auto end = build("{type: sudden, at: end}");
  EXPECT_EQ(values_at(*end, "prior", 99), kPrior);
  EXPECT_EQ(values_at(*end, "prior", 100), kUniform);
  EXPECT_EQ(end->mixture_weight(3, DriftClock{100}), 1);
}

TEST(Gradual, MixtureGivesTheNewLawAndItsProbability) {
  const auto p = build("{type: gradual, at: 50, width: 20}");
  const DriftClock clock{100};
  EXPECT_EQ(p->mixture_weight(50, clock), 0.5);
  EXPECT_EQ(p->mixture_weight(60, clock), 1 / (1 + std::exp(-2.0)));
  EXPECT_EQ(p->progress(60, clock, path_stream()), p->mixture_weight(60, clock));
  EXPECT_EQ(values_at(*p, "prior", 0), kUniform) << "the new law, whatever t";
  EXPECT_EQ(event_text(*p, 100), "40 start gradual prior;60 end gradual prior;");
}

TEST(Gradual, InterpolateStandsInBetween) {
  const auto p = build("{type: gradual, at: 50, width: 20, mode: interpolate, law: linear}");
  EXPECT_EQ(p->mixture_weight(50, DriftClock{100}), 1);
  EXPECT_EQ(values_at(*p, "prior", 40), kPrior);
  EXPECT_NEAR(values_at(*p, "prior", 45)[0], 0.75 * 0.4 + 0.25 * 0.25, 1e-15);
  EXPECT_EQ(values_at(*p, "prior", 60), kUniform);
}

TEST(Incremental, MovesFromStartToStop) {
  const auto p = build("{type: incremental, factor: confounding, to: 0, start: 10, stop: 20}");
  EXPECT_EQ(values_at(*p, "confounding", 10), Values{2.5});
  EXPECT_NEAR(values_at(*p, "confounding", 14)[0], 1.5, 1e-12);
  EXPECT_EQ(values_at(*p, "confounding", 20), Values{0});
  EXPECT_EQ(values_at(*p, "confounding", 100), Values{0});
  EXPECT_EQ(event_text(*p, 100),
            "10 start incremental confounding;20 end incremental confounding;");
  const auto noise = build("{type: incremental, factor: visual, table: noise, to: {scale: 4}}");
  EXPECT_NEAR(values_at(*noise, "noise", 50)[0], 0.4, 1e-12) << "geometric";
  EXPECT_EQ(values_at(*noise, "shift", 50), small_world().at("shift").values);
  const auto cosine = build("{type: incremental, path: cosine}");
  EXPECT_NEAR(cosine->progress(25, DriftClock{100}, path_stream()), (1 - std::sqrt(0.5)) / 2,
              1e-12);
}

TEST(Recurring, ComesAndGoes) {
  const auto p = build("{type: recurring, start: 10, length: 5, gap: 15, repeats: 2}");
  for (const auto& [t, there] : std::vector<std::pair<int, bool>>{{9, false},
                                                                  {10, true},
                                                                  {14, true},
                                                                  {15, false},
                                                                  {29, false},
                                                                  {30, true},
                                                                  {35, false},
                                                                  {50, false}}) {
    EXPECT_EQ(values_at(*p, "prior", t), there ? kUniform : kPrior) << t;
  }
  EXPECT_EQ(event_text(*p, 32),
            "10 start recurring prior;15 end recurring prior;30 start recurring prior;");
  const auto q = build("{type: recurring, start: 10, period: 20, duty: 0.25, repeats: 2}");
  for (int t = 0; t <= 100; ++t) {
    EXPECT_EQ(q->progress(t, DriftClock{100}, path_stream()),
              p->progress(t, DriftClock{100}, path_stream()))
        << t;
  }
  const auto moa = build("{type: recurring, start: 50, width: 10, mode: mixture}");
  EXPECT_NEAR(moa->mixture_weight(50, DriftClock{1000}), 0.5, 1e-12);
}

TEST(Lexical, ReversedMovesOnlyTablesWithSites) {
  const auto p = build("{type: sudden, factor: lexical, at: end, to: reversed}");
  EXPECT_EQ(values_at(*p, "synonym", 100), (Values{0.2, 0.8, 0.5, 0.5, 0.8, 0.2}));
  EXPECT_EQ(values_at(*p, "mention", 100), small_world().at("mention").values);
  const auto named = build("{type: sudden, factor: lexical, table: mention, to: reversed}");
  EXPECT_EQ(values_at(*named, "mention", 100), (Values{0.4, 0.5, 0.6, 0.7, 0.8, 0.9}));
}

std::string random_process() {
  const std::vector<std::string> moves = {"factor: prior, to: uniform",
                                          "factor: prior, to: permuted",
                                          "factor: confounding, to: 0",
                                          "factor: mechanism, to: {rewired: 0.7}",
                                          "factor: mechanism, to: permuted",
                                          "factor: visual, table: noise, to: {scale: 3}",
                                          "factor: visual, table: shift, to: {shift: 2}",
                                          "factor: visual, table: polarity, to: 0.5",
                                          "factor: lexical, to: reversed",
                                          "factor: lexical, table: mention, to: 1",
                                          "factor: spurious, to: {scale: 0.5}",
                                          "factor: spurious, to: permuted"};
  const std::vector<std::string> laws = {
      "type: sudden, at: 30",
      "type: gradual, mode: interpolate, at: 40, width: 25",
      "type: gradual, mode: interpolate, at: 40, width: 25, law: truncated_sigmoid",
      "type: incremental, start: 10, stop: 80",
      "type: incremental, space: linear, path: cosine",
      "type: recurring, length: 7, gap: 13, width: 6",
      "type: gradual, at: 40, width: 9"};
  return "{" + laws[*rc::gen::inRange<std::size_t>(0, laws.size())] + ", " +
         moves[*rc::gen::inRange<std::size_t>(0, moves.size())] + "}";
}

TEST(EveryProcess, KeepsTablesLawfulAndReplays) {
  EXPECT_TRUE(rc::check([] {
    const std::string yaml = random_process();
    const auto process = build(yaml);
    const std::int64_t t = *rc::gen::inRange(0, 101);
    const std::uint64_t seed = *rc::gen::inRange(0, 5);
    const DriftClock clock{100};
    const WorldParams once = process->apply(small_world(), t, clock, path_stream(seed));
    once.validate();
    RC_ASSERT(equal(once, build(yaml)->apply(small_world(), t, clock, path_stream(seed))));
    const double w = process->progress(t, clock, path_stream());
    RC_ASSERT(w >= 0 && w <= 1);
  }));
}

}  // namespace
}  // namespace tightrope::drift_test
