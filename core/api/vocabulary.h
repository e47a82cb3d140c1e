// SPDX-License-Identifier: Apache-2.0
// Tokens and the canonical-order grammar of a thinking stream:
//   <think> [category] finding* </think> diagnosis <eos>
// with <answer_now> in place of </think> when an unfinished chain is read out (forced by evaluation
// and by truncated training sequences, never sampled).
//
// Token ids: <think> 0, <answer_now> 1, <eos> 2, categories, diseases, then three tokens per
// attribute k in canonical order (synonym 0, synonym 1, "no k"), and </think> last. This order
// makes the set of allowed next tokens one contiguous range in every state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tightrope {

using Token = std::int32_t;

// How an attribute is reported: one slot per attribute.
enum class Slot : std::uint8_t { kSilent = 0, kSynonym0 = 1, kSynonym1 = 2, kAbsent = 3 };

struct Names {
  std::vector<std::string> categories;  // empty unless reports open with a category
  std::vector<std::string> diseases;
  std::vector<std::string> attributes;  // canonical order
};

class Vocabulary {
 public:
  explicit Vocabulary(Names names);

  int size() const { return size_; }
  int categories() const { return static_cast<int>(names_.categories.size()); }
  int diseases() const { return static_cast<int>(names_.diseases.size()); }
  int attributes() const { return static_cast<int>(names_.attributes.size()); }

  static constexpr Token think() { return 0; }
  static constexpr Token answer_now() { return 1; }
  static constexpr Token end_of_sequence() { return 2; }
  Token category(int g) const { return 3 + g; }
  Token disease(int z) const { return first_disease_ + z; }
  // Slot::kSilent has no token.
  Token finding(int attribute, Slot slot) const {
    return first_attribute_ + 3 * attribute + static_cast<int>(slot) - 1;
  }
  Token end_think() const { return size_ - 1; }

  Token first_disease() const { return first_disease_; }
  Token first_attribute() const { return first_attribute_; }
  bool is_category(Token t) const { return t >= 3 && t < first_disease_; }
  bool is_disease(Token t) const { return t >= first_disease_ && t < first_attribute_; }
  bool is_finding(Token t) const { return t >= first_attribute_ && t < size_ - 1; }
  int disease_of(Token t) const { return t - first_disease_; }
  int category_of(Token t) const { return t - 3; }
  int attribute_of(Token t) const { return (t - first_attribute_) / 3; }
  Slot slot_of(Token t) const { return static_cast<Slot>((t - first_attribute_) % 3 + 1); }

  // "<think>", "pneumonia", "+air_bronchograms.0", "-air_bronchograms", "category:..." ...
  std::string name(Token t) const;
  const Names& names() const { return names_; }

 private:
  Names names_;
  int first_disease_;
  int first_attribute_;
  int size_;
};

// Half-open range of token ids.
struct TokenRange {
  Token begin = 0;
  Token end = 0;
  int size() const { return end - begin; }
  bool contains(Token t) const { return t >= begin && t < end; }
};

// Which tokens may follow. The mask is part of every policy's output layer; switched off, every
// token is allowed everywhere (for studies of what out-of-grammar gradients do).
class Grammar {
 public:
  // max_mentions: at this many findings only </think> may follow. masked = false switches it off.
  Grammar(const Vocabulary& vocabulary, int max_mentions, bool masked = true);

  struct State {
    Token last = Vocabulary::think();
    int mentions = 0;
  };

  static State start() { return {}; }
  State next(State state, Token token) const {
    return {token, state.mentions + (token >= first_attribute_ && token < size_ - 1 ? 1 : 0)};
  }
  // Never contains <answer_now>. After <eos>: the whole vocabulary (never asked for).
  TokenRange allowed(State state) const;
  // The range of the state, whatever `masked` says: what sampling and the oracle use.
  TokenRange grammatical(State state) const;

  int max_mentions() const { return max_mentions_; }
  bool masked() const { return masked_; }
  // <think>, category, max_mentions findings, </think>, diagnosis, <eos>.
  int max_tokens() const { return max_mentions_ + 4 + (has_category_ ? 1 : 0); }

 private:
  Token first_disease_;
  Token first_attribute_;
  Token size_;
  int max_mentions_;
  bool has_category_;
  bool masked_;
};

}  // namespace tightrope
