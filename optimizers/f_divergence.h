// SPDX-License-Identifier: Apache-2.0
// The score h(d) that an f-divergence puts in the place of the log-ratio d = log pi - log ref in
// DPO (arXiv 2309.16240), in the convention of TRL 0.29 to 1.9: without the constants that cancel
// in h(dw) - h(dl).
//
//   reverse_kl  h = d               forward_kl  h = -exp(-d)
//   js          h = log sigmoid(d)  alpha       h = exp((alpha - 1) d) / (alpha - 1)
//
// alpha = 0.5 is the default; alpha = 0 is forward_kl, alpha -> 1 is reverse_kl up to a constant
// (at 1 itself h = d). TRL up to 0.28 used the coefficient 1 - alpha.
#pragma once

#include <string>
#include <vector>

namespace tightrope {

enum class Divergence { kReverseKl, kForwardKl, kJs, kAlpha };

struct DivergenceOptions {
  Divergence kind = Divergence::kReverseKl;
  double alpha = 0.5;
  // Exponents of forward_kl and alpha are clamped here from above, slope 0 beyond; infinity = off.
  double exponent_clamp = 80;
};

struct Score {
  double value = 0;
  double slope = 0;  // dh/dd
};

// "reverse_kl", "forward_kl", "js", "alpha": the choices of the option.
std::vector<std::string> divergence_names();

// Throws InternalError for a name that is no choice.
Divergence divergence_of(const std::string& name);

// h(d) and h'(d) for any finite d, nat.
Score divergence_score(const DivergenceOptions& options, double d);

}  // namespace tightrope
