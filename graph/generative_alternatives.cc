// SPDX-License-Identifier: Apache-2.0
#include "graph/generative_alternatives.h"

#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

bool is_present(Slot slot) { return slot == Slot::kSynonym0 || slot == Slot::kSynonym1; }

// The attribute under do(z = j), coupled monotonically with the factual one.
bool coupled(bool factual, double p, double p_new, Draws& draws) {
  if (p_new >= p) return factual || (p < 1 && draws.uniform() < (p_new - p) / (1 - p));
  return factual && draws.uniform() < p_new / p;
}

// The channel's value when attribute k changes and the noise stays.
double moved_channel(const GenerativeLaw& law, int k, bool present, double v, Draws& draws) {
  double positive = law.positive(k);
  if (!present && positive < 1 && positive > 0) {
    // P(r = +1 | v, a = 1): the polarity that the image showed is known only through v.
    const double precision = 1 / (law.noise[k] * law.noise[k]);
    const double off = v - law.shift[k];
    positive =
        sigmoid(std::log(positive) - std::log(1 - positive) + 2 * off * law.signal[k] * precision);
  }
  const double sign = draws.uniform() < positive ? 1 : -1;
  return present ? v + sign * law.signal[k] : v - sign * law.signal[k];
}

void require_disease(int j, int diseases) {
  TR_REQUIRE(j >= 0 && j < diseases, "disease {} of {}", j, diseases);
}

}  // namespace

AlternativeReport edit_report(const GenerativeLaw& law, const ConceptGraph& graph,
                              const Cases& cases, int n, int j, Draws& draws) {
  require_disease(j, law.diseases);
  const int i = cases.disease[n];
  const int u = cases.site[n];
  AlternativeReport out;
  out.report.assign(cases.report_of(n).begin(), cases.report_of(n).end());
  for (int k = 0; k < law.attributes; ++k) {
    const Relation from = graph.relation(i, k);
    const Relation to = graph.relation(j, k);
    if (to == Relation::kAssociation && from != Relation::kAssociation) {
      const bool first = draws.uniform() < law.synonym_at(u, k);
      if (!is_present(out.report[k])) out.report[k] = first ? Slot::kSynonym0 : Slot::kSynonym1;
    } else if ((from == Relation::kAssociation && to != Relation::kAssociation) ||
               (to == Relation::kExclusion && from != Relation::kExclusion)) {
      out.report[k] = Slot::kSilent;
    }
  }
  cap_mentions(out.report, law.max_mentions);
  return out;
}

AlternativeReport structural_report(const GenerativeLaw& law, const GenerativeSampler& sampler,
                                    const Cases& cases, int n, int j, Draws& draws) {
  require_disease(j, law.diseases);
  const int u = cases.site[n];
  const int z = cases.disease[n];
  const std::uint8_t* attribute = cases.attributes_of(n).data();
  const float* image = cases.image_of(n).data();
  const Slot* factual = cases.report_of(n).data();
  AlternativeReport out;
  out.report.resize(law.attributes);
  int seen = 0;  // factual mentions before k: at the cap nothing more was seen
  for (int k = 0; k < law.attributes; ++k) {
    const bool was = attribute[k] != 0;
    const bool is = coupled(was, law.theta_at(u, z, k), law.theta_at(u, j, k), draws);
    const bool hidden = seen >= law.max_mentions;
    seen += factual[k] != Slot::kSilent ? 1 : 0;
    if (is == was && !hidden) {
      out.report[k] = factual[k];
      continue;
    }
    double v = image[k];
    if (is != was && law.report_from == ReportFrom::kImage) {
      v = moved_channel(law, k, is, v, draws);
    }
    out.report[k] = sampler.draw_slot(u, k, is, v, draws);
  }
  cap_mentions(out.report, law.max_mentions);
  return out;
}

std::vector<float> structural_image(const GenerativeLaw& law, const Cases& cases, int n, int j,
                                    Draws& draws) {
  require_disease(j, law.diseases);
  const int u = cases.site[n];
  const int z = cases.disease[n];
  const std::span<const float> image = cases.image_of(n);
  std::vector<float> out(image.begin(), image.end());
  for (int k = 0; k < law.attributes; ++k) {
    const bool was = cases.attributes_of(n)[k] != 0;
    const bool is = coupled(was, law.theta_at(u, z, k), law.theta_at(u, j, k), draws);
    if (is != was) out[k] = static_cast<float>(moved_channel(law, k, is, image[k], draws));
  }
  return out;
}

}  // namespace tightrope
