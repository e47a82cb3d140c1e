// SPDX-License-Identifier: Apache-2.0
// Tables of a concept world compiled to the plain arrays of the generative law.
#include <algorithm>
#include <cmath>

#include "graph/concept_tables.h"

namespace tightrope {
namespace {

std::vector<double> disease_by_site(const std::vector<double>& prior, double confounding,
                                    const std::vector<double>& link, int sites) {
  const int diseases = static_cast<int>(prior.size());
  std::vector<double> pi(link.size());
  for (int u = 0; u < sites; ++u) {
    const double* c = &link[static_cast<std::size_t>(u) * diseases];
    double* row = &pi[static_cast<std::size_t>(u) * diseases];
    const double top = confounding * *std::max_element(c, c + diseases);
    double sum = 0;
    for (int z = 0; z < diseases; ++z) {
      row[z] = prior[z] * std::exp(confounding * c[z] - top);
      sum += row[z];
    }
    for (int z = 0; z < diseases; ++z) row[z] /= sum;
  }
  return pi;
}

}  // namespace

GenerativeLaw generative_law(const ConceptStructure& s, const WorldParams& tables) {
  tables.validate();
  GenerativeLaw law;
  law.sites = static_cast<int>(s.params.sites);
  law.diseases = s.graph->diseases();
  law.attributes = s.graph->attributes();
  law.channels = s.channels;
  law.max_mentions = static_cast<int>(s.params.max_mentions);
  law.image_code = s.params.image_code == "polarity" ? ImageCode::kPolarity : ImageCode::kLinear;
  law.report_from = s.params.report_from == "image" ? ReportFrom::kImage : ReportFrom::kLatent;
  law.omega = tables.at("omega").values;
  law.pi = disease_by_site(tables.at("prior").values, tables.at("confounding").values[0],
                           tables.at("link").values, law.sites);
  const std::vector<double>& theta = tables.at("theta").values;
  const std::vector<double>& theta_spurious = tables.at("theta_spurious").values;
  const int spurious = s.spurious_count();
  for (int u = 0; u < law.sites; ++u) {
    for (int z = 0; z < law.diseases; ++z) {
      for (int k = 0; k < law.attributes; ++k) {
        const int r = s.spurious[k];
        law.theta.push_back(r >= 0 ? theta_spurious[static_cast<std::size_t>(u) * spurious + r]
                                   : theta[static_cast<std::size_t>(z) * law.attributes + k]);
      }
    }
  }
  law.signal = tables.at("signal").values;
  law.shift = tables.at("shift").values;
  law.noise = tables.at("noise").values;
  law.polarity = tables.at("polarity").values;
  law.mention_present = tables.at("mention_present").values;
  law.mention_absent = tables.at("mention_absent").values;
  law.synonym = tables.at("synonym").values;
  law.check_shapes();
  return law;
}

}  // namespace tightrope
