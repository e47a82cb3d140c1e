// SPDX-License-Identifier: Apache-2.0
// The registered concept world: its tables, what the seed varies, sampling, distances.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "graph/case_json.h"
#include "graph/concept_params.h"
#include "tests/graph/concept_support.h"

namespace tightrope {
namespace {

using test::concept_world;

TEST(ConceptWorld, SchemaHasNoDefect) {
  EXPECT_THAT(concept_schema().defects(), testing::IsEmpty());
}

// The world pays 1 for the case's own diagnosis, until drift moves the reward table.
TEST(ConceptWorld, RewardsFollowTheirTable) {
  for (const char* diagnosis : {"generative", "rule"}) {
    const auto world = concept_world(std::string("graph: cxr, diagnosis: ") + diagnosis);
    WorldParams params = world->base();
    const auto before = world->environment(params);
    std::vector<double>& table = params.at("reward").values;
    std::reverse(table.begin(), table.end());
    table[0] = -2;
    const auto after = world->environment(params);
    Cases cases;
    before->sample(Stream(1, Purpose::kData, 1), 0, 0, 50, cases);
    const Vocabulary& v = world->vocabulary();
    for (int n = 0; n < 50; ++n) {
      const int z = cases.disease[n];
      for (int written = 0; written < 12; ++written) {
        const std::vector<Token> tokens = {Vocabulary::think(), v.end_think(), v.disease(written)};
        EXPECT_EQ(before->reward(cases, n, tokens), written == z ? 1 : 0);
        const double moved = z == 0 && written == 0 ? -2 : written == z ? 1 : 0;
        EXPECT_EQ(after->reward(cases, n, tokens), moved) << "the identity reversed is itself";
      }
      EXPECT_EQ(before->reward(cases, n, std::vector<Token>{Vocabulary::think()}), 0);
    }
    EXPECT_EQ(world->distances(world->base(), params)[0].kl, 0) << "a reward is no distribution";
  }
}

TEST(ConceptWorld, HasThePresetsNumbers) {
  const auto world = concept_world("graph: cxr");
  EXPECT_EQ(world->vocabulary().diseases(), 12);
  EXPECT_EQ(world->vocabulary().attributes(), 57);
  EXPECT_EQ(world->vocabulary().names().attributes[54], "site_marker_1");
  EXPECT_EQ(world->channels(), 57);
  EXPECT_EQ(world->sites(), 3);
  EXPECT_EQ(world->max_mentions(), 18);
  const WorldParams& base = world->base();
  EXPECT_THAT(base.factors(), testing::ElementsAre("prior", "confounding", "mechanism", "spurious",
                                                   "visual", "lexical", "reward"));
  std::vector<double> prior = base.at("prior").values;
  std::sort(prior.rbegin(), prior.rend());
  for (int r = 1; r < 12; ++r) EXPECT_NEAR(prior[r] / prior[r - 1], 0.96, 1e-12);
  EXPECT_EQ(base.at("theta_spurious").shape, (std::vector<int>{3, 4}));
  EXPECT_EQ(base.at("theta_spurious").values[1 * 4 + 1], 0.9);
  EXPECT_EQ(base.at("theta_spurious").values[0 * 4 + 1], 0.1);
  EXPECT_EQ(base.at("polarity").values[0], 0.94);
  EXPECT_EQ(base.at("polarity").values[53], 1);
  EXPECT_NEAR(base.at("synonym").values[57], 0.5, 1e-15);
  const auto entangled = world->entangled();
  EXPECT_EQ(std::count(entangled.begin(), entangled.end(), 1), 8);
}

TEST(ConceptWorld, LinksOppositeInsideAPairAndSumToZero) {
  for (int seed = 0; seed < 10; ++seed) {
    const auto world = concept_world("graph: cxr", seed);
    const auto& link = world->base().at("link").values;
    const auto graph = load_graph("cxr");
    for (const auto& [i, j] : graph.entangled_pairs(0.25)) {
      for (int u = 0; u < 3; ++u) EXPECT_EQ(link[u * 12 + i], -link[u * 12 + j]);
    }
    for (int z = 0; z < 12; ++z) {
      double sum = 0, size = 0;
      for (int u = 0; u < 3; ++u) {
        sum += link[u * 12 + z];
        size += std::abs(link[u * 12 + z]);
      }
      EXPECT_EQ(sum, 0);
      EXPECT_EQ(size, 2);
    }
  }
}

TEST(ConceptWorld, SeedVariesNumbersNotEdges) {
  const auto a = concept_world("graph: cxr", 0);
  const auto b = concept_world("graph: cxr", 1);
  EXPECT_EQ(a->base().at("theta").values, b->base().at("theta").values);
  EXPECT_NE(a->base().at("prior").values, b->base().at("prior").values);
  EXPECT_NE(a->base().at("link").values, b->base().at("link").values);
  EXPECT_EQ(a->base().at("prior").values,
            concept_world("graph: cxr", 0)->base().at("prior").values);
  const auto jittered = concept_world("graph: cxr, base_jitter: 0.3", 1);
  EXPECT_NE(jittered->base().at("theta").values, b->base().at("theta").values);
  EXPECT_EQ(jittered->base().at("prior").values, b->base().at("prior").values);
  const auto synthetic = concept_world("graph: synthetic", 0);
  EXPECT_EQ(synthetic->vocabulary().attributes(), 36);
  EXPECT_NE(synthetic->base().at("theta").values,
            concept_world("graph: synthetic", 1)->base().at("theta").values);
}

TEST(ConceptWorld, PriorFollowsConfounding) {
  const auto world = concept_world("graph: toy");
  WorldParams params = world->base();
  const auto environment = test::environment_of(*world, params);
  const std::vector<double> pi = environment->disease_prior_by_site();
  const int Z = world->vocabulary().diseases();
  for (int u = 0; u < 3; ++u) {
    double sum = 0;
    std::vector<double> expected(Z);
    for (int z = 0; z < Z; ++z) {
      sum += expected[z] =
          params.at("prior").values[z] * std::exp(2.5 * params.at("link").values[u * Z + z]);
    }
    for (int z = 0; z < Z; ++z) EXPECT_NEAR(pi[u * Z + z], expected[z] / sum, 1e-14);
  }
  params.at("confounding").values[0] = 0;
  const std::vector<double> cut = test::environment_of(*world, params)->disease_prior_by_site();
  for (int z = 0; z < Z; ++z) EXPECT_NEAR(cut[z], params.at("prior").values[z], 1e-14);
}

TEST(ConceptWorld, DistancesMoveByFactor) {
  for (const char* law : {"generative", "rule"}) {
    const auto world = concept_world(std::string("graph: cxr, diagnosis: ") + law);
    WorldParams moved = world->base();
    for (double& p : moved.at("synonym").values) p = 1 - p;
    for (const MechanismDistance& d : world->distances(world->base(), moved)) {
      if (d.mechanism == "lexical") {
        EXPECT_GT(d.kl, 0.1) << law;
        EXPECT_NEAR(d.total_variation, 0.36, 0.2) << law;
      } else {
        EXPECT_NEAR(d.kl, 0, 1e-12) << law << " " << d.mechanism;
      }
    }
  }
}

TEST(ConceptWorld, AnySplitOfARangeGivesTheSameCases) {
  for (const char* options : {"graph: cxr", "graph: cxr, report_from: image, nuisance_channels: 2",
                              "graph: cxr, diagnosis: rule"}) {
    const auto world = concept_world(options);
    const auto environment = world->environment(world->base());
    const Stream stream(3, Purpose::kData, 0);
    Cases whole, part;
    environment->sample(stream, 5, 0, 40, whole);
    for (int first : {0, 1, 17}) {
      environment->sample(stream, 5, first, 40 - first, part);
      for (int n = 0; n < part.size(); ++n) {
        EXPECT_EQ(part.disease[n], whole.disease[first + n]);
        EXPECT_TRUE(std::ranges::equal(part.image_of(n), whole.image_of(first + n)));
        EXPECT_TRUE(std::ranges::equal(part.report_of(n), whole.report_of(first + n)));
      }
    }
    EXPECT_EQ(whole.channels, world->channels());
  }
}

// Channels of absent attributes hold noise alone: standard normal after scaling, independent of
// their neighbours (both numbers of a Box-Muller pair are used), of the attributes and of the
// report.
TEST(ConceptWorld, NoiseIsWhiteAndReportsAreCapped) {
  const auto world = concept_world("graph: cxr, max_mentions: 7, nuisance_channels: 2");
  const auto environment = world->environment(world->base());
  const auto& noise = world->base().at("noise").values;
  Cases cases;
  const int count = 20000;
  environment->sample(Stream(3, Purpose::kData, 0), 0, 0, count, cases);
  double mean = 0, square = 0, fourth = 0, neighbours = 0;
  int used = 0, pairs = 0, capped = 0;
  for (int n = 0; n < count; ++n) {
    double before = 0;
    bool has_before = false;
    for (int c = 0; c < cases.channels; ++c) {
      const bool shows = c < cases.attributes && cases.attributes_of(n)[c] != 0;
      const double x = cases.image_of(n)[c] / noise[c];
      if (!shows) {
        mean += x;
        square += x * x;
        fourth += x * x * x * x;
        ++used;
        if (has_before) {
          neighbours += x * before;
          ++pairs;
        }
      }
      has_before = !shows;
      before = x;
    }
    EXPECT_LE(count_mentions(cases.report_of(n)), 7);
    capped += count_mentions(cases.report_of(n)) == 7 ? 1 : 0;
  }
  EXPECT_NEAR(mean / used, 0, 5 / std::sqrt(used));
  EXPECT_NEAR(square / used, 1, 5 * std::sqrt(2.0 / used));
  EXPECT_NEAR(fourth / used, 3, 5 * std::sqrt(96.0 / used));
  EXPECT_NEAR(neighbours / pairs, 0, 5 / std::sqrt(pairs));
  EXPECT_GT(capped, count / 2);
}

TEST(ConceptWorld, BadOptionsAreNamed) {
  const auto message = [](const std::string& options) -> std::string {
    try {
      concept_world(options);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(message("graph: cxx"), testing::HasSubstr("unknown concept graph \"cxx\""));
  EXPECT_THAT(message("confoundin: 2"), testing::HasSubstr("did you mean \"confounding\"?"));
  EXPECT_THAT(message("noise: 0"), testing::HasSubstr("world.noise"));
  EXPECT_THAT(message("diagnosis: rules"), testing::HasSubstr("did you mean \"rule\"?"));
  EXPECT_EQ(message("graph: toy, sites: 1, spurious: 0"), "no error");
}

TEST(CaseJson, TellsTheLawAtEveryPosition) {
  for (const char* law : {"generative", "rule"}) {
    const auto world = concept_world(std::string("graph: cxr, diagnosis: ") + law);
    const auto environment = world->environment(world->base());
    Cases cases;
    environment->sample(Stream(3, Purpose::kData, 0), 0, 0, 2, cases);
    const auto told = describe_case(*world, *environment, cases, 1, {.oracle = true, .top = 5});
    const auto& tokens = told.at("tokens");
    EXPECT_EQ(told.at("steps").size(), tokens.size() - 1);
    EXPECT_EQ(tokens.back(), "<eos>");
    EXPECT_EQ(tokens[tokens.size() - 2], told.at("disease"));
    EXPECT_EQ(told.contains("category"), std::string(law) == "rule");
    for (const auto& step : told.at("steps")) {
      double sum = step.at("rest").get<double>();
      EXPECT_LE(step.at("law").size(), 5);
      for (const auto& [name, p] : step.at("law").items()) sum += p.get<double>();
      EXPECT_NEAR(sum, 1, 1e-9);
      EXPECT_EQ(step.at("belief").size(), 12);
    }
    const std::string text = case_text(told);
    EXPECT_THAT(text, testing::HasSubstr("disease " + told.at("disease").get<std::string>()));
    EXPECT_FALSE(
        describe_case(*world, *environment, cases, 0, {.oracle = false}).contains("steps"));
  }
}

}  // namespace
}  // namespace tightrope
