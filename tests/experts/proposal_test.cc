// SPDX-License-Identifier: Apache-2.0
#include "experts/proposal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/error.h"
#include "experts/latent_classes.h"
#include "graph/concept_environment.h"
#include "tests/experts/expert_support.h"

namespace tightrope {
namespace {

using test::Bench;

constexpr const char* kConcept = "{type: concept, graph: cxr}";

std::vector<double> without(std::vector<double> weight, int z) {
  weight[z] = 0;
  double total = 0;
  for (double w : weight) total += w;
  for (double& w : weight) w /= total;
  return weight;
}

void expect_equal(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12) << i;
}

TEST(Proposal, LawsAreTheNamedOnes) {
  for (const char* text : {kConcept, "{type: concept, graph: cxr, diagnosis: rule}"}) {
    const Bench bench(text, 50);
    const ExpertContext context = bench.context();
    const auto& environment = dynamic_cast<const ConceptEnvironment&>(*bench.environment);
    const std::vector<double> by_site = environment.disease_prior_by_site();
    for (int n = 0; n < 50; ++n) {
      const int z = bench.cases.disease[n];
      expect_equal(Proposal("uniform", 2).law(context, n), without(std::vector<double>(12, 1), z));
      expect_equal(Proposal("prior", 2).law(context, n), without(environment.disease_prior(), z));
      const auto row = by_site.begin() + 12 * bench.cases.site[n];
      expect_equal(Proposal("stratified", 2).law(context, n), without({row, row + 12}, z));
      std::vector<double> near(12, 0.0);
      for (int j : environment.graph().nearest(z, 3)) near[j] = 1.0 / 3;
      expect_equal(Proposal("nearest", 3).law(context, n), near);
      std::vector<double> belief(12);
      context.policy_belief(n, belief);
      expect_equal(Proposal("confusion", 2).law(context, n), without(belief, z));
    }
  }
}

// The estimated strata find the sites behind the words: a case's most probable class names its site
// (up to the classes' names) far more often than chance, and the law comes near the true one.
TEST(Proposal, EstimatedStrataAreNearTheSites) {
  const Bench bench(kConcept, 3000);
  const ExpertContext plain = bench.context();
  const Proposal estimated("estimated", 2, 3), stratified("stratified", 2), prior("prior", 2);
  const auto data = estimated.prepare(plain);
  ExpertContext context = plain;
  context.data = data.get();
  const LatentClasses classes = fit_latent_classes(bench.cases, 3, 12);
  std::vector<double> together(9, 0.0);
  for (int n = 0; n < 3000; ++n) {
    const double* row = &classes.posterior[static_cast<std::size_t>(n) * 3];
    together[(std::max_element(row, row + 3) - row) * 3 + bench.cases.site[n]] += 1.0 / 3000;
  }
  double best = 0;
  for (const std::array<int, 3>& names :
       {std::array{0, 1, 2}, std::array{0, 2, 1}, std::array{1, 0, 2}, std::array{1, 2, 0},
        std::array{2, 0, 1}, std::array{2, 1, 0}}) {
    best = std::max(best, together[names[0]] + together[3 + names[1]] + together[6 + names[2]]);
  }
  EXPECT_GT(best, 0.65) << "chance is one third";
  double near = 0, far = 0;
  for (int n = 0; n < 200; ++n) {
    const std::vector<double> law = estimated.law(context, n), truth = stratified.law(context, n),
                              blind = prior.law(context, n);
    EXPECT_EQ(law[bench.cases.disease[n]], 0);
    for (int j = 0; j < 12; ++j) {
      near += std::abs(law[j] - truth[j]);
      far += std::abs(blind[j] - truth[j]);
    }
    if (n < 3) {
      EXPECT_EQ(law, estimated.law(plain, n)) << "prepared or not, the same";
    }
  }
  EXPECT_LT(near, 0.75 * far) << "nearer to the stratified law than the prior is";
}

// A fitted model is a fixed point of Bayes' rule under its own class laws (a count of one added to
// each synonym), here with plain products.
TEST(Proposal, FittedClassesAreAFixedPoint) {
  const Bench bench(kConcept, 400);
  constexpr int kClasses = 2;
  const LatentClasses fit = fit_latent_classes(bench.cases, kClasses, 12);
  const auto posterior = [&](int n, int c) { return fit.posterior[n * kClasses + c]; };
  const int attributes = bench.cases.attributes;
  std::vector<std::array<double, 2>> law(kClasses * attributes, {1, 1});
  std::array<double, kClasses> weight = {1, 1};
  for (int n = 0; n < 400; ++n) {
    for (int c = 0; c < kClasses; ++c) {
      weight[c] += posterior(n, c);
      for (int k = 0; k < attributes; ++k) {
        const Slot slot = bench.cases.report_of(n)[k];
        if (slot == Slot::kSynonym0) law[c * attributes + k][0] += posterior(n, c);
        if (slot == Slot::kSynonym1) law[c * attributes + k][1] += posterior(n, c);
      }
    }
  }
  for (int n = 0; n < 400; ++n) {
    std::array<double, kClasses> product = weight;
    for (int c = 0; c < kClasses; ++c) {
      for (int k = 0; k < attributes; ++k) {
        const auto [first, second] = law[c * attributes + k];
        const Slot slot = bench.cases.report_of(n)[k];
        if (slot == Slot::kSynonym0) product[c] *= first / (first + second);
        if (slot == Slot::kSynonym1) product[c] *= second / (first + second);
      }
    }
    EXPECT_NEAR(posterior(n, 0), product[0] / (product[0] + product[1]), 1e-4);
  }
}

TEST(Proposal, OneStratumIsTheEmpiricalPrior) {
  const Bench bench(kConcept, 500);
  const LatentClasses one = fit_latent_classes(bench.cases, 1, 12);
  for (int z = 0; z < 12; ++z) {
    const auto count = std::count(bench.cases.disease.begin(), bench.cases.disease.end(), z);
    EXPECT_NEAR(one.disease[z], static_cast<double>(count) / 500, 1e-12);
  }
}

TEST(Proposal, DrawnFrequenciesFollowTheLaw) {
  const Bench bench(kConcept, 3);
  for (const char* kind : {"uniform", "prior", "stratified", "nearest", "confusion"}) {
    const Proposal proposal(kind, 2);
    const std::vector<double> law = proposal.law(bench.context(), 1);
    constexpr int kDraws = 20000;
    std::vector<double> count(12, 0.0);
    for (int i = 0; i < kDraws; ++i) {
      Draws draws = Stream(3, Purpose::kExpert, 0).at(i, 1);
      count[proposal.draw(bench.context(), 1, draws)] += 1;
    }
    for (int j = 0; j < 12; ++j) {
      EXPECT_NEAR(count[j] / kDraws, law[j], 5 * std::sqrt(law[j] * (1 - law[j]) / kDraws)) << kind;
    }
  }
}

TEST(Proposal, StratifiedDiffersBetweenSites) {
  const Bench bench(kConcept, 200);
  int first = -1;
  bool differs = false;
  for (int n = 0; n < bench.cases.size(); ++n) {
    if (bench.cases.disease[n] != bench.cases.disease[0]) continue;
    if (first < 0) first = n;
    if (bench.cases.site[n] == bench.cases.site[first]) continue;
    differs = Proposal("stratified", 2).law(bench.context(), n) !=
              Proposal("stratified", 2).law(bench.context(), first);
  }
  EXPECT_TRUE(differs);
}

TEST(Proposal, ConfusionOfACertainPolicyIsUniform) {
  const Bench bench(kConcept, 5);
  ExpertContext certain{*bench.world, *bench.environment, bench.cases,
                        [&](int n, std::span<double> belief) {
                          std::fill(belief.begin(), belief.end(), 0.0);
                          belief[bench.cases.disease[n]] = 1;
                        }};
  expect_equal(Proposal("confusion", 2).law(certain, 0),
               without(std::vector<double>(12, 1), bench.cases.disease[0]));
}

TEST(Proposal, WhatIsMissingIsAnInputError) {
  const Bench bandit("bandit", 5);
  EXPECT_THROW(Proposal("nearest", 2).law(bandit.context(), 0), InputError);
  EXPECT_NO_THROW(Proposal("uniform", 2).law(bandit.context(), 0));
  const Bench bench(kConcept, 5);
  const ExpertContext blind{*bench.world, *bench.environment, bench.cases, nullptr};
  EXPECT_THROW(Proposal("confusion", 2).law(blind, 0), InputError);
  EXPECT_THROW(Proposal("nearest", 12).law(bench.context(), 0), InputError);
  EXPECT_THROW(Proposal("nearst", 2), InputError);
  const Bench one("{type: bandit, rewards: [[1, 2]], behaviour: [[1, 0]]}", 5);
  EXPECT_THROW(Proposal("prior", 2).law(one.context(), 0), InputError);
}

}  // namespace
}  // namespace tightrope
