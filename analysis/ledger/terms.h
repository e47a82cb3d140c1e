// SPDX-License-Identifier: Apache-2.0
// The parts of the analysis beside the ledger itself. Each fills its own fields for the segments
// [first, first + count) of a pack, or of a block of laws at its present checkpoint c. The fields
// are those of ledger_group and measures_group; a field that is left out is not computed.
#pragma once

#include "analysis/analyze/fields.h"
#include "analysis/ledger/law_block.h"
#include "analysis/ledger/prefix_ledger.h"

namespace tightrope {

// measures/*: distances of the policy's law to the oracle's and to the reference's at every prefix.
void enter_measures(const PackView& view, const LawBlock& block, std::size_t c, FieldSet& fields);

// ledger/environment_*: for a policy q held fixed, from one environment P to the next P',
//   CE(P', q) - CE(P, q) = [H(P') - H(P)] + [KL(P' || q) - KL(P || q)],
// all of whole sequences given the image, prefixes drawn from each environment's own oracle. The
// environments' probes are drawn with independent random numbers: unpaired, Welch's interval.
// Throws InternalError when the three terms miss the identity by more than kLargestResidual.
void enter_environment_terms(const PackView& view, const LawBlock& block,
                             const PrefixLedger& ledger, std::size_t c, FieldSet& fields);

// ledger/needed, excess, tilt at the answer's prefix, reward 1 for the case's own diagnosis.
void enter_rewards(const PackView& view, const LawBlock& block, std::size_t c, FieldSet& fields);

// ledger/*_effect, interaction, shapley: of the metrics in /evaluation.
void enter_effects(const PackView& view, std::size_t first, std::size_t count, FieldSet& fields);

// ledger/regret*, budget_*: after kl_sum is there.
void enter_regret(const PackView& view, std::size_t first, std::size_t count, FieldSet& fields);

// measures/position_drift_*: along the thinking, from /belief.
void enter_belief_drift(const PackView& view, const LawBlock& block, FieldSet& fields);

}  // namespace tightrope
