// SPDX-License-Identifier: Apache-2.0
// Queries of the concept graph on the paper's excerpt, and properties of the counterfactual plan.
#include "graph/concept_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "core/base/error.h"
#include "graph/concept_params.h"
#include "graph/synthetic_graph.h"

namespace tightrope {
namespace {

using testing::ElementsAre;

constexpr auto kYes = Relation::kAssociation;
constexpr auto kNo = Relation::kExclusion;

ConceptGraph three() {
  return ConceptGraph("three", {{"a", "A"}, {"b", "B"}, {"c", "C"}},
                      {{"k0", "", "x"}, {"k1", "", "x"}, {"k2", "", "x"}, {"k3", "", "x"}},
                      {{0, 0, kYes, ""},
                       {0, 1, kYes, ""},
                       {1, 0, kYes, ""},
                       {1, 2, kYes, ""},
                       {1, 3, kNo, ""},
                       {2, 3, kYes, ""},
                       {2, 0, kNo, ""}});
}

TEST(ConceptGraph, Queries) {
  const ConceptGraph g = three();
  EXPECT_THAT(g.associations(0), ElementsAre(0, 1));
  EXPECT_THAT(g.exclusions(2), ElementsAre(0));
  EXPECT_THAT(g.shared(0, 1), ElementsAre(0));
  EXPECT_THAT(g.discriminating(0, 1), ElementsAre(1, 2));
  EXPECT_DOUBLE_EQ(g.entanglement(0, 1), 1.0 / 3);
  EXPECT_DOUBLE_EQ(g.entanglement(0, 2), 0);
  EXPECT_DOUBLE_EQ(g.entanglement(1, 1), 1);
  EXPECT_THAT(g.nearest(0, 2), ElementsAre(1, 2));
  EXPECT_THAT(g.nearest(2, 2), ElementsAre(0, 1));  // a tie, by index
  EXPECT_THAT(g.entangled_pairs(0.3), ElementsAre(std::pair{0, 1}));
  EXPECT_TRUE(g.entangled_pairs(0.4).empty());
  const CounterfactualPlan plan = g.plan(0, 2);
  EXPECT_THAT(plan.remove, ElementsAre(0, 1));
  EXPECT_THAT(plan.add, ElementsAre(3));
  EXPECT_THAT(plan.keep, ElementsAre(2));
  EXPECT_THROW(g.nearest(0, 3), InputError);
}

std::string message(std::vector<GraphDisease> diseases, std::vector<GraphEdge> edges) {
  try {
    ConceptGraph("g", std::move(diseases), {{"k", "K", "x"}, {"l", "L", "x"}}, std::move(edges));
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ConceptGraph, RefusesWhatContradictsItself) {
  EXPECT_EQ(message({{"a", ""}}, {{0, 0, kYes, ""}, {0, 0, kNo, ""}}),
            "concept graph g: k is both associated with and excluded by a");
  EXPECT_EQ(message({{"a", ""}}, {{0, 1, kNo, ""}}),
            "concept graph g: disease a has no association");
  EXPECT_EQ(message({{"a", ""}, {"a", ""}}, {{0, 0, kYes, ""}, {1, 0, kYes, ""}}),
            "concept graph g: disease a appears twice");
  EXPECT_EQ(message({{"a", ""}}, {{0, 0, kYes, ""}, {0, 0, kYes, ""}}),
            "concept graph g: edge (a, k) appears twice");
  EXPECT_EQ(message({{"a", ""}}, {{0, 2, kYes, ""}}),
            "concept graph g: edge (0, 2) is outside 1 diseases x 2 attributes");
  EXPECT_EQ(message({{"a", ""}}, {{0, 0, kYes, ""}}), "no error");
}

TEST(ConceptGraph, ShippedGraphsHoldThePapersExcerpt) {
  const ConceptGraph toy = load_graph("toy");
  const ConceptGraph cxr = load_graph("cxr");
  EXPECT_EQ(cxr.diseases(), 12);
  EXPECT_EQ(cxr.attributes(), 53);
  const auto disease = [&](const std::string& name) {
    for (int z = 0; z < cxr.diseases(); ++z) {
      if (cxr.disease(z).name == name) return z;
    }
    return -1;
  };
  const auto attribute = [&](const std::string& name) {
    for (int k = 0; k < cxr.attributes(); ++k) {
      if (cxr.attribute(k).name == name) return k;
    }
    return -1;
  };
  for (int z = 0; z < toy.diseases(); ++z) {
    for (int k = 0; k < toy.attributes(); ++k) {
      const int big_z = disease(toy.disease(z).name);
      const int big_k = attribute(toy.attribute(k).name);
      ASSERT_GE(big_z, 0) << toy.disease(z).name;
      ASSERT_GE(big_k, 0) << toy.attribute(k).name;
      EXPECT_EQ(toy.relation(z, k), cxr.relation(big_z, big_k))
          << toy.disease(z).name << ", " << toy.attribute(k).name;
    }
  }
  for (const GraphEdge& edge : cxr.edges()) EXPECT_FALSE(edge.reason.empty());
  EXPECT_EQ(cxr.entangled_pairs(0.25).size(), 4);
}

// Any graph: each disease has at least one association.
ConceptGraph arbitrary_graph() {
  const int diseases = *rc::gen::inRange(2, 7);
  const int attributes = *rc::gen::inRange(1, 12);
  std::vector<GraphDisease> d;
  std::vector<GraphAttribute> a;
  std::vector<GraphEdge> edges;
  for (int k = 0; k < attributes; ++k) a.push_back({"k" + std::to_string(k), "", "x"});
  for (int z = 0; z < diseases; ++z) {
    d.push_back({"z" + std::to_string(z), ""});
    const int sure = *rc::gen::inRange(0, attributes);
    for (int k = 0; k < attributes; ++k) {
      const int code = k == sure ? 1 : *rc::gen::inRange(0, 3);
      if (code > 0) edges.push_back({z, k, static_cast<Relation>(code), ""});
    }
  }
  return ConceptGraph("any", std::move(d), std::move(a), std::move(edges));
}

TEST(ConceptGraphProperty, PlanSplitsAllAttributesAndReachesTheOtherDisease) {
  EXPECT_TRUE(rc::check([] {
    const ConceptGraph g = arbitrary_graph();
    const int i = *rc::gen::inRange(0, g.diseases());
    const int j = *rc::gen::inRange(0, g.diseases());
    const CounterfactualPlan plan = g.plan(i, j);
    std::vector<int> all;
    for (const auto* part : {&plan.remove, &plan.add, &plan.keep}) {
      RC_ASSERT(std::is_sorted(part->begin(), part->end()));
      all.insert(all.end(), part->begin(), part->end());
    }
    std::sort(all.begin(), all.end());
    RC_ASSERT(static_cast<int>(all.size()) == g.attributes());
    for (int k = 0; k < g.attributes(); ++k) RC_ASSERT(all[k] == k);
    if (i == j) RC_ASSERT(plan.remove.empty() && plan.add.empty());
    // A report of exactly i's associations becomes exactly j's.
    std::vector<int> report;
    for (int k : plan.add) report.push_back(k);
    for (int k : plan.keep) {
      if (g.relation(i, k) == kYes) report.push_back(k);
    }
    std::sort(report.begin(), report.end());
    RC_ASSERT(report == g.associations(j));
  }));
}

TEST(ConceptGraphProperty, EntanglementIsSymmetricAndPairsAreDisjoint) {
  EXPECT_TRUE(rc::check([] {
    const ConceptGraph g = arbitrary_graph();
    std::vector<int> used(g.diseases(), 0);
    for (const auto& [i, j] : g.entangled_pairs(0.2)) {
      RC_ASSERT(g.entanglement(i, j) == g.entanglement(j, i));
      RC_ASSERT(g.entanglement(i, j) >= 0.2);
      RC_ASSERT(++used[i] == 1 && ++used[j] == 1);
    }
  }));
}

TEST(SyntheticGraph, HasThePrototypesStructureForEverySeed) {
  for (int seed = 0; seed < 20; ++seed) {
    const ConceptGraph g = synthetic_graph(4, Stream(0, Purpose::kWorld, seed).at(0));
    EXPECT_EQ(g.diseases(), 12);
    EXPECT_EQ(g.attributes(), 36);
    int spurious = 0;
    for (int k = 0; k < 36; ++k) {
      if (g.attribute(k).category != kSpuriousCategory) continue;
      ++spurious;
      for (int z = 0; z < 12; ++z) EXPECT_EQ(g.relation(z, k), Relation::kIrrelevance);
    }
    EXPECT_EQ(spurious, 4);
    EXPECT_EQ(g.entangled_pairs(0.25).size(), 4);
    for (int z = 0; z < 12; ++z) {
      EXPECT_EQ(g.associations(z).size(), z < 8 ? 5 : 4);
      EXPECT_EQ(g.exclusions(z).size(), 3);
    }
    for (int p = 0; p < 4; ++p) {
      EXPECT_EQ(g.shared(2 * p, 2 * p + 1).size(), 3);
      EXPECT_EQ(g.discriminating(2 * p, 2 * p + 1).size(), 4);
    }
  }
}

}  // namespace
}  // namespace tightrope
