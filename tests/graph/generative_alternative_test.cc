// SPDX-License-Identifier: Apache-2.0
// Alternative reports: the graph rule slot by slot, and the structural counterfactual's law.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "graph/generative_alternatives.h"
#include "graph/generative_environment.h"
#include "tests/graph/concept_support.h"
#include "tests/graph/tiny_generative.h"

namespace tightrope {
namespace {

bool is_present(Slot slot) { return slot == Slot::kSynonym0 || slot == Slot::kSynonym1; }

TEST(EditReport, FollowsThePlanSlotBySlot) {
  const auto world = test::concept_world("graph: cxr, max_mentions: 100", 2);
  const auto environment = test::environment_of(*world, world->base());
  const ConceptGraph& graph = environment->graph();
  Cases cases;
  environment->sample(Stream(1, Purpose::kData, 0), 0, 0, 500, cases);
  EXPECT_TRUE(rc::check([&] {
    const int n = *rc::gen::inRange(0, 500);
    const int j = *rc::gen::inRange(0, 12);
    Draws draws = Stream(1, Purpose::kExpert, 0).at(j, n);
    const auto report = environment->edit(cases, n, j, draws).report;
    const auto before = cases.report_of(n);
    const CounterfactualPlan plan = graph.plan(cases.disease[n], j);
    for (int k : plan.remove) RC_ASSERT(report[k] == Slot::kSilent);
    for (int k : plan.add) {
      RC_ASSERT(is_present(report[k]));
      if (is_present(before[k])) RC_ASSERT(report[k] == before[k]);
    }
    for (int k : plan.keep) RC_ASSERT(report[k] == before[k]);
  }));
}

TEST(EditReport, RespectsTheCapAndTheSitesStyle) {
  const auto world = test::concept_world("graph: cxr, max_mentions: 3, style: 1", 2);
  const auto environment = test::environment_of(*world, world->base());
  Cases cases;
  environment->sample(Stream(1, Purpose::kData, 0), 0, 0, 300, cases);
  for (int n = 0; n < 300; ++n) {
    Draws draws = Stream(1, Purpose::kExpert, 0).at(0, n);
    const auto report = environment->edit(cases, n, (cases.disease[n] + 1) % 12, draws).report;
    EXPECT_LE(count_mentions(report), 3);
    for (Slot slot : report) {  // site 0 always writes synonym 0, site 2 synonym 1
      EXPECT_FALSE(cases.site[n] == 0 && slot == Slot::kSynonym1);
      EXPECT_FALSE(cases.site[n] == 2 && slot == Slot::kSynonym0);
    }
  }
}

TEST(StructuralReport, OfTheSameDiseaseIsTheReport) {
  for (const char* options : {"graph: cxr", "graph: cxr, max_mentions: 5, report_from: image"}) {
    const auto world = test::concept_world(options);
    const auto environment = test::environment_of(*world, world->base());
    Cases cases;
    environment->sample(Stream(1, Purpose::kData, 0), 0, 0, 300, cases);
    for (int n = 0; n < 300; ++n) {
      Draws draws = Stream(1, Purpose::kExpert, 0).at(0, n);
      const auto report = environment->structural(cases, n, cases.disease[n], draws).report;
      EXPECT_TRUE(std::ranges::equal(report, cases.report_of(n)));
    }
  }
}

// Chi-square of reports of z pushed to j at site u against reports of j there, over all reports, in
// standard deviations from its mean (cells - 1, variance twice that).
double law_difference(const GenerativeLaw& law, int u, int z, int j) {
  constexpr int kCount = 40000;
  const GenerativeSampler sampler(law);
  std::map<std::vector<Slot>, std::pair<int, int>> counts;  // counterfactual, factual
  int made = 0;
  int direct = 0;
  Cases cases;
  cases.resize(1, law.attributes, law.channels);
  for (int n = 0; made < kCount || direct < kCount; ++n) {
    sampler.draw(Stream(4, Purpose::kData, 0).at(0, n), 0, cases);
    if (cases.site[0] != u) continue;
    if (cases.disease[0] == j && direct < kCount) {
      ++counts[cases.report].second;
      ++direct;
    } else if (cases.disease[0] == z && made < kCount) {
      Draws draws = Stream(4, Purpose::kExpert, 0).at(0, n);
      ++counts[structural_report(law, sampler, cases, 0, j, draws).report].first;
      ++made;
    }
  }
  double chi_square = 0;
  int cells = 0;
  for (const auto& [report, pair] : counts) {
    const double both = pair.first + pair.second;
    if (both < 10) continue;
    chi_square += (pair.first - pair.second) * (pair.first - pair.second) / both;
    ++cells;
  }
  return (chi_square - (cells - 1)) / std::sqrt(2.0 * (cells - 1));
}

TEST(StructuralReport, HasTheLawOfReportsOfTheOtherDisease) {
  for (ReportFrom from : {ReportFrom::kLatent, ReportFrom::kImage}) {
    for (int cap : {1, 2, 9}) {
      const GenerativeLaw law = test::tiny_law(ImageCode::kPolarity, from, cap, 2);
      EXPECT_LT(law_difference(law, 1, 0, 2), 5) << cap;
      EXPECT_LT(law_difference(law, 0, 2, 1), 5) << cap;
    }
  }
}

// Monotone coupling changes as few attributes as the laws allow: P(changed) = |p' - p|.
TEST(StructuralReport, ChangesAsLittleAsPossible) {
  GenerativeLaw law = test::tiny_law(ImageCode::kLinear, ReportFrom::kLatent, 9, 2);
  law.mention_present.assign(4, 1);
  law.mention_absent.assign(4, 1);  // the report shows every attribute
  const GenerativeSampler sampler(law);
  Cases cases;
  cases.resize(1, law.attributes, law.channels);
  std::vector<double> changed(4, 0.0);
  int count = 0;
  for (int n = 0; n < 100000; ++n) {
    sampler.draw(Stream(4, Purpose::kData, 0).at(0, n), 0, cases);
    if (cases.site[0] != 0 || cases.disease[0] != 1) continue;
    ++count;
    Draws draws = Stream(4, Purpose::kExpert, 0).at(0, n);
    const auto report = structural_report(law, sampler, cases, 0, 2, draws).report;
    for (int k = 0; k < 4; ++k) changed[k] += is_present(report[k]) != (cases.attribute[k] == 1);
  }
  for (int k = 0; k < 4; ++k) {
    const double expected = std::abs(law.theta_at(0, 1, k) - law.theta_at(0, 2, k));
    EXPECT_NEAR(changed[k] / count, expected, 5 * std::sqrt(0.25 / count));
  }
}

// Given the site, a counterfactual image of j has the law of images of j: mean, second moment and
// the products of neighbouring channels, against cases that are j. Of the disease itself it is the
// image.
TEST(StructuralImage, HasTheLawOfImagesOfTheOtherDisease) {
  for (const ImageCode code : {ImageCode::kLinear, ImageCode::kPolarity}) {
    const GenerativeLaw law = test::tiny_law(code, ReportFrom::kLatent, 9, 2);
    const GenerativeSampler sampler(law);
    Cases cases;
    cases.resize(1, law.attributes, law.channels);
    struct Sums {
      double count = 0;
      std::vector<double> first, second, mixed;
      explicit Sums(int channels) : first(channels), second(channels), mixed(channels) {}
      void add(std::span<const float> v) {
        count += 1;
        for (std::size_t c = 0; c < v.size(); ++c) {
          first[c] += v[c];
          second[c] += v[c] * v[c];
          mixed[c] += v[c] * v[(c + 1) % v.size()];
        }
      }
    };
    Sums moved(law.channels), real(law.channels);
    for (int n = 0; n < 200000; ++n) {
      sampler.draw(Stream(5, Purpose::kData, 0).at(0, n), 0, cases);
      if (cases.site[0] != 1) continue;
      if (cases.disease[0] == 2) real.add(cases.image_of(0));
      if (cases.disease[0] != 0) continue;
      Draws draws = Stream(5, Purpose::kExpert, 0).at(0, n);
      moved.add(structural_image(law, cases, 0, 2, draws));
      if (n % 50 == 0) {
        const auto own = cases.image_of(0);
        EXPECT_EQ(structural_image(law, cases, 0, 0, draws),
                  std::vector<float>(own.begin(), own.end()));
      }
    }
    ASSERT_GT(std::min(moved.count, real.count), 5000);
    const double error = 5 * std::sqrt(1 / moved.count + 1 / real.count);
    for (int c = 0; c < law.channels; ++c) {
      const double scale = real.second[c] / real.count;
      EXPECT_NEAR(moved.first[c] / moved.count, real.first[c] / real.count,
                  error * std::sqrt(scale));
      EXPECT_NEAR(moved.second[c] / moved.count, scale, 2 * error * scale);
      const double other = real.second[(c + 1) % law.channels] / real.count;
      EXPECT_NEAR(moved.mixed[c] / moved.count, real.mixed[c] / real.count,
                  2 * error * std::sqrt(scale * other));
    }
  }
}

}  // namespace
}  // namespace tightrope
