// SPDX-License-Identifier: Apache-2.0
#include "core/stats/holm.h"
#include "core/stats/power.h"
#include "core/stats/sign_flip.h"
#include "core/tables/claim.h"

namespace tightrope {
namespace {

// The contrast's value of every seed; NaN where a run of it is missing or diverged.
std::vector<double> by_seed(const Contrast& contrast, const Results& results,
                            const std::string& seed_set) {
  std::vector<double> values(results.seeds(seed_set).size(), 0.0);
  for (const ClaimTerm& term : contrast.terms) {
    if (term.arm.empty()) {
      for (double& value : values) value += term.coefficient;
      continue;
    }
    const std::vector<double> column = results.by_seed(term.arm, term.column, seed_set);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += term.coefficient * column[i];
  }
  return values;
}

PartVerdict judge_part(const std::string& text, const std::vector<double>& values) {
  PartVerdict out;
  out.text = text;
  out.interval = mean_interval(values);
  out.p_value = t_test(values);
  out.verdict = judge_positive(out.interval);
  out.seeds_to_decide = seeds_to_decide(out.interval);
  out.bca = bca_interval(values, statistics_stream());
  out.p_flip = sign_flip_test(values, statistics_stream());
  out.detectable = minimal_detectable_effect(out.interval.deviation, out.interval.n);
  return out;
}

}  // namespace

ClaimVerdict judge(const Claim& claim, const Results& results, const std::string& seed_set) {
  ClaimVerdict out{claim.name, claim.says, Verdict::kHolds, {}};
  for (const Contrast& contrast : claim.parts) {
    PartVerdict part = judge_part(contrast.text, by_seed(contrast, results, seed_set));
    if (part.verdict == Verdict::kFails) out.verdict = Verdict::kFails;
    if (part.verdict == Verdict::kUndecided && out.verdict == Verdict::kHolds) {
      out.verdict = Verdict::kUndecided;
    }
    out.parts.push_back(std::move(part));
  }
  std::vector<ClaimVerdict> family{std::move(out)};
  correct_family(family);
  return std::move(family.front());
}

void correct_family(std::vector<ClaimVerdict>& claims) {
  std::vector<double> p_values;
  for (const ClaimVerdict& claim : claims) {
    for (const PartVerdict& part : claim.parts) p_values.push_back(part.p_value);
  }
  const std::vector<double> adjusted = holm(p_values);
  auto next = adjusted.begin();
  for (ClaimVerdict& claim : claims) {
    for (PartVerdict& part : claim.parts) part.p_holm = *next++;
  }
}

}  // namespace tightrope
