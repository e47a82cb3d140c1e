// SPDX-License-Identifier: Apache-2.0
#include "core/api/vocabulary.h"

#include "core/base/check.h"

namespace tightrope {

Vocabulary::Vocabulary(Names names) : names_(std::move(names)) {
  TR_REQUIRE(!names_.diseases.empty(), "a vocabulary needs at least one disease");
  first_disease_ = 3 + categories();
  first_attribute_ = first_disease_ + diseases();
  size_ = first_attribute_ + 3 * attributes() + 1;
}

std::string Vocabulary::name(Token t) const {
  TR_CHECK(t >= 0 && t < size_, "token {} of {}", t, size_);
  if (t == think()) return "<think>";
  if (t == answer_now()) return "<answer_now>";
  if (t == end_of_sequence()) return "<eos>";
  if (t == end_think()) return "</think>";
  if (is_category(t)) return "category:" + names_.categories[category_of(t)];
  if (is_disease(t)) return names_.diseases[disease_of(t)];
  const std::string& attribute = names_.attributes[attribute_of(t)];
  const Slot slot = slot_of(t);
  if (slot == Slot::kAbsent) return "-" + attribute;
  return "+" + attribute + (slot == Slot::kSynonym0 ? ".0" : ".1");
}

Grammar::Grammar(const Vocabulary& vocabulary, int max_mentions, bool masked)
    : first_disease_(vocabulary.first_disease()),
      first_attribute_(vocabulary.first_attribute()),
      size_(vocabulary.size()),
      max_mentions_(max_mentions),
      has_category_(vocabulary.categories() > 0),
      masked_(masked) {
  TR_REQUIRE(max_mentions >= 0, "max_mentions must be at least 0, got {}", max_mentions);
}

TokenRange Grammar::grammatical(State state) const {
  const Token last = state.last;
  if (last == Vocabulary::think() && has_category_) return {3, first_disease_};
  if (last == size_ - 1 || last == Vocabulary::answer_now()) {
    return {first_disease_, first_attribute_};
  }
  if (last >= first_disease_ && last < first_attribute_) {
    return {Vocabulary::end_of_sequence(), Vocabulary::end_of_sequence() + 1};
  }
  if (last == Vocabulary::end_of_sequence()) return {0, size_};
  if (state.mentions >= max_mentions_) return {size_ - 1, size_};
  if (last < first_attribute_) return {first_attribute_, size_};  // <think> or a category
  const Token attribute = (last - first_attribute_) / 3;
  return {first_attribute_ + 3 * (attribute + 1), size_};
}

TokenRange Grammar::allowed(State state) const {
  if (!masked_) return {0, size_};
  return grammatical(state);
}

}  // namespace tightrope
