// SPDX-License-Identifier: Apache-2.0
// The numbers of a rule world: from options to tables, and from tables to the law.
#pragma once

#include "core/api/world_params.h"
#include "core/random/stream.h"
#include "graph/rule_law.h"
#include "graph/rule_shape.h"

namespace tightrope {

// The tables named in rule_world.h at time 0: those of concept_tables(), of which link and theta
// have a row per category in place of one per disease, and flip. Random by `stream`: as there.
WorldParams make_rule_tables(const RuleShape& shape, const Stream& stream);

// The law that the tables say. Throws InputError when they are unlawful.
RuleLaw compile_rule_law(const RuleShape& shape, const WorldParams& tables);

}  // namespace tightrope
