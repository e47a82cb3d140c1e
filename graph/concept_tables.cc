// SPDX-License-Identifier: Apache-2.0
#include "graph/concept_tables.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/check.h"
#include "core/base/math.h"
#include "graph/synthetic_graph.h"

namespace tightrope {
namespace {

// Separate draws, so that a new option never moves the numbers of another.
enum Draw : std::uint32_t { kGraph = 0, kRanks = 1, kLinks = 2, kJitter = 3 };

std::vector<double> long_tail(int diseases, double tail, Draws draws) {
  std::vector<int> rank(diseases);
  std::iota(rank.begin(), rank.end(), 0);
  for (int i = diseases - 1; i > 0; --i) std::swap(rank[i], rank[draws.below(i + 1)]);
  std::vector<double> prior(diseases);
  double sum = 0;
  for (int z = 0; z < diseases; ++z) sum += prior[z] = std::pow(tail, rank[z]);
  for (double& p : prior) p /= sum;
  return prior;
}

// c[u, z]: +1 at one site, -1 at the next, opposite inside an entangled pair. One site: no link.
std::vector<double> site_links(const ConceptStructure& s, Draws draws) {
  const int sites = static_cast<int>(s.params.sites);
  const int diseases = s.graph->diseases();
  std::vector<double> link(static_cast<std::size_t>(sites) * diseases, 0.0);
  std::vector<int> partner(diseases, -1);
  for (const auto& [i, j] : s.pairs) partner[std::max(i, j)] = std::min(i, j);
  std::vector<int> favoured(diseases, 0);
  for (int z = 0; z < diseases; ++z) {
    const bool follows = partner[z] >= 0;
    favoured[z] = follows ? favoured[partner[z]] : static_cast<int>(draws.below(sites));
    if (sites == 1) continue;
    const double sign = follows ? -1 : 1;
    link[static_cast<std::size_t>(favoured[z]) * diseases + z] = sign;
    link[static_cast<std::size_t>((favoured[z] + 1) % sites) * diseases + z] = -sign;
  }
  return link;
}

std::vector<double> mechanism(const ConceptStructure& s, Draws draws) {
  const ConceptParams& p = s.params;
  const int attributes = s.graph->attributes();
  std::vector<double> base(attributes, p.base);
  for (double& b : base) {
    if (p.base_jitter > 0 && b > 0 && b < 1) {
      b = sigmoid(std::log(b / (1 - b)) + p.base_jitter * draws.normal());
    }
  }
  std::vector<double> theta;
  for (int z = 0; z < s.graph->diseases(); ++z) {
    for (int k = 0; k < attributes; ++k) {
      const Relation relation = s.graph->relation(z, k);
      theta.push_back(relation == Relation::kAssociation ? p.association
                      : relation == Relation::kExclusion ? p.exclusion
                                                         : base[k]);
    }
  }
  return theta;
}

std::vector<double> markers(const ConceptStructure& s) {
  std::vector<double> theta;
  for (int u = 0; u < s.params.sites; ++u) {
    for (int r = 0; r < s.spurious_count(); ++r) {
      theta.push_back(r % s.params.sites == u ? s.params.spurious_high : s.params.spurious_low);
    }
  }
  return theta;
}

std::vector<double> styles(const ConceptStructure& s) {
  const int sites = static_cast<int>(s.params.sites);
  std::vector<double> synonym;
  for (int u = 0; u < sites; ++u) {
    const double along = sites == 1 ? 0 : static_cast<double>(u) / (sites - 1);
    synonym.insert(synonym.end(), s.graph->attributes(),
                   s.params.style * (1 - along) + (1 - s.params.style) * along);
  }
  return synonym;
}

// One number per channel by what the channel shows.
std::vector<double> by_channel(const ConceptStructure& s, double clinical, double discriminating,
                               double spurious, double nuisance) {
  std::vector<double> out(s.channels, nuisance);
  for (int k = 0; k < s.graph->attributes(); ++k) {
    out[k] = s.spurious[k] >= 0 ? spurious : s.discriminating[k] ? discriminating : clinical;
  }
  return out;
}

void add_visual(const ConceptStructure& s, WorldParams& out) {
  const ConceptParams& p = s.params;
  const auto channel = [&](const char* name, Constraint constraint, std::vector<double> values,
                           const char* help) {
    out.add({name, "visual", constraint, {"channel"}, {s.channels}, std::move(values), "1", help});
  };
  channel("signal", Constraint::kReal, by_channel(s, p.signal, p.signal, p.signal, 0),
          "shift of a channel by its present attribute");
  channel("shift", Constraint::kReal, std::vector<double>(s.channels, 0.0), "offset of a channel");
  channel("noise", Constraint::kPositive,
          by_channel(s, p.noise, p.noise_discriminating, p.noise_spurious, p.noise),
          "standard deviation of a channel's noise");
  channel("polarity", Constraint::kProbability, by_channel(s, p.polarity, p.polarity, 1, 1),
          "P(+signal | present), read with image_code polarity");
}

void add_report(const ConceptStructure& s, WorldParams& out) {
  const ConceptParams& p = s.params;
  const int attributes = s.graph->attributes();
  std::vector<double> absent(attributes, p.mention_absent);
  for (int k = 0; k < attributes; ++k) {
    if (s.discriminating[k]) absent[k] = p.mention_absent_discriminating;
  }
  out.add({"mention_present",
           "",
           Constraint::kProbability,
           {"attribute"},
           {attributes},
           std::vector<double>(attributes, p.mention),
           "1",
           "P(reported | present)"});
  out.add({"mention_absent",
           "",
           Constraint::kProbability,
           {"attribute"},
           {attributes},
           std::move(absent),
           "1",
           "P(\"no k\" reported | absent)"});
  out.add({"synonym",
           "lexical",
           Constraint::kProbability,
           {"site", "attribute"},
           {static_cast<int>(p.sites), attributes},
           styles(s),
           "1",
           "P(synonym 0 | reported)"});
}

}  // namespace

int ConceptStructure::spurious_count() const {
  return static_cast<int>(
      std::count_if(spurious.begin(), spurious.end(), [](int r) { return r >= 0; }));
}

ConceptGraph named_graph(const ConceptParams& params, const Stream& stream) {
  if (params.graph == "synthetic") {
    return synthetic_graph(static_cast<int>(params.spurious), stream.at(kGraph));
  }
  return load_graph(params.graph);
}

ConceptGraph with_spurious(const ConceptGraph& graph, const ConceptParams& params) {
  std::vector<GraphDisease> diseases;
  std::vector<GraphAttribute> attributes;
  for (int z = 0; z < graph.diseases(); ++z) diseases.push_back(graph.disease(z));
  bool has_spurious = false;
  for (int k = 0; k < graph.attributes(); ++k) {
    attributes.push_back(graph.attribute(k));
    has_spurious = has_spurious || graph.attribute(k).category == kSpuriousCategory;
  }
  if (has_spurious) return graph;
  for (int r = 0; r < params.spurious; ++r) {
    attributes.push_back(
        {fmt::format("site_marker_{}", r), fmt::format("Site marker {}", r), kSpuriousCategory});
  }
  return ConceptGraph(graph.name(), std::move(diseases), std::move(attributes), graph.edges());
}

ConceptStructure concept_structure(const ConceptParams& params, const ConceptGraph& graph) {
  ConceptStructure s;
  s.params = params;
  s.graph = std::make_shared<const ConceptGraph>(with_spurious(graph, params));
  Names names;
  for (int z = 0; z < s.graph->diseases(); ++z) names.diseases.push_back(s.graph->disease(z).name);
  int count = 0;
  for (int k = 0; k < s.graph->attributes(); ++k) {
    const GraphAttribute& attribute = s.graph->attribute(k);
    names.attributes.push_back(attribute.name);
    s.spurious.push_back(attribute.category == kSpuriousCategory ? count++ : -1);
  }
  s.vocabulary = std::make_shared<const Vocabulary>(std::move(names));
  s.pairs = s.graph->entangled_pairs(params.entangled_threshold);
  s.discriminating.assign(s.graph->attributes(), 0);
  for (const auto& [i, j] : s.pairs) {
    for (int k : s.graph->discriminating(i, j)) s.discriminating[k] = 1;
  }
  s.channels = s.graph->attributes() + static_cast<int>(params.nuisance_channels);
  return s;
}

WorldParams concept_tables(const ConceptStructure& s, const Stream& stream) {
  const ConceptParams& p = s.params;
  const int sites = static_cast<int>(p.sites);
  const int diseases = s.graph->diseases();
  WorldParams out;
  out.add({"omega",
           "",
           Constraint::kSimplex,
           {"site"},
           {sites},
           std::vector<double>(sites, 1.0 / sites),
           "1",
           "P(u)"});
  out.add({"prior",
           "prior",
           Constraint::kSimplex,
           {"disease"},
           {diseases},
           long_tail(diseases, p.tail, stream.at(kRanks)),
           "1",
           "pi0[z]: P(z | u) ~ prior[z] exp(confounding link[u, z])"});
  out.add({"confounding",
           "confounding",
           Constraint::kNonNegative,
           {},
           {},
           {p.confounding},
           "nat",
           "strength of the link of site and disease"});
  out.add({"link",
           "",
           Constraint::kReal,
           {"site", "disease"},
           {sites, diseases},
           site_links(s, stream.at(kLinks)),
           "1",
           "which site favours which disease"});
  out.add({"theta",
           "mechanism",
           Constraint::kProbability,
           {"disease", "attribute"},
           {diseases, s.graph->attributes()},
           mechanism(s, stream.at(kJitter)),
           "1",
           "P(a_k = 1 | z); rows of spurious attributes are not used"});
  out.add({"theta_spurious",
           "spurious",
           Constraint::kProbability,
           {"site", "attribute_spurious"},
           {sites, s.spurious_count()},
           markers(s),
           "1",
           "P(a_k = 1 | u) of spurious attributes"});
  add_visual(s, out);
  add_report(s, out);
  std::vector<double> reward(static_cast<std::size_t>(diseases) * diseases, 0.0);
  for (int z = 0; z < diseases; ++z) reward[static_cast<std::size_t>(z) * (diseases + 1)] = 1;
  out.add({"reward",
           "reward",
           Constraint::kReal,
           {"disease", "written"},
           {diseases, diseases},
           std::move(reward),
           "1",
           "what the world pays for a written diagnosis, by the true one"});
  return out;
}

}  // namespace tightrope
