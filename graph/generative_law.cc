// SPDX-License-Identifier: Apache-2.0
#include "graph/generative_law.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {

double GenerativeLaw::log_density(int c, int a, double v) const {
  const double precision = 1.0 / (noise[c] * noise[c]);
  const double off = v - shift[c];
  if (a == 0) return -0.5 * off * off * precision;
  const double up = -0.5 * (off - signal[c]) * (off - signal[c]) * precision;
  const double q = positive(c);
  if (q >= 1) return up;
  const double down = -0.5 * (off + signal[c]) * (off + signal[c]) * precision;
  if (q <= 0) return down;
  const double top = std::max(up, down);
  return top + std::log(q * std::exp(up - top) + (1 - q) * std::exp(down - top));
}

double GenerativeLaw::reader(int c, double v) const {
  return sigmoid(log_density(c, 1, v) - log_density(c, 0, v));
}

void GenerativeLaw::check_shapes() const {
  const auto sized = [](const std::vector<double>& values, int count, const char* name) {
    TR_CHECK(static_cast<int>(values.size()) == count, "{}: {} values, must be {}", name,
             values.size(), count);
  };
  TR_CHECK(
      sites > 0 && diseases > 0 && attributes > 0 && channels >= attributes && max_mentions >= 1,
      "sites {}, diseases {}, attributes {}, channels {}, max_mentions {}", sites, diseases,
      attributes, channels, max_mentions);
  sized(omega, sites, "omega");
  sized(pi, sites * diseases, "pi");
  sized(theta, sites * diseases * attributes, "theta");
  sized(signal, channels, "signal");
  sized(shift, channels, "shift");
  sized(noise, channels, "noise");
  sized(polarity, channels, "polarity");
  sized(mention_present, attributes, "mention_present");
  sized(mention_absent, attributes, "mention_absent");
  sized(synonym, sites * attributes, "synonym");
}

}  // namespace tightrope
