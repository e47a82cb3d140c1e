// SPDX-License-Identifier: Apache-2.0
// Texts as token ids, and how often each of their n-grams occurs.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <vector>

namespace tightrope {

inline constexpr int kMaxNgramOrder = 4;

using TokenSpan = std::span<const std::int32_t>;
using ReferenceSpan = std::span<const TokenSpan>;  // the references of one hypothesis, at least one

// A hypothesis with its references; views only, the tokens must outlive them.
struct TextPair {
  TokenSpan hypothesis;
  std::vector<TokenSpan> references;
};

// `order` tokens in a row, 1 <= order <= 4; the places after them are 0.
struct Ngram {
  int order = 0;
  std::array<std::int32_t, kMaxNgramOrder> tokens{};
  auto operator<=>(const Ngram&) const = default;
};

struct NgramCount {
  Ngram ngram;
  std::int64_t count = 0;
};

// Each n-gram of order 1..4 once, ascending (so by order first): sums over them have one order of
// addition on every machine. A text of L tokens holds max(0, L - n + 1) n-grams of order n.
std::vector<NgramCount> ngram_counts(TokenSpan tokens);

// 0 when it does not occur; `counts` as ngram_counts returns it.
std::int64_t count_of(std::span<const NgramCount> counts, const Ngram& ngram);

}  // namespace tightrope
