// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/analysis_schema.h"
#include "analysis/ledger/terms.h"

namespace tightrope {
bool has_mechanism_subsets(const PackView&) { return false; }
void enter_effects(const PackView&, std::size_t, std::size_t, FieldSet&) {}
void enter_rewards(const PackView&, const LawBlock&, std::size_t, FieldSet&) {}
}  // namespace tightrope
