// SPDX-License-Identifier: Apache-2.0
#include "graph/rule_distance.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/base/math.h"

namespace tightrope {
namespace {

// Of one variable given its parents.
struct Local {
  double kl = 0;
  double overlap = 1;  // Bhattacharyya coefficient
  double variation = 0;
};

void accumulate(double p, double q, Local& out) {
  out.kl += kl_term(p, q);
  out.overlap += std::sqrt(p * q);
  out.variation += 0.5 * std::abs(p - q);
}

Local discrete(std::span<const double> p, std::span<const double> q) {
  Local out{.overlap = 0};
  for (std::size_t i = 0; i < p.size(); ++i) accumulate(p[i], q[i], out);
  return out;
}

Local bernoulli(double p, double q) { return discrete(std::array{p, 1 - p}, std::array{q, 1 - q}); }

// E over a coin: the average of two conditionals.
Local mixed(double weight, const Local& one, const Local& zero) {
  return {weight * one.kl + (1 - weight) * zero.kl,
          weight * one.overlap + (1 - weight) * zero.overlap,
          weight * one.variation + (1 - weight) * zero.variation};
}

bool same_channel(const RuleLaw& a, const RuleLaw& b, int c) {
  return a.signal[c] == b.signal[c] && a.shift[c] == b.shift[c] && a.noise[c] == b.noise[c] &&
         a.polarity[c] == b.polarity[c];
}

double log_density(const RuleLaw& law, int c, int a, double v) {
  const double x = (v - law.shift[c]) / law.noise[c];
  const double silent = -0.5 * x * x - std::log(law.noise[c] * std::sqrt(2 * kPi));
  return a == 0 ? silent : silent + law.log_odds(c, v);
}

// Integrates f(v, density of a under `law`) over the support of both laws by the trapezoidal rule.
template <class Function>
void integrate(const RuleLaw& law, const RuleLaw& other, int c, int a, Function f) {
  double low = law.shift[c];
  double high = low;
  for (const RuleLaw* one : {&law, &other}) {
    const double reach = 12 * one->noise[c] + (a == 0 ? 0 : std::abs(one->signal[c]));
    low = std::min(low, one->shift[c] - reach);
    high = std::max(high, one->shift[c] + reach);
  }
  const double step = std::min(law.noise[c], other.noise[c]) / 64;
  const int points = static_cast<int>(std::min(4e6, std::ceil((high - low) / step)));
  const double width = (high - low) / points;
  for (int i = 0; i <= points; ++i) {
    const double v = low + width * i;
    f(v, std::exp(log_density(law, c, a, v)) * width);
  }
}

Local channel(const RuleLaw& now, const RuleLaw& before, int c, int a) {
  if (same_channel(now, before, c)) return {};
  Local out{.overlap = 0};
  integrate(now, before, c, a, [&](double v, double p) {
    const double log_ratio = log_density(before, c, a, v) - log_density(now, c, a, v);
    out.kl -= p * log_ratio;
    out.overlap += p > 0 ? p * std::exp(0.5 * log_ratio) : 0;
    out.variation += p > 0 ? p * std::max(0.0, 1 - std::exp(log_ratio)) : 0;
  });
  return out;
}

Local slot_given(const RuleLaw& now, const RuleLaw& before, int u, int k, double seen_now,
                 double seen_before) {
  return discrete(now.slots(u, k, seen_now), before.slots(u, k, seen_before));
}

// Of slot k given (u, a): with report_from image the channel is integrated over.
Local slot(const RuleLaw& now, const RuleLaw& before, int u, int k, int a) {
  if (!now.report_from_image) return slot_given(now, before, u, k, a, a);
  if (same_channel(now, before, k) && now.synonym_of(u, k) == before.synonym_of(u, k) &&
      now.mention_present[k] == before.mention_present[k] &&
      now.mention_absent[k] == before.mention_absent[k]) {
    return {};
  }
  Local out{.overlap = 0};
  integrate(now, now, k, a, [&](double v, double p) {
    const Local at =
        slot_given(now, before, u, k, sigmoid(now.log_odds(k, v)), sigmoid(before.log_odds(k, v)));
    out.kl += p * at.kl;
    out.overlap += p * at.overlap;
    out.variation += p * at.variation;
  });
  return out;
}

// Averages variables 0..count-1 over (u, g) of the new law; local(u, g, i) is the i-th one's.
MechanismDistance over_parents(const std::string& name, const RuleLaw& now, int count,
                               const std::function<Local(int, int, int)>& local) {
  double kl = 0;
  double overlap = 0;
  std::vector<double> variation(count, 0.0);
  for (int u = 0; u < now.sites; ++u) {
    for (int g = 0; g < now.categories; ++g) {
      const double weight =
          now.omega[u] * now.category[static_cast<std::size_t>(u) * now.categories + g];
      double product = 1;
      for (int i = 0; i < count; ++i) {
        const Local one = local(u, g, i);
        kl += weight * one.kl;
        product *= one.overlap;
        variation[i] += weight * one.variation;
      }
      overlap += weight * product;
    }
  }
  const double largest =
      variation.empty() ? 0 : *std::max_element(variation.begin(), variation.end());
  return {name, kl, std::sqrt(std::max(0.0, 1 - overlap)), largest};
}

MechanismDistance prior_distance(const RuleLaw& now, const RuleLaw& before) {
  const Local site = discrete(now.omega, before.omega);
  double kl = site.kl;
  double overlap = 0;
  double variation = 0;
  const std::size_t G = now.categories;
  for (int u = 0; u < now.sites; ++u) {
    const Local row = discrete(std::span(now.category).subspan(u * G, G),
                               std::span(before.category).subspan(u * G, G));
    kl += now.omega[u] * row.kl;
    variation += now.omega[u] * row.variation;
    overlap += std::sqrt(now.omega[u] * before.omega[u]) * row.overlap;
  }
  return {"prior", kl, std::sqrt(std::max(0.0, 1 - overlap)), std::max(site.variation, variation)};
}

}  // namespace

std::vector<MechanismDistance> rule_distances(const RuleShape& shape, const RuleLaw& old_law,
                                              const RuleLaw& new_law) {
  const RuleLaw& now = new_law;
  const RuleLaw& before = old_law;
  std::vector<int> clinical;
  std::vector<int> spurious;
  for (int k = 0; k < now.attributes; ++k) {
    (shape.structure.spurious[k] >= 0 ? spurious : clinical).push_back(k);
  }
  const int count = static_cast<int>(clinical.size());
  const auto attribute = [&](int u, int g, int k) {
    return bernoulli(now.theta_of(u, g, k), before.theta_of(u, g, k));
  };
  // Channels and slots depend on (u, g) through a alone: one evaluation per (channel, a).
  std::vector<std::array<Local, 2>> image(now.channels);
  std::vector<std::array<Local, 2>> report(static_cast<std::size_t>(now.sites) * now.attributes);
  for (int a = 0; a < 2; ++a) {
    for (int c = 0; c < now.channels; ++c) {
      image[c][a] = channel(now, before, c, c < now.attributes ? a : 0);
    }
    for (int u = 0; u < now.sites; ++u) {
      for (int k = 0; k < now.attributes; ++k) {
        report[static_cast<std::size_t>(u) * now.attributes + k][a] = slot(now, before, u, k, a);
      }
    }
  }
  return {
      prior_distance(now, before),
      over_parents("mechanism", now, count + 1,
                   [&](int u, int g, int i) {
                     if (i < count) return attribute(u, g, clinical[i]);
                     return now.is_pair(g) ? bernoulli(now.flip, before.flip) : Local{};
                   }),
      over_parents("spurious", now, static_cast<int>(spurious.size()),
                   [&](int u, int g, int i) { return attribute(u, g, spurious[i]); }),
      over_parents("visual", now, now.channels,
                   [&](int u, int g, int c) {
                     const double theta = c < now.attributes ? now.theta_of(u, g, c) : 0;
                     return mixed(theta, image[c][1], image[c][0]);
                   }),
      over_parents("lexical", now, now.attributes,
                   [&](int u, int g, int k) {
                     const auto& one = report[static_cast<std::size_t>(u) * now.attributes + k];
                     return mixed(now.theta_of(u, g, k), one[1], one[0]);
                   }),
  };
}

}  // namespace tightrope
