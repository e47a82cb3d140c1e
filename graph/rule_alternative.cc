// SPDX-License-Identifier: Apache-2.0
// Alternative reports of a rule world: the reader's edit and the structural counterfactual.
#include "core/base/check.h"
#include "core/base/math.h"
#include "graph/rule_environment.h"

namespace tightrope {
namespace {

bool positive(Slot slot) { return slot == Slot::kSynonym0 || slot == Slot::kSynonym1; }

// The attribute after do(g), with the same noise: monotone coupling keeps as many as it can.
bool coupled(bool present, double from, double to, double noise) {
  if (present) return to >= from || noise * from < to;
  return to > from && noise * (1 - from) < to - from;
}

}  // namespace

Slot RuleEnvironment::synonym(int u, int k, Draws& draws) const {
  return draws.bernoulli(law_.synonym_of(u, k)) ? Slot::kSynonym0 : Slot::kSynonym1;
}

AlternativeReport RuleEnvironment::edit(const Cases& cases, int n, int j, Draws& draws) const {
  const int u = cases.site[n];
  const std::span<const Slot> factual = cases.report_of(n);
  TR_REQUIRE(j >= 0 && j < law_.diseases, "disease {} of {}", j, law_.diseases);
  AlternativeReport out{{factual.begin(), factual.end()}, law_.category_of[j]};
  const auto& deciding = law_.deciding[out.category];
  const CounterfactualPlan plan = basis_->graph.plan(cases.disease[n], j);
  for (int k : plan.remove) {
    if (k != deciding[0] && k != deciding[1]) out.report[k] = Slot::kSilent;
  }
  for (int k : plan.add) {
    if (k == deciding[0] || k == deciding[1] || positive(out.report[k])) continue;
    out.report[k] = synonym(u, k, draws);
  }
  decide_by_edit(u, j, out.report, draws);
  cap_keeping_deciding(out.category, out.report);
  return out;
}

void RuleEnvironment::decide_by_edit(int u, int j, std::span<Slot> report, Draws& draws) const {
  const int g = law_.category_of[j];
  if (!law_.is_pair(g)) return;
  const bool want = j == law_.member[g][1];
  const std::array<bool, 2> has = reported_deciding(law_, g, report);
  if (rule_holds(law_.rule, has[0], has[1]) == want) return;
  std::array<bool, 2> flip = {true, false};  // one: the first decides
  if (law_.rule == Rule::kAnd && want) {
    flip = {!has[0], !has[1]};
  } else if (law_.rule != Rule::kOne) {
    const bool second = draws.bernoulli(0.5);
    flip = {!second, second};
  }
  for (int i = 0; i < 2; ++i) {
    const int k = law_.deciding[g][i];
    if (flip[i]) report[k] = has[i] ? Slot::kSilent : synonym(u, k, draws);
  }
}

double RuleEnvironment::reading(double v, int k, bool before, bool after, Draws& draws) const {
  if (!law_.report_from_image) return after ? 1 : 0;
  if (before != after) {
    // The noise is kept; the sign is abducted when the attribute was there, else fresh.
    const double x = (v - law_.shift[k]) * law_.signal[k] / (law_.noise[k] * law_.noise[k]);
    const double q = law_.polarity[k];
    const double up = before ? q * sigmoid(2 * x) : q;
    const double down = before ? (1 - q) * sigmoid(-2 * x) : 1 - q;
    const double sign = draws.bernoulli(up / (up + down)) ? 1 : -1;
    v += (after ? sign : -sign) * law_.signal[k];
  }
  return sigmoid(law_.log_odds(k, v));
}

AlternativeReport RuleEnvironment::structural(const Cases& cases, int n, int j,
                                              Draws& draws) const {
  const int u = cases.site[n];
  const int from = cases.category[n];
  TR_REQUIRE(j >= 0 && j < law_.diseases, "disease {} of {}", j, law_.diseases);
  const std::span<const Slot> factual = cases.report_of(n);
  AlternativeReport out{{factual.begin(), factual.end()}, law_.category_of[j]};
  int seen_mentions = 0;  // factual ones before k: behind the cap nobody saw the slot
  for (int k = 0; k < law_.attributes; ++k) {
    const bool hidden = seen_mentions >= law_.max_mentions;
    seen_mentions += factual[k] != Slot::kSilent ? 1 : 0;
    const bool before = cases.attributes_of(n)[k] != 0;
    const bool after = coupled(before, law_.theta_of(u, from, k), law_.theta_of(u, out.category, k),
                               draws.uniform());
    if (before == after && !hidden) continue;
    out.report[k] =
        draw_slot(law_.slots(u, k, reading(cases.image_of(n)[k], k, before, after, draws)), draws);
  }
  decide_structurally(u, j, out.report, draws);
  cap_keeping_deciding(out.category, out.report);
  return out;
}

std::vector<float> RuleEnvironment::structural_image(const Cases&, int, int, Draws&) const {
  throw InputError(
      "counterfactual images need a world with diagnosis: generative; in a rule world the members "
      "of a pair share their images");
}

void RuleEnvironment::decide_structurally(int u, int j, std::span<Slot> report,
                                          Draws& draws) const {
  const int g = law_.category_of[j];
  if (!law_.is_pair(g)) return;
  std::array<SlotLaw, 2> slot;
  for (int i = 0; i < 2; ++i) slot[i] = marginals().slots(u, g, law_.deciding[g][i]);
  std::array<double, 4> weight;
  for (int h = 0; h < 4; ++h) {
    const double second = law_.second_member(h / 2 == 1, h % 2 == 1);
    weight[h] = j == law_.member[g][1] ? second : 1 - second;
    const bool has[2] = {h / 2 == 1, h % 2 == 1};
    for (int i = 0; i < 2; ++i) {
      const double p = slot[i][1] + slot[i][2];
      weight[h] *= has[i] ? p : 1 - p;
    }
  }
  const int drawn = draws.categorical(weight);
  for (int i = 0; i < 2; ++i) {
    const int k = law_.deciding[g][i];
    const bool want = (i == 0 ? drawn / 2 : drawn % 2) == 1;
    if (want == positive(report[k])) continue;
    if (want) {
      report[k] = synonym(u, k, draws);
    } else {
      const double absent = slot[i][3] / (slot[i][3] + slot[i][0]);
      report[k] = draws.bernoulli(absent) ? Slot::kAbsent : Slot::kSilent;
    }
  }
}

void RuleEnvironment::cap_keeping_deciding(int g, std::span<Slot> report) const {
  const std::array<int, 2>& deciding = law_.deciding[g];
  int excess = count_mentions(report) - law_.max_mentions;
  for (int k = law_.attributes - 1; k >= 0 && excess > 0; --k) {
    if (report[k] == Slot::kSilent || k == deciding[0] || k == deciding[1]) continue;
    report[k] = Slot::kSilent;
    --excess;
  }
  cap_mentions(report, law_.max_mentions);  // a cap below two mentions
}

}  // namespace tightrope
