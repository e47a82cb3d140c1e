// SPDX-License-Identifier: Apache-2.0
// What must not change a loss: cutting the batch, padding, order, constants, duplicates.
#include <algorithm>
#include <cmath>

#include "core/random/stream.h"
#include "tests/optimizers/batch.h"

namespace tightrope::optimizer_test {
namespace {

// Eight pairs of unequal lengths with masked tokens, fixed by a seed.
CaseList eight_pairs() {
  CaseList cases;
  Draws draws = Stream(7, Purpose::kStatistics, 1).at(0);
  for (int n = 0; n < 8; ++n) {
    std::vector<Sequence> pair(2);
    for (int side = 0; side < 2; ++side) {
      const int length = 2 + static_cast<int>(draws.below(5));
      for (int t = 0; t < length; ++t) {
        pair[side].log_prob.push_back(-0.1 - 3 * draws.uniform());
        pair[side].reference.push_back(-0.1 - 3 * draws.uniform());
        pair[side].mask.push_back(t == 0 ? 0 : 1);
        pair[side].tokens.push_back(t < 2 ? t : 10 * side + t);
      }
    }
    cases.push_back(pair);
  }
  return cases;
}

CaseList supervised(const CaseList& pairs) {
  CaseList out;
  for (const auto& pair : pairs) out.push_back({pair[0]});
  return out;
}

struct Setting {
  std::string yaml;
  CaseList cases;
};

std::vector<Setting> every_setting() {
  std::vector<Setting> all = {{"{type: sft}", supervised(eight_pairs())},
                              {"{type: sft, normaliser: sequence_mean}", supervised(eight_pairs())},
                              {"{type: cpo, preset: cpo_paper_defaults}", eight_pairs()}};
  for (const std::string& link : every_link()) {
    for (const std::string& divergence : every_divergence()) {
      for (const std::string& credit : every_credit()) {
        all.push_back(
            {"{type: dpo, rpo_alpha: 0.5, " + link + ", " + divergence + ", " + credit + "}",
             eight_pairs()});
      }
    }
  }
  return all;
}

double largest_gap(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double gap = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    gap = std::max(gap, std::abs(a[i] - b[i]) / std::max(1.0, std::abs(a[i])));
  }
  return gap;
}

TEST(Invariance, AllPartitionsOfEightSamples) {
  for (const auto& [yaml, cases] : every_setting()) {
    const auto optimizer = build(yaml);
    const Flat flat(cases);
    const Outcome whole = flat.run(*optimizer);
    for (unsigned cut = 0; cut < 128; ++cut) {  // bit i: a cut after sample i
      std::vector<int> sizes = {1};
      for (int i = 0; i < 7; ++i) {
        if (cut >> i & 1) {
          sizes.push_back(1);
        } else {
          ++sizes.back();
        }
      }
      const Outcome split = flat.run(*optimizer, sizes);
      ASSERT_LE(std::abs(split.loss - whole.loss), 1e-12 * std::max(1.0, std::abs(whole.loss)))
          << yaml;
      ASSERT_LE(largest_gap(split.gradient, whole.gradient), 1e-12) << yaml;
      for (const auto& [name, sum] : whole.metrics) {
        ASSERT_NEAR(split.metrics.at(name).mean(), sum.mean(),
                    1e-12 * std::max(1.0, std::abs(sum.mean())));
        ASSERT_EQ(split.metrics.at(name).count, sum.count) << name;
      }
    }
  }
}

TEST(Invariance, PaddingPoison) {
  for (const auto& [yaml, cases] : every_setting()) {
    CaseList poisoned = cases;
    for (auto& c : poisoned) {
      for (auto& s : c) {
        s.log_prob[0] = s.reference[0] = kNaN;
        for (const double junk : {1e4, kNaN, -kNaN, std::numeric_limits<double>::infinity()}) {
          s.log_prob.push_back(junk);
          s.reference.push_back(-junk);
          s.mask.push_back(0);
          s.tokens.push_back(0);
        }
      }
    }
    const Outcome clean = run(*build(yaml), cases);
    const Outcome out = run(*build(yaml), poisoned);
    EXPECT_EQ(out.loss, clean.loss) << yaml;
    for (const auto& [name, sum] : clean.metrics) EXPECT_EQ(out.metrics.at(name).sum, sum.sum);
    std::size_t i = 0, j = 0;
    for (const auto& c : cases) {
      for (const auto& s : c) {
        for (std::size_t t = 0; t < s.mask.size(); ++t)
          EXPECT_EQ(out.gradient[j++], clean.gradient[i++]);
        for (int t = 0; t < 4; ++t) EXPECT_EQ(out.gradient[j++], 0.0);
      }
    }
  }
}

TEST(Invariance, OrderOfRowsAndDuplicates) {
  for (const auto& [yaml, cases] : every_setting()) {
    const auto optimizer = build(yaml);
    const Outcome whole = run(*optimizer, cases);
    CaseList reversed(cases.rbegin(), cases.rend());
    EXPECT_NEAR(run(*optimizer, reversed).loss, whole.loss,
                1e-12 * std::max(1.0, std::abs(whole.loss)));
    CaseList twice = cases;
    twice.insert(twice.end(), cases.begin(), cases.end());
    const Outcome doubled = run(*optimizer, twice);
    EXPECT_NEAR(doubled.loss, whole.loss, 1e-12 * std::max(1.0, std::abs(whole.loss))) << yaml;
    for (std::size_t i = 0; i < whole.gradient.size(); ++i) {
      EXPECT_NEAR(doubled.gradient[i], whole.gradient[i] / 2,
                  1e-12 * std::max(1.0, std::abs(whole.gradient[i])));
    }
  }
}

// The same constant in policy and reference leaves every ratio where it is.
TEST(Invariance, ConstantInPolicyAndReference) {
  for (const auto& [yaml, cases] : every_setting()) {
    if (yaml.find("sft") != std::string::npos || yaml.find("cpo") != std::string::npos) continue;
    const std::string plain = "{rpo_alpha: 0" + yaml.substr(yaml.find(", loss"));
    const auto optimizer = build("{type: dpo, " + plain.substr(1));
    CaseList shifted = cases;
    for (auto& c : shifted) {
      for (auto& s : c) {
        for (double& x : s.log_prob) x -= 2;
        for (double& x : s.reference) x -= 2;
      }
    }
    const double loss = run(*optimizer, cases).loss;
    EXPECT_NEAR(run(*optimizer, shifted).loss, loss, 1e-10 * std::max(1.0, std::abs(loss)))
        << plain;
  }
}

// Swapping the sides mirrors the margin: links that are functions f(D) obey
// f(D) - f(-D) odd, and conservative DPO at one half is blind to the order.
TEST(Invariance, SwappingTheSides) {
  CaseList cases = eight_pairs();
  CaseList swapped = cases;
  for (auto& pair : swapped) std::swap(pair[0], pair[1]);
  const auto blind = build("{type: dpo, label_smoothing: 0.5}");
  const Outcome a = run(*blind, cases), b = run(*blind, swapped);
  EXPECT_NEAR(a.loss, b.loss, 1e-12);
  const auto exact = build("{type: dpo}");
  double sum = 0;
  const Outcome forward = run(*exact, cases), backward = run(*exact, swapped);
  EXPECT_NEAR(forward.metrics.at("rewards/margins").sum,
              -backward.metrics.at("rewards/margins").sum, 1e-12);
  EXPECT_EQ(
      forward.metrics.at("rewards/accuracies").sum + backward.metrics.at("rewards/accuracies").sum,
      8);
  // -LS(x) + LS(-x) = -x: the difference of the two losses is the mean margin.
  sum = forward.loss - backward.loss;
  EXPECT_NEAR(sum, -forward.metrics.at("rewards/margins").mean(), 1e-12);
  // f'(x) sums to -beta over both orders, for every token of a side.
  const double chosen_slope = forward.gradient[1],
               as_rejected = backward.gradient[cases[0][1].mask.size() + 1];
  EXPECT_NEAR(chosen_slope - as_rejected, -0.1 / 8, 1e-12) << "the gradient flips its sign";
}

TEST(Invariance, ExtremeLogProbsStayFinite) {
  for (const auto& [yaml, cases] : every_setting()) {
    for (const double size : {-700.0, -300.0, -1e-300}) {
      for (const double other : {-700.0, -1e-300}) {
        CaseList extreme = cases;
        for (auto& c : extreme) {
          for (std::size_t side = 0; side < c.size(); ++side) {
            for (double& x : c[side].log_prob) x = side == 0 ? size : other;
            for (double& x : c[side].reference) x = side == 0 ? other : size;
          }
        }
        const Outcome out = run(*build(yaml), extreme);
        EXPECT_TRUE(std::isfinite(out.loss)) << yaml << " " << size << " " << other;
        for (double slope : out.gradient) EXPECT_TRUE(std::isfinite(slope)) << yaml;
      }
    }
  }
}

}  // namespace
}  // namespace tightrope::optimizer_test
