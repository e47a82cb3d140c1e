// SPDX-License-Identifier: Apache-2.0
// What the sum over scored tokens of a likelihood term is divided by. The divisor is always that of
// the whole optimizer step, never of a micro-batch, so that splitting a batch changes nothing.
#pragma once

#include <string>
#include <vector>

#include "core/api/optimizer.h"

namespace tightrope {

enum class Normaliser {
  kTokenMean,     // every token weighs 1 / (scored tokens of the step)
  kSequenceMean,  // every token weighs 1 / (trajectories of the step x its trajectory's tokens)
  kSequenceSum,   // every token weighs 1 / (trajectories of the step)
  kConstant,      // every token weighs 1 / (trajectories of the step x a fixed length)
};

// "token_mean", "sequence_mean": the choices of the option `normaliser`.
std::vector<std::string> normaliser_names();

// Throws InternalError for a name that is no choice.
Normaliser normaliser_of(const std::string& name);

// The weight of each of a trajectory's `length` scored tokens, >= 0; 0 when there is nothing
// scored. `fixed_length` > 0 is read by kConstant alone.
double token_weight(Normaliser normaliser, const BatchTotals& totals, int length,
                    double fixed_length = 0);

}  // namespace tightrope
