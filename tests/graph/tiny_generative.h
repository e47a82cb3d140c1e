// SPDX-License-Identifier: Apache-2.0
// A tiny generative world in numbers of no symmetry, and its joint law by brute force: every
// (u, z, a, uncapped slots) is visited; none of the oracle's factorisations is used.
#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include "core/api/cases.h"
#include "core/base/math.h"
#include "core/random/stream.h"
#include "graph/concept_graph.h"
#include "graph/generative_law.h"

namespace tightrope::test {

inline GenerativeLaw tiny_law(ImageCode code, ReportFrom from, int max_mentions, int variant) {
  Draws draws = Stream(5, Purpose::kWorld, variant).at(0);
  const auto between = [&](double low, double high) {
    return low + (high - low) * draws.uniform();
  };
  const auto list = [&](int count, double low, double high) {
    std::vector<double> out(count);
    for (double& x : out) x = between(low, high);
    return out;
  };
  const auto rows = [&](int count, int row) {
    std::vector<double> out = list(count * row, 0.2, 1);
    for (int i = 0; i < count * row; i += row) {
      double sum = 0;
      for (int j = 0; j < row; ++j) sum += out[i + j];
      for (int j = 0; j < row; ++j) out[i + j] /= sum;
    }
    return out;
  };
  GenerativeLaw law;
  law.sites = 2;
  law.diseases = 3;
  law.attributes = 4;
  law.channels = 5;
  law.max_mentions = max_mentions;
  law.image_code = code;
  law.report_from = from;
  law.omega = rows(1, 2);
  law.pi = rows(2, 3);
  law.theta = list(2 * 3 * 4, 0.05, 0.95);
  law.signal = list(5, 0.7, 1.3);
  law.shift = list(5, -0.2, 0.2);
  law.noise = list(5, 0.4, 0.9);
  law.polarity = list(5, 0.6, 0.95);
  law.mention_present = list(4, 0.5, 0.95);
  law.mention_absent = list(4, 0.05, 0.3);
  law.synonym = list(2 * 4, 0.1, 0.9);
  return law;
}

// Diseases a, b share k0 and differ by k1, k3; c has k2 and excludes k0.
inline ConceptGraph tiny_graph() {
  const auto yes = Relation::kAssociation;
  return ConceptGraph("tiny", {{"a", "A"}, {"b", "B"}, {"c", "C"}},
                      {{"k0", "K0", "x"}, {"k1", "K1", "x"}, {"k2", "K2", "x"}, {"k3", "K3", "x"}},
                      {{0, 0, yes, "r"},
                       {1, 0, yes, "r"},
                       {0, 1, yes, "r"},
                       {1, 3, yes, "r"},
                       {2, 2, yes, "r"},
                       {2, 0, Relation::kExclusion, "r"}});
}

inline double plain_density(const GenerativeLaw& law, int c, int a, double v) {
  const auto normal = [&](double mean) {
    const double x = (v - mean) / law.noise[c];
    return std::exp(-0.5 * x * x) / (law.noise[c] * std::sqrt(2 * kPi));
  };
  if (a == 0 || c >= law.attributes) return normal(law.shift[c]);
  const double q = law.image_code == ImageCode::kLinear ? 1 : law.polarity[c];
  return q * normal(law.shift[c] + law.signal[c]) + (1 - q) * normal(law.shift[c] - law.signal[c]);
}

// P(slot | a_k, v_k, u) before the cap.
inline double plain_slot(const GenerativeLaw& law, int u, int k, int a, double v, Slot slot) {
  double x = a;
  if (law.report_from == ReportFrom::kImage) {
    const double f1 = plain_density(law, k, 1, v);
    x = f1 / (f1 + plain_density(law, k, 0, v));
  }
  const double synonym = law.synonym[u * law.attributes + k];
  switch (slot) {
    case Slot::kSynonym0:
      return x * law.mention_present[k] * synonym;
    case Slot::kSynonym1:
      return x * law.mention_present[k] * (1 - synonym);
    case Slot::kAbsent:
      return (1 - x) * law.mention_absent[k];
    case Slot::kSilent:
      break;
  }
  return 1 - x * law.mention_present[k] - (1 - x) * law.mention_absent[k];
}

// Calls visit(u, z, a [K], capped report [K], density of image and everything) for every joint
// value.
template <class Image, class Visit>
void visit_all(const GenerativeLaw& law, const Image& image, const Visit& visit) {
  const int K = law.attributes;
  std::vector<int> a(K);
  std::vector<Slot> full(K);
  std::vector<Slot> report(K);
  const int slot_codes = 1 << (2 * K);
  for (int u = 0; u < law.sites; ++u) {
    for (int z = 0; z < law.diseases; ++z) {
      for (int bits = 0; bits < (1 << K); ++bits) {
        double weight = law.omega[u] * law.pi[u * law.diseases + z];
        for (int k = 0; k < K; ++k) {
          a[k] = bits >> k & 1;
          const double theta = law.theta[(u * law.diseases + z) * K + k];
          weight *= (a[k] == 1 ? theta : 1 - theta) * plain_density(law, k, a[k], image[k]);
        }
        for (int code = 0; code < slot_codes; ++code) {
          double p = weight;
          for (int k = 0; k < K; ++k) {
            full[k] = static_cast<Slot>(code >> (2 * k) & 3);
            p *= plain_slot(law, u, k, a[k], image[k], full[k]);
          }
          report = full;
          cap_mentions(report, law.max_mentions);
          visit(u, z, a, report, p);
        }
      }
    }
  }
}

}  // namespace tightrope::test
