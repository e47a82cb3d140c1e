// SPDX-License-Identifier: Apache-2.0
// All complete trajectories of a grammar, where they are few.
#pragma once

#include <cstdint>
#include <vector>

#include "core/api/cases.h"

namespace tightrope {

// How many there are: <think> [category] finding* </think> diagnosis <eos> with thinking,
// <think> <answer_now> diagnosis <eos> without. Exact below 2^53, rounded above.
double count_trajectories(const Grammar& grammar, bool thinking);

// All of them, each once, in the order of their token ids; every token is scored but <think> and
// <answer_now>, as where a policy draws them. A policy whose mask is on gives them probability 1 in
// all. Throws InputError when there are more than `most`.
std::vector<Trajectory> enumerate_trajectories(const Grammar& grammar, bool thinking,
                                               std::int64_t most);

}  // namespace tightrope
