// SPDX-License-Identifier: Apache-2.0
#include "graph/generative_distance.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"
#include "graph/divergence.h"

namespace tightrope {
namespace {

using SlotLaw = std::array<double, 4>;  // by Slot

ChannelDensity channel(const GenerativeLaw& law, int c, int a) {
  const bool shows = a == 1 && c < law.attributes;
  return {law.shift[c], shows ? law.signal[c] : 0, shows ? law.positive(c) : 1, law.noise[c]};
}

// The slots' law when the attribute is seen as present with probability x and absent with y = 1 -
// x.
SlotLaw slots(const GenerativeLaw& law, int u, int k, double x, double y) {
  const double reported = x * law.mention_present[k];
  const double first = law.synonym_at(u, k);
  return {x * (1 - law.mention_present[k]) + y * (1 - law.mention_absent[k]), reported * first,
          reported * (1 - first), y * law.mention_absent[k]};
}

// The same for the reader of an image. The floor keeps certainty beyond e^-690 from reading as
// impossible, which would make a divergence infinite.
SlotLaw read_slots(const GenerativeLaw& law, int u, int k, double v) {
  const double log_odds = law.log_density(k, 1, v) - law.log_density(k, 0, v);
  return slots(law, u, k, std::max(sigmoid(log_odds), 1e-300),
               std::max(sigmoid(-log_odds), 1e-300));
}

MechanismDistance named(const char* name, double kl, double overlap,
                        const std::vector<double>& variation) {
  const double largest =
      variation.empty() ? 0 : *std::max_element(variation.begin(), variation.end());
  // Equal laws are at distance 0, not at the square root of a rounding error.
  const double hellinger = kl == 0 ? 0 : std::sqrt(std::clamp(1 - overlap, 0.0, 1.0));
  return {name, kl, hellinger, largest};
}

MechanismDistance prior_distance(const GenerativeLaw& now, const GenerativeLaw& before) {
  Divergence total = discrete_divergence(now.omega, before.omega);
  std::vector<double> variation{total.variation, 0};
  total.overlap = 0;
  for (int u = 0; u < now.sites; ++u) {
    const std::size_t begin = static_cast<std::size_t>(u) * now.diseases;
    const Divergence row = discrete_divergence(std::span(now.pi).subspan(begin, now.diseases),
                                               std::span(before.pi).subspan(begin, now.diseases));
    if (now.omega[u] > 0) total.kl += now.omega[u] * row.kl;
    total.overlap += std::sqrt(now.omega[u] * before.omega[u]) * row.overlap;
    variation[1] += now.omega[u] * row.variation;
  }
  return named("prior", total.kl, total.overlap, variation);
}

// Clinical (spurious = false) or spurious attributes given (u, z): theta depends on one of the two.
MechanismDistance attribute_distance(const char* name, const GenerativeLaw& now,
                                     const GenerativeLaw& before, std::span<const int> number,
                                     bool spurious) {
  std::vector<double> variation(now.attributes, 0.0);
  double kl = 0;
  double overlap = 0;
  for (int u = 0; u < now.sites; ++u) {
    for (int z = 0; z < now.diseases; ++z) {
      const double weight = now.omega[u] * now.pi_at(u, z);
      if (weight <= 0) continue;
      double product = 1;
      for (int k = 0; k < now.attributes; ++k) {
        if ((number[k] >= 0) != spurious) continue;
        const Divergence one =
            bernoulli_divergence(now.theta_at(u, z, k), before.theta_at(u, z, k));
        kl += weight * one.kl;
        product *= one.overlap;
        variation[k] += weight * one.variation;
      }
      overlap += weight * product;
    }
  }
  return named(name, kl, overlap, variation);
}

MechanismDistance visual_distance(const GenerativeLaw& now, const GenerativeLaw& before) {
  std::vector<std::array<Divergence, 2>> given(now.channels);
  for (int c = 0; c < now.channels; ++c) {
    for (int a : {0, 1})
      given[c][a] = channel_divergence(channel(now, c, a), channel(before, c, a));
  }
  std::vector<double> variation(now.channels, 0.0);
  double kl = 0;
  double overlap = 0;
  for (int u = 0; u < now.sites; ++u) {
    for (int z = 0; z < now.diseases; ++z) {
      const double weight = now.omega[u] * now.pi_at(u, z);
      double product = 1;
      for (int c = 0; c < now.channels; ++c) {
        const double theta = c < now.attributes ? now.theta_at(u, z, c) : 0;
        Divergence mean{0, 0, 0};
        add_scaled(mean, 1 - theta, given[c][0]);
        add_scaled(mean, theta, given[c][1]);
        kl += weight * mean.kl;
        product *= mean.overlap;
        variation[c] += weight * mean.variation;
      }
      overlap += weight * product;
    }
  }
  return named("visual", kl, overlap, variation);
}

// What one slot contributes given (u, a_k): its divergence (split into silent and written for the
// cap) and the probability that something is written.
struct SlotGiven {
  Divergence all{0, 0, 0};
  double silent_overlap = 0;
  double written = 0;
};

void add_slot(const SlotLaw& now, const SlotLaw& before, double weight, SlotGiven& out) {
  const Divergence one = discrete_divergence(now, before);
  add_scaled(out.all, weight, one);
  out.silent_overlap += weight * std::sqrt(now[0] * before[0]);
  out.written += weight * (now[1] + now[2] + now[3]);
}

SlotGiven slot_given(const GenerativeLaw& now, const GenerativeLaw& before, int u, int k, int a) {
  SlotGiven out;
  if (now.report_from == ReportFrom::kLatent) {
    add_slot(slots(now, u, k, a, 1 - a), slots(before, u, k, a, 1 - a), 1, out);
    return out;
  }
  // The reader turns from absent to present within noise^2 / signal: the sharper one sets the grid.
  const auto width = [k](const GenerativeLaw& law) {
    return law.noise[k] * law.noise[k] / std::abs(law.signal[k]);
  };
  const GenerativeLaw& sharper = width(now) < width(before) ? now : before;
  integrate(channel(now, k, a), channel(sharper, k, 1), [&](double v, double mass) {
    add_slot(read_slots(now, u, k, v), read_slots(before, u, k, v), mass, out);
  });
  return out;
}

SlotGiven mixed(double theta, const std::array<SlotGiven, 2>& given) {
  SlotGiven out;
  for (int a : {0, 1}) {
    const double weight = a == 1 ? theta : 1 - theta;
    add_scaled(out.all, weight, given[a].all);
    out.silent_overlap += weight * given[a].silent_overlap;
    out.written += weight * given[a].written;
  }
  return out;
}

// Adds slots 0..K-1 of one hypothesis; returns the overlap of the whole report. open[m] is the
// probability of m mentions so far, m < cap (Poisson-binomial); shared[m] the same of the overlap,
// where whatever reaches the cap is closed and overlaps fully from then on.
double add_report(const GenerativeLaw& law, double weight, std::span<const SlotGiven> slot,
                  double& kl, std::vector<double>& variation) {
  const int cap = std::min(law.max_mentions, law.attributes + 1);  // never reached when larger
  std::vector<double> open(cap, 0.0);
  std::vector<double> shared(cap, 0.0);
  open[0] = shared[0] = 1;
  double closed = 0;
  for (int k = 0; k < law.attributes; ++k) {
    double still_open = 0;
    for (double p : open) still_open += p;
    if (weight > 0 && still_open > 0) kl += weight * still_open * slot[k].all.kl;
    variation[k] += weight * still_open * slot[k].all.variation;
    const double written_overlap = slot[k].all.overlap - slot[k].silent_overlap;
    closed += shared.back() * written_overlap;
    for (int m = cap - 1; m >= 0; --m) {
      open[m] = open[m] * (1 - slot[k].written) + (m > 0 ? open[m - 1] * slot[k].written : 0);
      shared[m] =
          shared[m] * slot[k].silent_overlap + (m > 0 ? shared[m - 1] * written_overlap : 0);
    }
  }
  for (double s : shared) closed += s;
  return closed;
}

MechanismDistance lexical_distance(const GenerativeLaw& now, const GenerativeLaw& before) {
  std::vector<double> variation(now.attributes, 0.0);
  std::vector<std::array<SlotGiven, 2>> given(now.attributes);
  std::vector<SlotGiven> slot(now.attributes);
  double kl = 0;
  double overlap = 0;
  for (int u = 0; u < now.sites; ++u) {
    for (int k = 0; k < now.attributes; ++k) {
      for (int a : {0, 1}) given[k][a] = slot_given(now, before, u, k, a);
    }
    for (int z = 0; z < now.diseases; ++z) {
      const double weight = now.omega[u] * now.pi_at(u, z);
      for (int k = 0; k < now.attributes; ++k) slot[k] = mixed(now.theta_at(u, z, k), given[k]);
      overlap += weight * add_report(now, weight, slot, kl, variation);
    }
  }
  return named("lexical", kl, overlap, variation);
}

}  // namespace

std::vector<MechanismDistance> generative_distances(const GenerativeLaw& old_law,
                                                    const GenerativeLaw& new_law,
                                                    std::span<const int> spurious) {
  TR_CHECK(old_law.sites == new_law.sites && old_law.diseases == new_law.diseases &&
               old_law.attributes == new_law.attributes && old_law.channels == new_law.channels &&
               old_law.max_mentions == new_law.max_mentions,
           "two laws of different structure");
  return {prior_distance(new_law, old_law),
          attribute_distance("mechanism", new_law, old_law, spurious, false),
          attribute_distance("spurious", new_law, old_law, spurious, true),
          visual_distance(new_law, old_law), lexical_distance(new_law, old_law)};
}

}  // namespace tightrope
