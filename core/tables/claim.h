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

#include "core/stats/bootstrap.h"
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

// What is said about one contrast; the verdict is by the t interval alone.
struct PartVerdict {
  std::string text;
  Interval interval;   // of the contrast over seeds
  double p_value = 1;  // of the t test
  Verdict verdict = Verdict::kUndecided;
  int seeds_to_decide = 0;
  Bounds bca;             // bootstrap interval of the same mean
  double p_flip = 1;      // of the sign-flip test
  double p_holm = 1;      // p_value after Holm's correction over its family
  double detectable = 0;  // effect that these seeds find with 80 % power, in the column's unit
};

struct ClaimVerdict {
  std::string name;
  std::string says;
  Verdict verdict = Verdict::kUndecided;  // holds: all parts hold; fails: some part fails
  std::vector<PartVerdict> parts;
};

// Judges a claim that is a family of its own: p_holm corrects over its parts.
ClaimVerdict judge(const Claim& claim, const Results& results, const std::string& seed_set);

// Holm's correction of every p_holm, over all parts of all claims as one family. A part without a
// test (fewer than two seeds) counts, with p = 1.
void correct_family(std::vector<ClaimVerdict>& claims);

}  // namespace tightrope
