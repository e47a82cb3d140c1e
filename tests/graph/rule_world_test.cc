// SPDX-License-Identifier: Apache-2.0
#include "graph/rule_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/base/error.h"
#include "graph/rule_distance.h"
#include "graph/rule_environment.h"
#include "graph/rule_shape.h"
#include "graph/rule_tables.h"
#include "tests/graph/rule_support.h"

namespace tightrope {
namespace {

ConceptParams rule_params(const std::string& rule = "xor") {
  ConceptParams params;
  params.diagnosis = "rule";
  params.rule = rule;
  return params;
}

Stream world_stream(int seed) { return Stream(1, Purpose::kWorld, seed); }

TEST(RuleShape, DecidingFindingsAreTheMostInformativeOfEachMember) {
  const ConceptGraph graph = load_graph("cxr");
  const RuleShape shape = make_rule_shape(rule_params(), graph);
  ASSERT_GE(shape.structure.pairs.size(), 2U);
  EXPECT_EQ(shape.categories(), 12 - static_cast<int>(shape.structure.pairs.size()));
  for (int g = 0; g < shape.categories(); ++g) {
    const auto [first, second] = shape.member[g];
    if (second < 0) {
      EXPECT_EQ(shape.deciding[g][0], -1);
      continue;
    }
    const auto [h0, h1] = shape.deciding[g];
    EXPECT_EQ(graph.relation(second, h0), Relation::kAssociation);
    EXPECT_NE(graph.relation(first, h0), Relation::kAssociation);
    EXPECT_EQ(graph.relation(first, h1), Relation::kAssociation);
    EXPECT_NE(graph.relation(second, h1), Relation::kAssociation);
  }
}

TEST(RuleShape, APairWithoutTwoDiscriminatingAttributesIsAnError) {
  const auto yes = Relation::kAssociation;
  const ConceptGraph graph("poor", {{"a", "A"}, {"b", "B"}}, {{"k0", "k0", "x"}, {"k1", "k1", "x"}},
                           {{0, 0, yes, "r"}, {1, 0, yes, "r"}, {1, 1, yes, "r"}});
  EXPECT_THROW(make_rule_shape(rule_params(), graph), InputError);
}

TEST(RuleWorld, UniformPriorWithoutConfoundingIsUniformOverDiseases) {
  const auto world = make_rule_world(rule_params("one"), load_graph("cxr"), world_stream(0));
  WorldParams params = world->base();
  const int Z = world->vocabulary().diseases();
  params.at("prior").values.assign(Z, 1.0 / Z);
  params.at("confounding").values[0] = 0;
  // One finding decides and is reported half the time: then members are even as well.
  params.at("mention_present").values.assign(params.at("mention_present").values.size(), 1.0);
  for (double p : world->environment(params)->disease_prior()) EXPECT_NEAR(p, 1.0 / Z, 1e-3);
}

TEST(RuleWorld, TablesFollowTheSharedNamesAndFactors) {
  const auto world = make_rule_world(rule_params(), load_graph("cxr"), world_stream(0));
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"omega", ""},          {"prior", "prior"},     {"confounding", "confounding"},
      {"link", ""},           {"theta", "mechanism"}, {"theta_spurious", "spurious"},
      {"signal", "visual"},   {"shift", "visual"},    {"noise", "visual"},
      {"polarity", "visual"}, {"synonym", "lexical"}, {"flip", ""}};
  for (const auto& [name, factor] : expected) {
    ASSERT_TRUE(world->base().has(name)) << name;
    EXPECT_EQ(world->base().at(name).factor, factor) << name;
  }
  const std::vector<std::uint8_t> entangled = world->entangled();
  const auto paired = std::count(entangled.begin(), entangled.end(), 1);
  EXPECT_GT(paired, 0);
  EXPECT_EQ(world->vocabulary().categories(), 12 - paired / 2);
}

TEST(RuleWorld, SeedsVaryNumbersAndReplay) {
  const ConceptGraph graph = load_graph("cxr");
  const auto a = make_rule_world(rule_params(), graph, world_stream(1));
  const auto b = make_rule_world(rule_params(), graph, world_stream(1));
  const auto c = make_rule_world(rule_params(), graph, world_stream(2));
  EXPECT_EQ(largest_change(a->base(), b->base(), ""), 0);
  EXPECT_GT(largest_change(a->base(), c->base(), ""), 0);
}

TEST(RuleWorld, AnySplitOfARangeGivesTheSameCases) {
  const auto world = make_rule_world(rule_params(), load_graph("cxr"), world_stream(0));
  const auto environment = world->environment(world->base());
  const Stream stream(1, Purpose::kData, 0);
  Cases all, tail;
  environment->sample(stream, 3, 0, 20, all);
  environment->sample(stream, 3, 15, 5, tail);
  for (int n = 0; n < 5; ++n) {
    EXPECT_EQ(tail.disease[n], all.disease[15 + n]);
    EXPECT_TRUE(std::ranges::equal(tail.image_of(n), all.image_of(15 + n)));
    EXPECT_TRUE(std::ranges::equal(tail.report_of(n), all.report_of(15 + n)));
  }
}

