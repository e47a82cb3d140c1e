// SPDX-License-Identifier: Apache-2.0
// Calibration by Monte Carlo on the shipped graph: if the oracle is the law of the samples, then
// log P*(y | v, prefix) plus the entropy of P*(. | v, prefix) has mean zero at every position.
#include <gtest/gtest.h>

#include "core/base/math.h"
#include "tests/graph/concept_support.h"

namespace tightrope {
namespace {

struct Moments {
  double sum = 0, squares = 0;
  int count = 0;
  void add(double x) {
    sum += x;
    squares += x * x;
    ++count;
  }
  double mean() const { return sum / count; }
  double error() const { return std::sqrt((squares / count - mean() * mean()) / count); }
};

class Calibration : public testing::TestWithParam<std::tuple<const char*, bool>> {};

TEST_P(Calibration, LogProbabilityPlusEntropyHasMeanZero) {
  const auto [options, drifted] = GetParam();
  const auto world = test::concept_world(options, 3);
  const Vocabulary& vocabulary = world->vocabulary();
  const auto environment = world->environment(drifted ? test::target_of(*world) : world->base());
  const int count = 6000;
  Cases cases;
  environment->sample(Stream(2, Purpose::kProbe, 0), 0, 0, count, cases);
  Moments whole, answer, direct, site;
  OracleTrace trace;
  for (int n = 0; n < count; ++n) {
    const auto tokens =
        make_trajectory(vocabulary, cases.report_of(n), cases.category[n], cases.disease[n]).tokens;
    environment->oracle(cases.image_of(n), tokens, trace);
    double total = 0;
    const auto surprise = [](std::span<const double> law, int observed) {
      double entropy = 0;
      for (double p : law) entropy -= p > 0 ? p * std::log(p) : 0;
      return std::log(law[observed]) + entropy;
    };
    for (int j = 0; j + 1 < static_cast<int>(tokens.size()); ++j) {
      const auto law = std::span(trace.law).subspan(static_cast<std::size_t>(j) * trace.vocabulary,
                                                    trace.vocabulary);
      const double one = surprise(law, tokens[j + 1]);
      total += one;
      if (vocabulary.is_disease(tokens[j + 1])) answer.add(one);
    }
    whole.add(total);
    direct.add(surprise(std::span(trace.belief).first(trace.diseases), cases.disease[n]));
    const int last = trace.prefixes() - 2;  // before the diagnosis is written
    site.add(
        surprise(std::span(trace.site).subspan(last * trace.sites, trace.sites), cases.site[n]));
  }
  for (const Moments* m : {&whole, &answer, &direct, &site}) {
    EXPECT_NEAR(m->mean(), 0, 5 * m->error());
  }
  EXPECT_LT(whole.error(), 0.1);
}

INSTANTIATE_TEST_SUITE_P(
    Shipped, Calibration,
    testing::Combine(testing::Values("graph: cxr", "graph: cxr, max_mentions: 8",
                                     "graph: cxr, report_from: image",
                                     "graph: cxr, image_code: linear, nuisance_channels: 3",
                                     "graph: synthetic", "graph: cxr, diagnosis: rule"),
                     testing::Bool()));

}  // namespace
}  // namespace tightrope
