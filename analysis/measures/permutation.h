// SPDX-License-Identifier: Apache-2.0
// A measure between two samples with what it would say by chance.
#pragma once

#include <string>

#include "analysis/measures/measure.h"

namespace tightrope {

struct PermutationResult {
  std::string estimator;  // what was computed, in words
  double value = 0;       // the estimate between the two samples
  double null_mean = 0;   // over permutations: the estimate's mean between two samples of one law
  double null_95 = 0;     // the smallest value with at least 95 % of those estimates at or below
  double p = 1;           // (1 + permutations whose estimate is at least the value) / (1 + B)
  int permutations = 0;   // B
};

// Deals the pooled points anew B = `permutations` >= 1 times, uniformly over all orders, and
// compares. When both samples have the same law, P(p <= a) <= a for every a, with equality up to
// 1 / (B + 1) where no estimates tie (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39).
// Estimates that differ by less than 1e-8 of the largest one in size count as equal, which can only
// raise p. Permutation b is drawn from stream.at(b), the same for every measure; what the estimator
// draws comes from stream.child(1). Memory: the estimator's and 64 MiB of permutations. Throws
// InputError where the measure refuses the pool.
PermutationResult permutation_test(const Measure& measure, const Pool& pool, int permutations,
                                   const Stream& stream);

}  // namespace tightrope
