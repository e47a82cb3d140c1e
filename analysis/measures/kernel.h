// SPDX-License-Identifier: Apache-2.0
// The Gaussian kernel of the maximum mean discrepancy, k(x, y) = exp(-|x - y|^2 / (2 s^2)), and how
// its bandwidth s is chosen. The discrepancy, of which all forms here give the square, is
//
//   MMD^2 = E k(X, X') + E k(Y, Y') - 2 E k(X, Y)      (Gretton et al. 2012, JMLR 13:723)
#pragma once

#include <cmath>
#include <string>

#include "analysis/measures/measure.h"
#include "core/config/schema.h"

namespace tightrope {

struct KernelParams {
  double bandwidth = 0;
  std::string heuristic = "median";

  static Schema<KernelParams> schema();
};

// The two fields, for a params struct derived from KernelParams.
template <class Params>
void add_kernel_fields(Schema<Params>& s) {
  s.field("bandwidth", &Params::bandwidth,
          {.unit = "sample unit",
           .range = at_least(0),
           .help = "standard deviation s of the Gaussian kernel; 0: by the heuristic"});
  s.field("heuristic", &Params::heuristic,
          {.help = "of the pooled points' distances: median of those between distinct places; "
                   "alibi: root of half the median square over all pairs; torchdrift: median with "
                   "each point's distance 0 from itself",
           .choices = {"median", "alibi", "torchdrift"}});
}

struct Bandwidth {
  double value = 1;
  std::string text;  // "bandwidth 0.53 (median of the distances)"
};

// Of a numeric pool. The lower median where two are in the middle. Above 2000 points the median is
// over the pairs of 2000 drawn from `stream` without replacement. 1 where all points are one;
// throws InputError where the heuristic gives 0 otherwise.
Bandwidth bandwidth_of(const Pool& pool, const KernelParams& params, const Stream& stream);

// MMD^2 between two laws on a line, >= 0: sum_ij (p_i - q_i)(p_j - q_j) k(x_i, x_j). Without a
// bandwidth, that of `median`: the lower median of |X - X'| between independent draws of the mean
// law (p + q) / 2, given that they differ; 1 where they cannot. Throws InputError for the other
// heuristics, which are of samples.
double exact_mmd(const LawPair& laws, const KernelParams& params);

// The facts of exact_mmd, and the check that a pool is of numbers.
MeasureFacts mmd_facts();
void require_numbers(const Pool& pool, const char* measure);

inline double gaussian_kernel(double squared_distance, double bandwidth) {
  return std::exp(-squared_distance / (2 * bandwidth * bandwidth));
}

}  // namespace tightrope
