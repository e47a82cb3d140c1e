// SPDX-License-Identifier: Apache-2.0
#include "graph/rule_tables.h"

#include <cmath>

#include "core/base/math.h"

namespace tightrope {
namespace {

constexpr std::uint64_t kCategoryLinks = 1;  // child of the world's stream

// Each category is favoured by one site (+1) and disfavoured by the next (-1). One site: no link.
std::vector<double> category_links(int sites, int categories, Draws draws) {
  std::vector<double> link(static_cast<std::size_t>(sites) * categories, 0.0);
  for (int g = 0; g < categories && sites > 1; ++g) {
    const int favoured = static_cast<int>(draws.below(static_cast<std::uint32_t>(sites)));
    link[static_cast<std::size_t>(favoured) * categories + g] = 1;
    link[static_cast<std::size_t>((favoured + 1) % sites) * categories + g] = -1;
  }
  return link;
}

// The members' mean, save the deciding findings of the category itself.
std::vector<double> category_theta(const RuleShape& shape, const Table& of_disease) {
  const int K = of_disease.shape[1];
  std::vector<double> theta;
  for (int g = 0; g < shape.categories(); ++g) {
    const auto [first, second] = shape.member[g];
    for (int k = 0; k < K; ++k) {
      const double own = of_disease.values[static_cast<std::size_t>(first) * K + k];
      const double mean =
          second < 0 ? own
                     : (own + of_disease.values[static_cast<std::size_t>(second) * K + k]) / 2;
      const bool decides = k == shape.deciding[g][0] || k == shape.deciding[g][1];
      theta.push_back(decides ? shape.structure.params.deciding : mean);
    }
  }
  return theta;
}

void compile_categories(RuleLaw& law, const WorldParams& tables) {
  const std::vector<double>& prior = tables.at("prior").values;
  const std::vector<double>& link = tables.at("link").values;
  const double kappa = tables.at("confounding").values[0];
  const int G = law.categories;
  std::vector<double> weight(G);
  for (int u = 0; u < law.sites; ++u) {
    for (int g = 0; g < G; ++g) {
      const auto [first, second] = law.member[g];
      const double mass = prior[first] + (second < 0 ? 0 : prior[second]);
      weight[g] = std::log(mass) + kappa * link[static_cast<std::size_t>(u) * G + g];
    }
    const double total = log_sum_exp(weight);
    for (double w : weight) law.category.push_back(std::exp(w - total));
  }
}

void compile_theta(RuleLaw& law, const RuleShape& shape, const WorldParams& tables) {
  const std::vector<double>& theta = tables.at("theta").values;
  const Table& spurious = tables.at("theta_spurious");
  for (int u = 0; u < law.sites; ++u) {
    for (int g = 0; g < law.categories; ++g) {
      for (int k = 0; k < law.attributes; ++k) {
        const int r = shape.structure.spurious[k];
        law.theta.push_back(
            r >= 0 ? spurious.values[u * static_cast<std::size_t>(spurious.shape[1]) + r]
                   : theta[g * static_cast<std::size_t>(law.attributes) + k]);
      }
    }
  }
}

}  // namespace

WorldParams make_rule_tables(const RuleShape& shape, const Stream& stream) {
  const int U = static_cast<int>(shape.structure.params.sites);
  const int G = shape.categories();
  WorldParams out;
  const WorldParams generative = concept_tables(shape.structure, stream);
  for (const Table& table : generative.tables()) {
    if (table.name == "link") {
      out.add({"link",
               "",
               Constraint::kReal,
               {"site", "category"},
               {U, G},
               category_links(U, G, stream.child(kCategoryLinks).at(0)),
               "1",
               "which site favours which category"});
    } else if (table.name == "theta") {
      out.add({"theta",
               "mechanism",
               Constraint::kProbability,
               {"category", "attribute"},
               {G, table.shape[1]},
               category_theta(shape, table),
               "1",
               "P(a_k = 1 | g); columns of spurious attributes are not used"});
      out.add({"flip",
               "",
               Constraint::kProbability,
               {},
               {},
               {shape.structure.params.flip},
               "1",
               "probability that the other member of a pair is recorded"});
    } else {
      out.add(table);
    }
  }
  return out;
}

RuleLaw compile_rule_law(const RuleShape& shape, const WorldParams& tables) {
  tables.validate();
  const ConceptParams& params = shape.structure.params;
  RuleLaw law;
  law.sites = static_cast<int>(params.sites);
  law.categories = shape.categories();
  law.diseases = shape.structure.graph->diseases();
  law.attributes = shape.structure.graph->attributes();
  law.channels = shape.structure.channels;
  law.max_mentions = static_cast<int>(params.max_mentions);
  law.rule = params.rule == "one" ? Rule::kOne : params.rule == "and" ? Rule::kAnd : Rule::kXor;
  law.report_from_image = params.report_from == "image";
  law.flip = tables.at("flip").values[0];
  law.member = shape.member;
  law.deciding = shape.deciding;
  law.category_of = shape.category_of;
  law.omega = tables.at("omega").values;
  compile_categories(law, tables);
  compile_theta(law, shape, tables);
  law.signal = tables.at("signal").values;
  law.shift = tables.at("shift").values;
  law.noise = tables.at("noise").values;
  law.polarity = tables.at("polarity").values;
  if (params.image_code == "linear") law.polarity.assign(law.channels, 1.0);
  law.mention_present = tables.at("mention_present").values;
  law.mention_absent = tables.at("mention_absent").values;
  law.synonym = tables.at("synonym").values;
  return law;
}

}  // namespace tightrope
