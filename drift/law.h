// SPDX-License-Identifier: Apache-2.0
// Laws of transition: the weight of the new concept over stream time t (steps, fractions allowed).
#pragma once

#include <string>
#include <vector>

namespace tightrope {

enum class Law {
  // 1 / (1 + exp(-4 (t - p) / w)): MOA's ConceptDriftStream, bit for bit. Never truncated: .018 at
  // p - w, .119 at p - w/2, .982 at p + w.
  kMoaSigmoid,
  // With g = (t - p) / w + 1/2: 0 for g <= 0, 1 for g >= 1, else 1 / (1 + exp(-2 ln 99 (g - 1/2))),
  // that is .01 to .99 inside the window (CapyMOA since 2026).
  kTruncatedSigmoid,
  kLinear,  // g, clamped to [0, 1]
  kCosine,  // (1 - cos(pi g)) / 2 inside the window, 0 and 1 outside
};

// "moa_sigmoid", "truncated_sigmoid", "linear", "cosine": the choices of the option.
std::vector<std::string> law_names();

// Throws InternalError for a name that is no choice.
Law law_of(const std::string& name);

// The weight at t of a transition centred on `position` with width `width` >= 0 steps, in [0, 1],
// non-decreasing in t. Width 0 is a step: 1 from `position` on.
double transition(Law law, double t, double position, double width);

// A concept that comes and goes: sum over k < repeats of transition(t, p_k) - transition(t, p_k +
// L) with p_0 = position and p_{k+1} = p_k + L + gap (MOA's RecurrentConceptDriftStream, with
// kMoaSigmoid); clamped to [0, 1]. length > 0, gap >= 0.
double recurrence(Law law, double t, double position, double width, double length, double gap,
                  int repeats);

}  // namespace tightrope
