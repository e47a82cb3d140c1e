// SPDX-License-Identifier: Apache-2.0
// Option errors of sft, dpo and cpo name the value and what is allowed.
#include <gmock/gmock.h>

#include "tests/optimizers/batch.h"

namespace tightrope::optimizer_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Options, ThereIsNoBareIpo) {
  EXPECT_THAT(build_error("{type: dpo, loss_type: ipo}"),
              AllOf(HasSubstr("loss_type"), HasSubstr("\"ipo\""), HasSubstr("ipo_sum"),
                    HasSubstr("ipo_avg")));
}

// Its own name stands for the two losses of dpo, to the bit.
TEST(Options, IpoIsDposSquaredLink) {
  for (const auto& [ipo, dpo] : std::vector<std::pair<std::string, std::string>>{
           {"{type: ipo, beta: 0.2}", "{type: dpo, beta: 0.2, loss_type: ipo_sum}"},
           {"{type: ipo, beta: 0.2, length_average: true, rpo_alpha: 0.5}",
            "{type: dpo, beta: 0.2, loss_type: ipo_avg, rpo_alpha: 0.5}"}}) {
    const Outcome a = run(*build(ipo), fixture_p()), b = run(*build(dpo), fixture_p());
    EXPECT_EQ(a.gradient, b.gradient) << ipo;
    EXPECT_EQ(a.loss, b.loss) << ipo;
    EXPECT_NE(a.gradient, run(*build("{type: dpo, beta: 0.2}"), fixture_p()).gradient);
  }
}

// Only the plain logistic loss has the optimum that is known.
TEST(Options, LogisticBetaIsThatOfThePlainLossAlone) {
  EXPECT_EQ(build("{type: dpo, beta: 0.2, rpo_alpha: 1}")->logistic_beta(), 0.2);
  EXPECT_EQ(build("{type: cpo, preset: cpo_paper_defaults}")->logistic_beta(), 0.1);
  EXPECT_EQ(build("{type: dpo, credit: first_divergence}")->logistic_beta(), 0.1);
  for (const char* other :
       {"{type: dpo, label_smoothing: 0.1}", "{type: dpo, f_divergence: js}", "{type: ipo}",
        "{type: cpo, loss_type: hinge}", "{type: sft}", "{type: simpo}", "{type: kto}"}) {
    EXPECT_FALSE(build(other)->logistic_beta().has_value()) << other;
  }
}

TEST(Options, SmoothingThatALinkNeedsOrDoesNotKnow) {
  EXPECT_THAT(build_error("{type: dpo, loss_type: exo_pair}"),
              HasSubstr("label_smoothing = 0: exo_pair needs label_smoothing > 0"));
  EXPECT_THAT(build_error("{type: cpo, loss_type: robust, label_smoothing: 0.5}"),
              HasSubstr("label_smoothing = 0.5: robust needs label_smoothing < 0.5"));
  EXPECT_THAT(build_error("{type: dpo, loss_type: hinge, label_smoothing: 0.1}"),
              AllOf(HasSubstr("hinge does not use it"), HasSubstr("sigmoid, robust, exo_pair")));
  EXPECT_THAT(build_error("{type: dpo, bco_shift: 0.1}"), HasSubstr("bco_pair"));
  EXPECT_EQ(build_error("{type: dpo, loss_type: exo_pair, label_smoothing: 0.001}"), "");
}

TEST(Options, Ranges) {
  EXPECT_THAT(build_error("{type: dpo, beta: 0}"), AllOf(HasSubstr("beta"), HasSubstr("> 0")));
  EXPECT_THAT(build_error("{type: dpo, rpo_alpha: -1}"), HasSubstr(">= 0"));
  EXPECT_THAT(build_error("{type: dpo, label_smoothing: 1}"), HasSubstr("[0, 1)"));
  EXPECT_THAT(build_error("{type: sft, normaliser: mean}"),
              AllOf(HasSubstr("token_mean"), HasSubstr("sequence_mean")));
  EXPECT_THAT(build_error("{type: cpo, preset: paper}"), HasSubstr("cpo_paper_defaults"));
  EXPECT_EQ(build_error("{type: dpo, exponent_clamp: .inf}"), "");
}

TEST(Options, EveryNumberMayDifferBetweenLanes) {
  for (const ComponentInfo& info : all_components()) {
    if (info.kind != "optimizer") continue;
    for (const FieldInfo& field : info.fields) {
      if (field.type.find("number") != std::string::npos) {
        EXPECT_TRUE(field.options.per_lane) << info.name << "." << field.name;
      }
    }
  }
}

TEST(Options, CounterfactualSaysThatItIsNotContrastive) {
  for (const ComponentInfo& info : all_components()) {
    if (info.kind != "optimizer" || info.name != "cpo") continue;
    EXPECT_THAT(info.summary, AllOf(HasSubstr("counterfactual"), HasSubstr("contrastive"),
                                    HasSubstr("reference")));
  }
}

}  // namespace
}  // namespace tightrope::optimizer_test
