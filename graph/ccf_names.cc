// SPDX-License-Identifier: Apache-2.0
#include "graph/ccf_names.h"

#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/config/problems.h"

namespace tightrope {
namespace {

std::unordered_map<std::string_view, int> index_of(const std::vector<std::string>& names) {
  std::unordered_map<std::string_view, int> out;
  for (std::size_t i = 0; i < names.size(); ++i) out.emplace(names[i], static_cast<int>(i));
  return out;
}

int found(const std::unordered_map<std::string_view, int>& index, std::string_view name,
          const std::vector<std::string>& known, const char* what, const std::string& key) {
  const auto at = index.find(name);
  TR_REQUIRE(at != index.end(), "{}: unknown {} {}{}", key, what, shown_text(name),
             did_you_mean(name, known));
  return at->second;
}

}  // namespace

CcfNames::CcfNames(const CcfShape& shape)
    : shape_(shape),
      grammar_(shape.vocabulary, shape.max_mentions),
      diseases_(index_of(shape.vocabulary.names().diseases)),
      categories_(index_of(shape.vocabulary.names().categories)),
      attributes_(index_of(shape.vocabulary.names().attributes)) {
  for (Token t = 0; t < shape.vocabulary.size(); ++t) {
    word_.push_back(shape.vocabulary.name(t));
    TR_REQUIRE(word_.back().find(' ') == std::string::npos,
               "the world's token {} holds a space: a CCF report joins tokens by spaces",
               shown_text(word_.back()));
    const std::string quoted = nlohmann::json(word_.back()).dump();
    json_.push_back(quoted.substr(1, quoted.size() - 2));
  }
  tokens_ = index_of(word_);
}

int CcfNames::disease(std::string_view name, const std::string& key) const {
  return found(diseases_, name, vocabulary().names().diseases, "disease", key);
}

int CcfNames::category(std::string_view name, const std::string& key) const {
  return found(categories_, name, vocabulary().names().categories, "category", key);
}

int CcfNames::attribute(std::string_view name, const std::string& key) const {
  return found(attributes_, name, vocabulary().names().attributes, "attribute", key);
}

Token CcfNames::token(std::string_view word, const std::string& key) const {
  TR_REQUIRE(!word.empty(), "{}: two spaces in a row or one at an end", key);
  return found(tokens_, word, word_, "token", key);
}

CcfReport CcfNames::read(std::string_view text, int disease, const std::string& key) const {
  const Vocabulary& v = vocabulary();
  CcfReport out{disease, -1, std::vector<Slot>(v.attributes(), Slot::kSilent)};
  Grammar::State state = Grammar::start();
  for (std::size_t begin = 0; begin < text.size() || (begin > 0 && begin == text.size());) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const Token token = this->token(text.substr(begin, end - begin), key);
    TR_REQUIRE(v.is_category(token) || v.is_finding(token),
               "{}: {} cannot stand in a report of findings", key, shown_text(word_[token]));
    TR_REQUIRE(!v.is_finding(token) || state.mentions < shape_.max_mentions,
               "{}: more than {} findings, the most that the world's reports have", key,
               shape_.max_mentions);
    TR_REQUIRE(grammar_.grammatical(state).contains(token),
               "{}: {} cannot follow {}: {}findings in canonical order, each attribute once", key,
               shown_text(word_[token]), shown_text(word_[state.last]),
               v.categories() > 0 ? "a category, then " : "");
    if (v.is_category(token)) {
      out.category = v.category_of(token);
    } else {
      out.slot[v.attribute_of(token)] = v.slot_of(token);
    }
    state = grammar_.next(state, token);
    begin = end + 1;
  }
  TR_REQUIRE(v.categories() == 0 || out.category >= 0, "{}: must open with a category", key);
  return out;
}

void CcfNames::append(const CcfReport& report, std::string& out) const {
  const std::size_t begin = out.size();
  const auto add = [&](Token token) {
    if (out.size() > begin) out += ' ';
    out += json_[token];
  };
  if (report.category >= 0) add(vocabulary().category(report.category));
  for (int k = 0; k < vocabulary().attributes(); ++k) {
    if (report.slot[k] != Slot::kSilent) add(vocabulary().finding(k, report.slot[k]));
  }
}

}  // namespace tightrope
