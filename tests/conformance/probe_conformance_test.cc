// SPDX-License-Identifier: Apache-2.0
// What every registered probe must do, whichever it is, and what the shipped ones choose.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/api/probe.h"
#include "core/base/error.h"
#include "core/config/yaml.h"
#include "tests/experts/expert_support.h"

namespace tightrope {
namespace {

using test::Bench;

const Stream kStream(6, Purpose::kProbe, 0);
constexpr const char* kConcept = "{type: concept, graph: cxr}";

std::shared_ptr<const Probe> make(const std::string& text) {
  Problems problems;
  auto out = Registry<Probe>::get().build(parse_yaml(text, "test"), "probe", problems);
  problems.throw_if_any();
  return out;
}

Cases draw(const std::string& text, const Bench& bench, int count, const Stream& stream = kStream) {
  Cases out;
  make(text)->draw(*bench.world, *bench.environment, stream, count, out);
  return out;
}

class ProbeConformance : public ::testing::TestWithParam<std::string> {};

TEST_P(ProbeConformance, FewerAreTheFirstOfMoreAndReplay) {
  for (const char* world : {kConcept, "{type: concept, graph: cxr, diagnosis: rule}"}) {
    SCOPED_TRACE(world);
    const Bench bench(world, 1);
    const Cases few = draw(GetParam(), bench, 5), many = draw(GetParam(), bench, 24);
    ASSERT_EQ(few.size(), 5);
    ASSERT_EQ(many.size(), 24);
    for (int n = 0; n < 5; ++n) {
      EXPECT_EQ(few.disease[n], many.disease[n]);
      EXPECT_TRUE(std::ranges::equal(few.image_of(n), many.image_of(n)));
      EXPECT_TRUE(std::ranges::equal(few.report_of(n), many.report_of(n)));
    }
    EXPECT_EQ(draw(GetParam(), bench, 5).image, few.image);
    EXPECT_NE(draw(GetParam(), bench, 5, Stream(7, Purpose::kProbe, 0)).image, few.image);
    EXPECT_NE(many.image_of(0)[0], many.image_of(12)[0]) << "cases differ";
  }
}

INSTANTIATE_TEST_SUITE_P(Registered, ProbeConformance,
                         ::testing::ValuesIn(Registry<Probe>::get().names()),
                         [](const auto& test) { return test.param; });

TEST(Probes, ChooseWhatTheyAreNamedFor) {
  const Bench bench(kConcept, 1);
  const int diseases = bench.world->vocabulary().diseases();
  Cases plain;
  bench.environment->sample(kStream, 0, 0, 48, plain);
  EXPECT_EQ(draw("cases", bench, 48).image, plain.image);
  const Cases balanced = draw("balanced", bench, 48);
  for (int n = 0; n < 48; ++n) EXPECT_EQ(balanced.disease[n], n % diseases);
  const std::vector<std::uint8_t> entangled = bench.world->entangled();
  const Cases pairs = draw("entangled", bench, 48);
  for (int n = 0; n < 48; ++n) EXPECT_TRUE(entangled[pairs.disease[n]]);
  const Cases open = draw("{type: undecided, below: 0.6}", bench, 48);
  std::vector<double> belief(diseases);
  int kept = 0;
  for (int n = 0; n < 48; ++n) {
    bench.environment->belief_of_image(open.image_of(n), belief);
    EXPECT_LE(*std::max_element(belief.begin(), belief.end()), 0.6);
    kept += std::ranges::equal(open.image_of(n), plain.image_of(n));
  }
  EXPECT_GT(kept, 0) << "a case that qualifies stays where it is";
  EXPECT_LT(kept, 48);
}

TEST(Probes, WhatIsNotThereIsAnError) {
  const Bench bandit("{type: bandit}", 1);
  try {
    draw("entangled", bandit, 2);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()),
              "no case of an entangled pair in 20000 cases of the environment");
  }
}

}  // namespace
}  // namespace tightrope
