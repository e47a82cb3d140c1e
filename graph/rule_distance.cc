// SPDX-License-Identifier: Apache-2.0
#include "graph/rule_distance.h"

#include "graph/generative_distance.h"
#include "graph/generative_law.h"

namespace tightrope {
namespace {

// The law of (u, g, attributes, image, report). The recording of z is appended as attribute K: true
// with probability flip in a pair, never in a single, shown by the same channel and never reported.
GenerativeLaw with_recording(const RuleLaw& law) {
  GenerativeLaw out;
  out.sites = law.sites;
  out.diseases = law.categories;
  out.attributes = law.attributes + 1;
  out.channels = law.channels + 1;
  out.max_mentions = law.max_mentions;
  out.image_code = ImageCode::kPolarity;
  out.report_from = law.report_from_image ? ReportFrom::kImage : ReportFrom::kLatent;
  out.omega = law.omega;
  out.pi = law.category;
  for (int u = 0; u < law.sites; ++u) {
    for (int g = 0; g < law.categories; ++g) {
      for (int k = 0; k < law.attributes; ++k) out.theta.push_back(law.theta_of(u, g, k));
      out.theta.push_back(law.is_pair(g) ? law.flip : 0);
    }
    for (int k = 0; k < law.attributes; ++k) out.synonym.push_back(law.synonym_of(u, k));
    out.synonym.push_back(1);
  }
  const auto extended = [&](std::vector<double> values, double value) {
    values.insert(values.begin() + law.attributes, value);
    return values;
  };
  out.signal = extended(law.signal, 1);
  out.shift = extended(law.shift, 0);
  out.noise = extended(law.noise, 1);
  out.polarity = extended(law.polarity, 1);
  out.mention_present = extended(law.mention_present, 0);
  out.mention_absent = extended(law.mention_absent, 0);
  out.check_shapes();
  return out;
}

}  // namespace

std::vector<MechanismDistance> rule_distances(const RuleShape& shape, const RuleLaw& old_law,
                                              const RuleLaw& new_law) {
  std::vector<int> spurious = shape.structure.spurious;
  spurious.push_back(-1);
  return generative_distances(with_recording(old_law), with_recording(new_law), spurious);
}

}  // namespace tightrope
