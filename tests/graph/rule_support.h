// SPDX-License-Identifier: Apache-2.0
// A tiny rule world in numbers of no symmetry, and its joint law by enumeration, written without
// the oracle's factorisations: every (u, g, a, uncapped slots) is visited.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "core/random/stream.h"
#include "graph/rule_environment.h"

namespace tightrope::test {

inline ConceptGraph tiny_rule_graph() {
  std::vector<GraphDisease> diseases = {{"a", "A"}, {"b", "B"}, {"c", "C"}};
  std::vector<GraphAttribute> attributes;
  for (int k = 0; k < 5; ++k) {
    const std::string name = "k" + std::to_string(k);
    attributes.push_back({name, name, "x"});
  }
  const auto yes = Relation::kAssociation;
  return ConceptGraph("tiny", diseases, attributes,
                      {{0, 0, yes, "r"},
                       {1, 0, yes, "r"},
                       {0, 1, yes, "r"},
                       {1, 3, yes, "r"},
                       {2, 2, yes, "r"},
                       {2, 0, Relation::kExclusion, "r"}});
}

// 2 sites, a pair {0, 1} with deciding findings k3 (h_0) and k1 (h_1), a single {2}, 5 attributes,
// 6 channels, at most `max_mentions` findings.
inline RuleLaw tiny_rule_law(Rule rule, bool from_image, int variant, int max_mentions) {
  RuleLaw law;
  law.sites = 2;
  law.categories = 2;
  law.diseases = 3;
  law.attributes = 5;
  law.channels = 6;
  law.max_mentions = max_mentions;
  law.rule = rule;
  law.report_from_image = from_image;
  law.flip = 0.07;
  law.member = {{0, 1}, {2, -1}};
  law.deciding = {{3, 1}, {-1, -1}};
  law.category_of = {0, 0, 1};
  Draws draws = Stream(11, Purpose::kWorld, variant).at(0);
  const auto between = [&](double low, double high) {
    return low + (high - low) * draws.uniform();
  };
  const double first = between(0.2, 0.8);
  law.omega = {first, 1 - first};
  for (int u = 0; u < 2; ++u) {
    const double p = between(0.2, 0.8);
    law.category.insert(law.category.end(), {p, 1 - p});
  }
  for (int i = 0; i < 2 * 2 * 5; ++i) law.theta.push_back(between(0.05, 0.95));
  for (int c = 0; c < 6; ++c) {
    law.signal.push_back(between(0.6, 1.3));
    law.shift.push_back(between(-0.3, 0.3));
    law.noise.push_back(between(0.3, 0.9));
    law.polarity.push_back(c == 2 ? 1.0 : between(0.5, 0.95));
  }
  for (int k = 0; k < 5; ++k) {
    law.mention_present.push_back(between(0.6, 0.95));
    law.mention_absent.push_back(between(0.05, 0.4));
  }
  for (int i = 0; i < 2 * 5; ++i) law.synonym.push_back(between(0.1, 0.9));
  return law;
}

inline std::shared_ptr<const RuleEnvironment> tiny_rule_environment(const RuleLaw& law) {
  Names names;
  names.categories = {"a|b", "c"};
  names.diseases = {"a", "b", "c"};
  for (int k = 0; k < 5; ++k) names.attributes.push_back("k" + std::to_string(k));
  auto basis = std::make_shared<RuleBasis>(RuleBasis{tiny_rule_graph(), Vocabulary(names)});
  return std::make_shared<RuleEnvironment>(basis, law);
}

// One way the world may go given the image: written chain up to </think>, diagnosis, site, weight.
struct Outcome {
  std::vector<Token> chain;
  std::vector<Slot> report;
  int category = 0;
  int disease = 0;
  int site = 0;
  double weight = 0;
};

inline double normal_density(double v, double mean, double deviation) {
  const double x = (v - mean) / deviation;
  return std::exp(-x * x / 2) / (deviation * std::sqrt(2 * 3.14159265358979323846));
}

inline double channel_density(const RuleLaw& law, int k, int a, double v) {
  if (a == 0) return normal_density(v, law.shift[k], law.noise[k]);
  return law.polarity[k] * normal_density(v, law.shift[k] + law.signal[k], law.noise[k]) +
         (1 - law.polarity[k]) * normal_density(v, law.shift[k] - law.signal[k], law.noise[k]);
}

// P(slot | a, v, u) written out.
inline double slot_probability(const RuleLaw& law, int u, int k, int a, double v, int slot) {
  double x = a;
  if (law.report_from_image) {
    const double one = channel_density(law, k, 1, v);
    x = one / (one + channel_density(law, k, 0, v));
  }
  const double s = law.synonym[u * law.attributes + k];
  if (slot == 1) return x * law.mention_present[k] * s;
  if (slot == 2) return x * law.mention_present[k] * (1 - s);
  if (slot == 3) return (1 - x) * law.mention_absent[k];
  return x * (1 - law.mention_present[k]) + (1 - x) * (1 - law.mention_absent[k]);
}

// Every outcome with its unnormalised weight given the image (an empty image: the prior).
inline std::vector<Outcome> enumerate(const RuleLaw& law, const Vocabulary& vocabulary,
                                      const std::vector<float>& image) {
  const int K = law.attributes;
  std::vector<Outcome> out;
  for (int u = 0; u < law.sites; ++u) {
    for (int g = 0; g < law.categories; ++g) {
      for (int code = 0; code < (1 << (2 * K)); ++code) {
        double weight = 0;
        for (int a = 0; a < (1 << K); ++a) {
          double term = law.omega[u] * law.category[u * law.categories + g];
          for (int k = 0; k < K; ++k) {
            const int has = (a >> k) & 1;
            const double theta = law.theta[(u * law.categories + g) * K + k];
            const double v = image.empty() ? 0 : image[k];
            term *= has ? theta : 1 - theta;
            if (!image.empty()) term *= channel_density(law, k, has, v);
            term *= slot_probability(law, u, k, has, v, (code >> (2 * k)) & 3);
          }
          weight += term;
        }
        std::vector<Slot> report(K);
        int written = 0;
        for (int k = 0; k < K; ++k) {
          const Slot slot = static_cast<Slot>((code >> (2 * k)) & 3);
          if (slot != Slot::kSilent && written < law.max_mentions) {
            report[k] = slot;
            ++written;
          }
        }
        Outcome one{{Vocabulary::think(), vocabulary.category(g)}, report, g, 0, u, 0};
        for (int k = 0; k < K; ++k) {
          if (report[k] != Slot::kSilent) one.chain.push_back(vocabulary.finding(k, report[k]));
        }
        one.chain.push_back(vocabulary.end_think());
        const auto said = [&](int k) {
          return k >= 0 && (report[k] == Slot::kSynonym0 || report[k] == Slot::kSynonym1);
        };
        const bool h0 = said(law.deciding[g][0]);
        const bool h1 = said(law.deciding[g][1]);
        const bool holds = law.rule == Rule::kOne   ? h0
                           : law.rule == Rule::kAnd ? h0 && h1
                                                    : h0 != h1;
        for (int member = 0; member < (g == 0 ? 2 : 1); ++member) {
          one.disease = law.member[g][member];
          const double p = g == 1 ? 1 : (holds == (member == 1) ? 1 - law.flip : law.flip);
          one.weight = weight * p;
          out.push_back(one);
        }
      }
    }
  }
  return out;
}

}  // namespace tightrope::test
