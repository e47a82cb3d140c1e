// SPDX-License-Identifier: Apache-2.0
#include "graph/rule_law.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {

Slot draw_slot(const SlotLaw& law, Draws& draws) {
  const double r = draws.uniform();
  double sum = law[0];
  if (r < sum) return Slot::kSilent;
  if (r < (sum += law[1])) return Slot::kSynonym0;
  if (r < sum + law[2]) return Slot::kSynonym1;
  return law[3] > 0 ? Slot::kAbsent : Slot::kSilent;
}

bool rule_holds(Rule rule, bool first, bool second) {
  switch (rule) {
    case Rule::kOne:
      return first;
    case Rule::kAnd:
      return first && second;
    case Rule::kXor:
      return first != second;
  }
  TR_CHECK(false, "rule {}", static_cast<int>(rule));
}

double RuleLaw::log_odds(int k, double v) const {
  // N(v; shift +- s) / N(v; shift) = exp((+-s x - s^2 / 2) / noise^2), x = v - shift.
  const double x = v - shift[k];
  const double scale = 1 / (noise[k] * noise[k]);
  const double up = (signal[k] * x - 0.5 * signal[k] * signal[k]) * scale;
  const double q = polarity[k];
  if (q == 1) return up;
  const double down = (-signal[k] * x - 0.5 * signal[k] * signal[k]) * scale;
  if (q == 0) return down;
  const double top = std::max(up, down);
  return top + std::log(q * std::exp(up - top) + (1 - q) * std::exp(down - top));
}

SlotLaw RuleLaw::slots(int u, int k, double present) const {
  const double positive = present * mention_present[k];
  const double absent = (1 - present) * mention_absent[k];
  const double first = synonym_of(u, k);
  return {1 - positive - absent, positive * first, positive * (1 - first), absent};
}

std::array<bool, 2> reported_deciding(const RuleLaw& law, int g, std::span<const Slot> report) {
  std::array<bool, 2> out = {false, false};
  for (int i = 0; i < 2; ++i) {
    const int k = law.deciding[g][i];
    if (k >= 0) out[i] = report[k] == Slot::kSynonym0 || report[k] == Slot::kSynonym1;
  }
  return out;
}

void RuleTable::fill(const RuleLaw& law, int g, std::span<const SlotLaw> slot) {
  const std::array<int, 2> d = law.deciding[g];
  const int M = law.max_mentions;
  early_ = std::min(d[0], d[1]);
  const int late = std::max(d[0], d[1]);
  const auto holds = [&](bool early, bool last) {
    return rule_holds(law.rule, d[0] < d[1] ? early : last, d[0] < d[1] ? last : early) ? 1.0 : 0.0;
  };
  stride_ = M + 1;
  for (auto& value : value_) value.resize(static_cast<std::size_t>(late + 1) * stride_);
  for (int k = late; k >= 0; --k) {
    const SlotLaw& p = slot[k];
    const double positive = p[1] + p[2];
    for (int e = k > early_ ? 1 : 0; e >= 0; --e) {
      double* now = value_[e].data() + static_cast<std::size_t>(k) * stride_;
      const double* plain =
          value_[k > early_ ? e : 0].data() + static_cast<std::size_t>(k + 1) * stride_;
      const double* after = value_[1].data() + static_cast<std::size_t>(k + 1) * stride_;
      now[0] = holds(e == 1, false);
      for (int r = std::max(1, M - k); r <= M; ++r) {  // at slot k at most k mentions are spent
        if (k == late) {
          now[r] = positive * holds(e == 1, true) + (1 - positive) * holds(e == 1, false);
        } else if (k == early_) {
          now[r] = positive * after[r - 1] + p[3] * plain[r - 1] + p[0] * plain[r];
        } else {
          now[r] = (positive + p[3]) * plain[r - 1] + p[0] * plain[r];
        }
      }
    }
  }
}

}  // namespace tightrope
