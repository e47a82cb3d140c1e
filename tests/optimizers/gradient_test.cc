// SPDX-License-Identifier: Apache-2.0
// Central finite differences in float64 for every link x divergence x credit, on random pairs.
#include <rapidcheck.h>

#include <cmath>

#include "optimizers/pairwise_link.h"
#include "tests/optimizers/batch.h"

namespace tightrope::optimizer_test {
namespace {

double number(double low, double high) {
  return low + (high - low) * *rc::gen::inRange(0, 1000001) / 1e6;
}

Sequence random_sequence(int first_token) {
  Sequence s;
  const int length = *rc::gen::inRange(1, 5);
  for (int t = 0; t < length; ++t) {
    s.log_prob.push_back(number(-3, -0.05));
    s.reference.push_back(number(-3, -0.05));
    s.mask.push_back(t > 0 && *rc::gen::inRange(0, 4) == 0 ? 0 : 1);
    s.tokens.push_back(t == 0 ? first_token : *rc::gen::inRange(0, 3));
    if (s.mask.back() == 0) s.log_prob.back() = s.reference.back() = kNaN;
  }
  return s;
}

CaseList random_pairs() {
  CaseList cases;
  const int count = *rc::gen::inRange(1, 4);
  for (int n = 0; n < count; ++n) {
    const int same = *rc::gen::inRange(0, 2);
    cases.push_back({random_sequence(0), random_sequence(same)});
  }
  return cases;
}

void check_gradient(const Optimizer& optimizer, const CaseList& cases) {
  Flat flat(cases);
  const Outcome out = flat.run(optimizer);
  constexpr double kStep = 1e-5;
  for (std::size_t i = 0; i < flat.log_prob.size(); ++i) {
    if (flat.mask[i] == 0) {
      RC_ASSERT(out.gradient[i] == 0.0);
      continue;
    }
    const double kept = flat.log_prob[i];
    flat.log_prob[i] = kept + kStep;
    const double above = flat.run(optimizer).loss;
    flat.log_prob[i] = kept - kStep;
    const double below = flat.run(optimizer).loss;
    flat.log_prob[i] = kept;
    const double slope = (above - below) / (2 * kStep);
    const double scale = std::max({1.0, std::abs(slope), std::abs(out.loss)});
    RC_ASSERT(std::abs(slope - out.gradient[i]) <= 1e-6 * scale);
  }
}

TEST(Gradient, EveryLinkDivergenceAndCredit) {
  for (const std::string& link : every_link()) {
    // beta 0.3 keeps beta |D| below 1 - 1e-3 only sometimes: the hinge has its own test below.
    if (link.find("hinge") != std::string::npos) continue;
    for (const std::string& divergence : every_divergence()) {
      for (const std::string& credit : every_credit()) {
        const std::string yaml = "{type: dpo, beta: 0.3, rpo_alpha: 0.4, " + link + ", " +
                                 divergence + ", " + credit + "}";
        const auto optimizer = build(yaml);
        EXPECT_TRUE(rc::check(yaml, [&] { check_gradient(*optimizer, random_pairs()); })) << yaml;
      }
    }
  }
}

TEST(Gradient, HingeAwayFromItsKinkAndOneSidedAtIt) {
  for (const std::string& divergence : every_divergence()) {
    for (const std::string& credit : every_credit()) {
      const std::string yaml = "{loss_type: hinge, type: dpo, beta: 0.3, rpo_alpha: 0.4, " +
                               divergence + ", " + credit + "}";
      const auto optimizer = build(yaml);
      EXPECT_TRUE(rc::check(yaml, [&] {
        const CaseList cases = random_pairs();
        const auto plain =
            build("{loss_type: hinge, type: dpo, beta: 0.3, " + divergence + ", " + credit + "}");
        for (const auto& pair : cases) {
          // The sigmoid of the same margin tells how near the kink is: -LS(x) at x = 1.
          const auto probe = build("{type: dpo, beta: 0.3, " + divergence + ", " + credit + "}");
          RC_PRE(std::abs(run(*probe, {pair}).loss - std::log1p(std::exp(-1.0))) > 1e-3);
        }
        check_gradient(*optimizer, cases);
      })) << yaml;
    }
  }
  const LinkOptions hinge{.link = Link::kHinge, .beta = 0.5};
  EXPECT_EQ(pairwise_link(hinge, {.chosen = 2.0 - 1e-9}).chosen_slope, -0.5);
  EXPECT_EQ(pairwise_link(hinge, {.chosen = 2.0}).chosen_slope, 0.0) << "the flat side at the kink";
  EXPECT_EQ(pairwise_link(hinge, {.chosen = 2.0 + 1e-9}).chosen_slope, 0.0);
}

TEST(Gradient, Supervised) {
  for (const char* yaml : {"{type: sft}", "{type: sft, normaliser: sequence_mean}"}) {
    const auto optimizer = build(yaml);
    EXPECT_TRUE(rc::check(yaml, [&] {
      CaseList cases = random_pairs();
      for (auto& c : cases) c.pop_back();
      check_gradient(*optimizer, cases);
    })) << yaml;
  }
}

TEST(Gradient, DivergenceScoresAndTheirClamp) {
  for (const Divergence kind :
       {Divergence::kReverseKl, Divergence::kForwardKl, Divergence::kJs, Divergence::kAlpha}) {
    for (const double alpha : {-1.0, 0.0, 0.5, 2.0}) {
      for (const double d : {-4.0, -0.3, 0.0, 0.7, 5.0}) {
        const DivergenceOptions o{kind, alpha};
        const double up = divergence_score(o, d + 1e-6).value;
        const double down = divergence_score(o, d - 1e-6).value;
        const double slope = divergence_score(o, d).slope;
        EXPECT_NEAR((up - down) / 2e-6, slope, 1e-7 * std::max(1.0, std::abs(slope)));
      }
    }
  }
  const DivergenceOptions zero{Divergence::kAlpha, 0.0}, forward{Divergence::kForwardKl};
  EXPECT_DOUBLE_EQ(divergence_score(zero, 0.7).value, divergence_score(forward, 0.7).value);
  EXPECT_EQ(divergence_score({Divergence::kAlpha, 1.0}, 0.7).value, 0.7);
  EXPECT_EQ(divergence_score(forward, -100).slope, 0);
  EXPECT_EQ(divergence_score(forward, -100).value, -std::exp(80.0));
  DivergenceOptions off = forward;
  off.exponent_clamp = std::numeric_limits<double>::infinity();
  EXPECT_DOUBLE_EQ(divergence_score(off, -100).slope, std::exp(100.0));
}

}  // namespace
}  // namespace tightrope::optimizer_test
