// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <memory>

#include "analysis/ledger/terms.h"
#include "analysis/measures/reward_split.h"

namespace tightrope {

void enter_rewards(const PackView& view, const LawBlock& block, std::size_t c, FieldSet& fields) {
  if (!fields.has("ledger/needed")) return;
  const std::size_t v = view.vocabulary();
  Field& needed = fields["ledger/needed"];
  Field& excess = fields["ledger/excess"];
  Field& tilt = fields["ledger/tilt"];
  const auto success = std::make_unique<bool[]>(v);
  const auto enter = [&](std::size_t s, std::size_t e, std::size_t n) {
    const std::size_t cell = block.cell(s, e, n, block.length(s, e, n) - 2);
    const std::span<const double> policy(block.log_of(block.now(), cell), v);
    const std::span<const double> reference(block.reference(cell).log, v);
    if (std::isnan(policy[0]) || std::isnan(reference[0])) return;  // a diverged segment
    const auto answer = static_cast<std::size_t>(block.answer(s, e, n));
    success[answer] = true;
    const RewardSplit split = split_binary_reward(policy, reference, {success.get(), v});
    success[answer] = false;
    needed(s, c, e, n) = split.needed;
    excess(s, c, e, n) = split.excess;
    tilt(s, c, e, n) = split.lambda;
  };
  for (std::size_t s = 0; s < block.count(); ++s) {
    for (std::size_t e = 0; e < view.environments(); ++e) {
      for (std::size_t n = 0; n < view.probes; ++n) enter(s, e, n);
    }
  }
}

}  // namespace tightrope
