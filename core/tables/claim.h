// SPDX-License-Identifier: Apache-2.0
// Claims over arms, judged on values paired by seed. A claim reads
//   sft < dpo_random < cpo                      (a chain: every neighbouring pair must hold)
//   cpo - cpo_no_cot - dpo + dpo_no_cot > 0     (a linear contrast)
//   (cpo - sft)[accuracy(target, entangled)] is written term by term:
//   cpo[accuracy(target, entangled)] - sft[accuracy(target, entangled)] > 0
// Terms without [column] use the claim's own `on:` column.
#pragma once

#include <string>
#include <vector>

#include "core/stats/interval.h"
#include "core/tables/column.h"
#include "core/tables/results.h"

namespace tightrope {

// coefficient * arm[column], or a constant when the arm is empty.
struct ClaimTerm {
  double coefficient = 1;
  std::string arm;
  Column column;
};

// sum of terms > 0.
struct Contrast {
  std::string text;  // "cpo - sft > 0" as written for this part
  std::vector<ClaimTerm> terms;
};

struct Claim {
  std::string name;
  std::string says;
  std::vector<Contrast> parts;
};

// Throws InputError with the place in the text; arms must be among `arms` (nearest name given).
Claim parse_claim(const std::string& name, const std::string& says, const std::string& on,
                  const std::vector<std::string>& arms);

struct PartVerdict {
  std::string text;
  Interval interval;  // of the contrast over seeds
  double p_value = 1;
  Verdict verdict = Verdict::kUndecided;
  int seeds_to_decide = 0;
};

struct ClaimVerdict {
  std::string name;
  std::string says;
  Verdict verdict = Verdict::kUndecided;  // holds: all parts hold; fails: some part fails
  std::vector<PartVerdict> parts;
};

ClaimVerdict judge(const Claim& claim, const Results& results, const std::string& seed_set);

}  // namespace tightrope
