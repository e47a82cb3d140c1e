// SPDX-License-Identifier: Apache-2.0
#include "analysis/measures/law_pair.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr double kTolerance = 1e-6;  // of a sum that should be 1

void require_law(std::span<const double> law, const char* name) {
  double sum = 0;
  for (std::size_t i = 0; i < law.size(); ++i) {
    TR_REQUIRE(std::isfinite(law[i]) && law[i] >= 0,
               "{}[{}] is {}: a probability must be a number in [0, 1]", name, i, law[i]);
    sum += law[i];
  }
  TR_REQUIRE(std::abs(sum - 1) <= kTolerance, "{} sums to {}: a law must sum to 1 within {}", name,
             sum, kTolerance);
}

void place(LawPair& laws, std::span<const double> positions) {
  TR_REQUIRE(!laws.p.empty(), "the laws are empty: a law must have at least one cell");
  TR_REQUIRE(laws.p.size() == laws.q.size(), "p has {} cells, q has {}: they must have the same",
             laws.p.size(), laws.q.size());
  require_law(laws.p, "p");
  require_law(laws.q, "q");
  if (positions.empty()) {
    laws.positions.resize(laws.p.size());
    std::iota(laws.positions.begin(), laws.positions.end(), 0.0);
    return;
  }
  TR_REQUIRE(positions.size() == laws.p.size(), "{} positions for {} cells: one each is needed",
             positions.size(), laws.p.size());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    TR_REQUIRE(std::isfinite(positions[i]), "positions[{}] is {}: it must be finite", i,
               positions[i]);
  }
  laws.positions.assign(positions.begin(), positions.end());
}

std::vector<double> mapped(std::span<const double> values, double (*f)(double)) {
  std::vector<double> out(values.size());
  std::transform(values.begin(), values.end(), out.begin(), f);
  return out;
}

double log_of(double x) { return std::log(x); }
double exp_of(double x) { return std::exp(x); }

}  // namespace

LawPair LawPair::of(std::span<const double> p, std::span<const double> q,
                    std::span<const double> positions) {
  LawPair laws;
  laws.p.assign(p.begin(), p.end());
  laws.q.assign(q.begin(), q.end());
  place(laws, positions);
  laws.log_p = mapped(p, log_of);
  laws.log_q = mapped(q, log_of);
  return laws;
}

LawPair LawPair::of_logs(std::span<const double> log_p, std::span<const double> log_q,
                         std::span<const double> positions) {
  LawPair laws;
  laws.p = mapped(log_p, exp_of);
  laws.q = mapped(log_q, exp_of);
  place(laws, positions);
  laws.log_p.assign(log_p.begin(), log_p.end());
  laws.log_q.assign(log_q.begin(), log_q.end());
  return laws;
}

LawPair LawPair::of_counts(std::span<const double> a, std::span<const double> b,
                           std::span<const double> positions) {
  const double in_a = std::accumulate(a.begin(), a.end(), 0.0);
  const double in_b = std::accumulate(b.begin(), b.end(), 0.0);
  TR_REQUIRE(in_a > 0 && in_b > 0, "counts that sum to {} and {}: both must hold something", in_a,
             in_b);
  std::vector<double> p(a.begin(), a.end()), q(b.begin(), b.end());
  for (double& x : p) x /= in_a;
  for (double& x : q) x /= in_b;
  return of(p, q, positions);
}

double kl_cell(const LawPair& laws, std::size_t i) {
  return laws.p[i] > 0 ? laws.p[i] * (laws.log_p[i] - laws.log_q[i]) : 0;
}

LawPair raised_to(const LawPair& laws, double floor) {
  LawPair raised = laws;
  if (floor <= 0) return raised;
  const double log_floor = std::log(floor);
  for (std::size_t i = 0; i < laws.size(); ++i) {
    raised.p[i] = std::max(laws.p[i], floor);
    raised.q[i] = std::max(laws.q[i], floor);
    raised.log_p[i] = std::max(laws.log_p[i], log_floor);
    raised.log_q[i] = std::max(laws.log_q[i], log_floor);
  }
  return raised;
}

}  // namespace tightrope
