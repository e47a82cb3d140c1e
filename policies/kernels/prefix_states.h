// SPDX-License-Identifier: Apache-2.0
// All grammatical prefixes of a small vocabulary, numbered.
#pragma once

#include <vector>

#include "core/api/vocabulary.h"

namespace tightrope {

// States are prefixes after which more than one token may follow or which lead to such prefixes;
// state 0 is <think>. Prefixes that hold a diagnosis are no states: one law is left, <eos>.
class PrefixStates {
 public:
  // Stops counting behind `most` states: ok() is then false.
  PrefixStates(const Vocabulary& vocabulary, const Grammar& grammar, std::int64_t most);

  bool ok() const { return ok_; }
  int size() const { return static_cast<int>(ranges_.size()); }
  // The state after `token`, or -1 behind a diagnosis and for an ungrammatical token.
  int next(int state, Token token) const {
    return next_[static_cast<std::size_t>(state) * vocabulary_size_ + token];
  }
  TokenRange range(int state) const { return ranges_[state]; }

 private:
  int vocabulary_size_;
  bool ok_ = true;
  std::vector<int> next_;  // [states, V]
  std::vector<TokenRange> ranges_;
};

}  // namespace tightrope