// E[log P*(x) + H(P*)] = 0 when x is drawn from P*: tokens of chains, diagnosis given chain and
// image.
TEST(RuleWorld, SamplerAndOracleAreCalibratedInBothEnvironments) {
  for (const char* report_from : {"latent", "image"}) {
    // Of the three rules, one alone tells h_0 and h_1 apart.
    ConceptParams options = rule_params(std::string(report_from) == "latent" ? "one" : "xor");
    options.report_from = report_from;
    options.max_mentions = 8;  // the cap is met
    const auto world = make_rule_world(options, load_graph("cxr"), world_stream(0));
    WorldParams target = world->base();
    target.at("confounding").values[0] = 0;
    for (double& s : target.at("synonym").values) s = 1 - s;
    for (const WorldParams& params : {world->base(), target}) {
      const auto environment = world->environment(params);
      constexpr int kCases = 4000;
      Cases cases;
      environment->sample(Stream(9, Purpose::kData, 0), 0, 0, kCases, cases);
      double sum[3] = {};
      double square[3] = {};
      OracleTrace trace;
      for (int n = 0; n < kCases; ++n) {
        const Trajectory t = make_trajectory(world->vocabulary(), cases.report_of(n),
                                             cases.category[n], cases.disease[n]);
        environment->oracle(cases.image_of(n), t.tokens, trace);
        const auto surplus = [](std::span<const double> law, int drawn) {
          double entropy = 0;
          for (double p : law) entropy -= p > 0 ? p * std::log(p) : 0;
          return std::log(law[drawn]) + entropy;
        };
        const int V = trace.vocabulary;
        double x[3] = {};
        for (std::size_t j = 0; j + 3 < t.tokens.size(); ++j) {
          x[0] += surplus(std::span(trace.law).subspan(j * V, V), t.tokens[j + 1]);
        }
        x[1] = surplus(std::span(trace.belief).subspan(0, trace.diseases), cases.disease[n]);
        const std::size_t last = t.tokens.size() - 3;
        x[2] = surplus(std::span(trace.belief).subspan(last * trace.diseases, trace.diseases),
                       cases.disease[n]);
        for (int i = 0; i < 3; ++i) {
          sum[i] += x[i];
          square[i] += x[i] * x[i];
        }
      }
      for (int i = 0; i < 3; ++i) {
        const double mean = sum[i] / kCases;
        const double error = std::sqrt((square[i] / kCases - mean * mean) / kCases);
        EXPECT_NEAR(mean, 0, 4.5 * error) << report_from << " quantity " << i;
      }
    }
  }
}

TEST(RuleWorld, DistancesAreZeroForNoChangeAndFollowTheMechanismThatMoved) {
  const auto world = make_rule_world(rule_params(), load_graph("cxr"), world_stream(0));
  for (const MechanismDistance& d : world->distances(world->base(), world->base())) {
    EXPECT_NEAR(d.kl, 0, 1e-12) << d.mechanism;
    EXPECT_NEAR(d.hellinger, 0, 1e-6) << d.mechanism;
  }
  const std::vector<std::pair<std::string, std::string>> moves = {
      {"prior", "prior"},    {"theta", "mechanism"},
      {"flip", "mechanism"}, {"theta_spurious", "spurious"},
      {"noise", "visual"},   {"synonym", "lexical"}};
  for (const auto& [table, mechanism] : moves) {
    WorldParams moved = world->base();
    std::vector<double>& values = moved.at(table).values;
    if (table == "prior") {
      values.assign(values.size(), 1.0 / static_cast<double>(values.size()));
    } else {
      for (double& v : values) v *= 0.9;
    }
    for (const MechanismDistance& d : world->distances(world->base(), moved)) {
      if (d.mechanism == mechanism) {
        EXPECT_GT(d.kl, 1e-5) << table;
        EXPECT_GT(d.hellinger, 0) << table;
      } else {
        EXPECT_NEAR(d.kl, 0, 1e-12) << table << " moved, " << d.mechanism;
      }
    }
  }
}

// KL of whole cases (chain and diagnosis, image integrated out) by enumeration is at most, and
// without a visual or hidden part equal to, the sum over mechanisms: here prior, lexical and flip
// with attributes that are certain.
TEST(RuleWorld, DistancesSumToTheKlOfWholeCases) {
  RuleLaw before = test::tiny_rule_law(Rule::kXor, false, 8, 2);
  for (double& t : before.theta) t = t < 0.5 ? 0 : 1;  // no hidden variable but the site
  before.sites = 1;
  before.omega = {1};
  before.category.resize(2);
  before.theta.resize(10);
  before.synonym.resize(5);
  RuleLaw now = before;
  now.category = {0.35, 0.65};
  now.flip = 0.2;
  for (double& s : now.synonym) s = 0.5 * s + 0.2;
  const auto environment = test::tiny_rule_environment(before);
  Names names;
  names.categories = {"a|b", "c"};
  names.diseases = {"a", "b", "c"};
  names.attributes = {"k0", "k1", "k2", "k3", "k4"};
  const Vocabulary vocabulary(names);
  std::map<std::vector<Token>, std::pair<double, double>> mass;
  for (const auto& [law, which] : {std::pair(&now, 0), std::pair(&before, 1)}) {
    for (const test::Outcome& one : test::enumerate(*law, vocabulary, {})) {
      std::vector<Token> whole = one.chain;
      whole.push_back(vocabulary.disease(one.disease));
      (which == 0 ? mass[whole].first : mass[whole].second) += one.weight;
    }
  }
  double exact = 0;
  for (const auto& [chain, p] : mass) {
    if (p.first > 0) exact += p.first * std::log(p.first / p.second);
  }
  RuleShape shape;
  shape.structure.spurious.assign(5, -1);
  double sum = 0;
  for (const MechanismDistance& d : rule_distances(shape, before, now)) sum += d.kl;
  EXPECT_GT(exact, 0.01);
  EXPECT_NEAR(sum, exact, 1e-10);
}

}  // namespace
}  // namespace tightrope
