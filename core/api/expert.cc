// SPDX-License-Identifier: Apache-2.0
#include "core/api/expert.h"

#include "core/base/check.h"

namespace tightrope {

std::vector<Pair> Expert::propose_several(const ExpertContext& context, int n, bool thinking,
                                          const Stream& stream, std::uint32_t repeat,
                                          int count) const {
  std::vector<Pair> pairs;
  std::vector<int> proposed;
  ExpertContext own = context;
  for (int k = 0; k < count; ++k) {
    own.excluded = proposed;
    pairs.push_back(propose(own, n, thinking,
                            k == 0 ? stream : stream.child(static_cast<std::uint64_t>(k)), repeat));
    TR_REQUIRE(pairs[k].chosen.tokens == pairs[0].chosen.tokens,
               "several negatives need one factual side, this expert cuts it anew for each (cut: "
               "random_step)");
    proposed.push_back(pairs[k].rejected_disease);
  }
  return pairs;
}

}  // namespace tightrope
