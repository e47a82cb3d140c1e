// SPDX-License-Identifier: Apache-2.0
#include "graph/concept_environment.h"

namespace tightrope {

double ConceptEnvironment::reward(const Cases& cases, int n, std::span<const Token> tokens) const {
  int written = -1;
  for (const Token token : tokens) {
    if (vocabulary().is_disease(token)) written = vocabulary().disease_of(token);
  }
  const int z = cases.disease[n];
  if (written < 0) return 0;
  if (reward_.empty()) return written == z ? 1 : 0;
  return reward_[static_cast<std::size_t>(z) * vocabulary().diseases() + written];
}

}  // namespace tightrope
