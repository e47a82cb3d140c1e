// SPDX-License-Identifier: Apache-2.0
// The words of CCF files: reports as the names of a world's tokens, joined by single spaces.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/ccf_record.h"

namespace tightrope {

// Looks names up. The vocabulary must outlive it.
class CcfNames {
 public:
  // Throws InputError when a name of the vocabulary holds a space: reports could not be read back.
  explicit CcfNames(const CcfShape& shape);
  CcfNames(const CcfNames&) = delete;
  CcfNames& operator=(const CcfNames&) = delete;

  const CcfShape& shape() const { return shape_; }
  const Vocabulary& vocabulary() const { return shape_.vocabulary; }

  // Index of a name; each throws InputError "KEY: unknown ..." with the nearest known one.
  int disease(std::string_view name, const std::string& key) const;
  int category(std::string_view name, const std::string& key) const;
  int attribute(std::string_view name, const std::string& key) const;

  // [category] finding*: what stands between <think> and </think>. `disease` is what the chain ends
  // in. Throws InputError "KEY: ..." for a word that is no token and where the grammar forbids it.
  CcfReport read(std::string_view text, int disease, const std::string& key) const;
  // Appends the text of a report as it stands between the quotes of JSON.
  void append(const CcfReport& report, std::string& out) const;

 private:
  using Index = std::unordered_map<std::string_view, int>;
  Token token(std::string_view word, const std::string& key) const;

  CcfShape shape_;
  Grammar grammar_;
  std::vector<std::string> word_;  // [V] names of the tokens
  std::vector<std::string> json_;  // [V] the same as they stand inside JSON quotes
  Index tokens_, diseases_, categories_, attributes_;
};

}  // namespace tightrope
