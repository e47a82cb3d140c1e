// SPDX-License-Identifier: Apache-2.0
#include "policies/kernels/prefix_states.h"

namespace tightrope {

PrefixStates::PrefixStates(const Vocabulary& vocabulary, const Grammar& grammar, std::int64_t most)
    : vocabulary_size_(vocabulary.size()) {
  std::vector<Grammar::State> states;
  const auto add = [&](Grammar::State state) {
    states.push_back(state);
    ranges_.push_back(grammar.grammatical(state));
    next_.resize(states.size() * static_cast<std::size_t>(vocabulary_size_), -1);
    return static_cast<int>(states.size()) - 1;
  };
  add(Grammar::start());
  for (int s = 0; s < size(); ++s) {  // breadth first; states grows inside
    if (size() > most) {
      ok_ = false;
      return;
    }
    const auto follow = [&](Token token) {
      const int child = add(grammar.next(states[s], token));
      next_[static_cast<std::size_t>(s) * vocabulary_size_ + token] = child;
    };
    const TokenRange range = ranges_[s];
    if (range.begin == vocabulary.first_disease()) continue;  // a diagnosis follows
    for (Token token = range.begin; token < range.end; ++token) follow(token);
    follow(Vocabulary::answer_now());
  }
}

}  // namespace tightrope
