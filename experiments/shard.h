// SPDX-License-Identifier: Apache-2.0
// Shares of a plan for several processes. Packs that depend on each other, through the policy a
// segment starts from or its reference, belong to one part; a shard is some whole parts, so that no
// process ever waits for another, in whatever order they are started.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiments/plan.h"

namespace tightrope {

// The share `index` of `count`, 0 <= index < count.
struct Shard {
  int index = 0;
  int count = 1;
};

// Reads "2/8". Throws InputError.
Shard parse_shard(const std::string& text);

// Packs that depend on each other and on no others.
struct PlanPart {
  std::vector<int> packs;  // in the order of the plan
  double work = 0;         // sequences to compute: a measure of cost that every machine agrees on
};

// All parts, in the order of their first packs.
std::vector<PlanPart> independent_parts(const Plan& plan);

// [packs] 1 where the pack belongs to the shard. Deterministic: the parts, largest first, each go
// to the shard with the least work so far.
std::vector<std::uint8_t> packs_of(const Plan& plan, Shard shard);

}  // namespace tightrope
