// SPDX-License-Identifier: Apache-2.0
#include "drift/interpolate.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

double linear(double a, double b, double w) {
  const double mixed = (1 - w) * a + w * b;
  return std::clamp(mixed, std::min(a, b), std::max(a, b));
}

double logit(double p) { return std::log(p) - std::log1p(-p); }

bool inside(double p) { return p > 0 && p < 1; }

double natural(Constraint constraint, double a, double b, double w) {
  if (constraint == Constraint::kPositive) {
    return std::exp((1 - w) * std::log(a) + w * std::log(b));
  }
  if (constraint == Constraint::kProbability && inside(a) && inside(b)) {
    return sigmoid((1 - w) * logit(a) + w * logit(b));
  }
  return linear(a, b, w);
}

}  // namespace

std::vector<double> interpolate(const Table& table, const std::vector<double>& target, double w,
                                Space space) {
  TR_CHECK(target.size() == table.values.size(), "table {}: {} values, target {}", table.name,
           table.values.size(), target.size());
  TR_CHECK(w >= 0 && w <= 1, "table {}: weight {}", table.name, w);
  if (w <= 0) return table.values;
  if (w >= 1) return target;
  std::vector<double> out(target.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double a = table.values[i];
    const double b = target[i];
    if (a == b) {
      out[i] = a;
    } else {
      out[i] = space == Space::kNatural ? natural(table.constraint, a, b, w) : linear(a, b, w);
    }
  }
  return out;
}

WorldParams between(const WorldParams& from, const WorldParams& to, double w, Space space) {
  TR_CHECK(from.tables().size() == to.tables().size(), "{} tables, {} tables", from.tables().size(),
           to.tables().size());
  WorldParams out = from;
  for (std::size_t i = 0; i < out.tables().size(); ++i) {
    Table& table = out.tables()[i];
    const Table& target = to.tables()[i];
    TR_CHECK(table.name == target.name, "tables {} and {}", table.name, target.name);
    if (table.values != target.values) table.values = interpolate(table, target.values, w, space);
  }
  return out;
}

}  // namespace tightrope
