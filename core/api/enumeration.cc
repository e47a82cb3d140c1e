// SPDX-License-Identifier: Apache-2.0
#include "core/api/enumeration.h"

#include <map>
#include <utility>

#include "core/base/check.h"

namespace tightrope {
namespace {

Grammar::State first_state(const Grammar& grammar, bool thinking) {
  const Grammar::State start = Grammar::start();
  return thinking ? start : grammar.next(start, Vocabulary::answer_now());
}

using Known = std::map<std::pair<Token, int>, double>;

double count_from(const Grammar& grammar, Grammar::State state, Known& known) {
  if (state.last == Vocabulary::end_of_sequence()) return 1;
  const auto found = known.find({state.last, state.mentions});
  if (found != known.end()) return found->second;
  const TokenRange range = grammar.grammatical(state);
  double count = 0;
  for (Token t = range.begin; t < range.end; ++t) {
    count += count_from(grammar, grammar.next(state, t), known);
  }
  known[{state.last, state.mentions}] = count;
  return count;
}

void extend(const Grammar& grammar, Grammar::State state, Trajectory& prefix,
            std::vector<Trajectory>& out) {
  if (state.last == Vocabulary::end_of_sequence()) {
    out.push_back(prefix);
    return;
  }
  const TokenRange range = grammar.grammatical(state);
  for (Token t = range.begin; t < range.end; ++t) {
    prefix.tokens.push_back(t);
    prefix.mask.push_back(1);
    extend(grammar, grammar.next(state, t), prefix, out);
    prefix.tokens.pop_back();
    prefix.mask.pop_back();
  }
}

}  // namespace

double count_trajectories(const Grammar& grammar, bool thinking) {
  Known known;
  return count_from(grammar, first_state(grammar, thinking), known);
}

std::vector<Trajectory> enumerate_trajectories(const Grammar& grammar, bool thinking,
                                               std::int64_t most) {
  const double count = count_trajectories(grammar, thinking);
  TR_REQUIRE(count <= static_cast<double>(most),
             "the grammar has {} complete trajectories for each case, at most {} are enumerated",
             count, most);
  std::vector<Trajectory> out;
  out.reserve(static_cast<std::size_t>(count));
  Trajectory prefix{{Vocabulary::think()}, {0}};
  if (!thinking) {
    prefix.tokens.push_back(Vocabulary::answer_now());
    prefix.mask.push_back(0);
  }
  extend(grammar, first_state(grammar, thinking), prefix, out);
  return out;
}

}  // namespace tightrope
