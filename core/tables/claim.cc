// SPDX-License-Identifier: Apache-2.0
#include "core/tables/claim.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "core/base/check.h"
#include "core/base/strings.h"

namespace tightrope {
namespace {

// Reads one side of a relation: [+-] [number *] (arm[column] | number) ...
class SideReader {
 public:
  SideReader(const std::string& claim, std::string_view side, const std::string& on,
             const std::vector<std::string>& arms)
      : claim_(claim), side_(side), on_(on), arms_(arms) {}

  std::vector<ClaimTerm> read() {
    std::vector<ClaimTerm> terms;
    double sign = 1;
    skip_space();
    if (peek() == '-' || peek() == '+') sign = side_[at_++] == '-' ? -1 : 1;
    while (true) {
      ClaimTerm term = read_term();
      term.coefficient *= sign;
      terms.push_back(std::move(term));
      skip_space();
      if (at_ == side_.size()) return terms;
      const char next = side_[at_++];
      if (next != '+' && next != '-') fail("expected + or -");
      sign = next == '-' ? -1 : 1;
    }
  }

 private:
  char peek() const { return at_ < side_.size() ? side_[at_] : '\0'; }
  void skip_space() {
    while (std::isspace(static_cast<unsigned char>(peek()))) ++at_;
  }
  [[noreturn]] void fail(const std::string& why) const {
    const std::string_view rest = side_.substr(std::min(at_, side_.size()));
    throw InputError(fmt::format("cannot read the claim \"{}\": {}{}", claim_, why,
                                 rest.empty() ? "" : fmt::format(" at \"{}\"", rest)));
  }

  ClaimTerm read_term() {
    skip_space();
    ClaimTerm term;
    if (std::isdigit(static_cast<unsigned char>(peek())) || peek() == '.') {
      const std::string rest(side_.substr(at_));
      char* end = nullptr;
      term.coefficient = std::strtod(rest.c_str(), &end);
      at_ += static_cast<std::size_t>(end - rest.c_str());
      skip_space();
      if (peek() != '*') return term;
      ++at_;
      skip_space();
    }
    const std::size_t begin = at_;
    while (std::isalnum(static_cast<unsigned char>(peek())) || peek() == '_') ++at_;
    term.arm = std::string(side_.substr(begin, at_ - begin));
    if (term.arm.empty()) fail("expected the name of an arm or a number");
    require_arm(term.arm);
    term.column = read_column();
    return term;
  }

  Column read_column() {
    if (peek() != '[') {
      if (on_.empty()) fail("no column: write `on:` or arm[column]");
      return parse_column(on_);
    }
    std::size_t close = at_;  // environments may be named target[prior]
    for (int depth = 0; close < side_.size(); ++close) {
      depth += side_[close] == '[' ? 1 : side_[close] == ']' ? -1 : 0;
      if (depth == 0) break;
    }
    if (close == side_.size()) fail("missing ]");
    const Column column = parse_column(side_.substr(at_ + 1, close - at_ - 1));
    at_ = close + 1;
    return column;
  }

  void require_arm(const std::string& arm) const {
    if (std::find(arms_.begin(), arms_.end(), arm) != arms_.end()) return;
    const auto near = nearest(arm, arms_);
    throw InputError(
        fmt::format("the claim \"{}\" names the arm \"{}\", which does not exist{} arms: {}",
                    claim_, arm, near ? fmt::format("; did you mean \"{}\"?", *near) : ";",
                    join(std::span(arms_).first(std::min<std::size_t>(20, arms_.size())), ", ") +
                        (arms_.size() > 20 ? ", ..." : "")));
  }

  const std::string& claim_;
  std::string_view side_;
  const std::string& on_;
  const std::vector<std::string>& arms_;
  std::size_t at_ = 0;
};

Contrast difference(std::vector<ClaimTerm> larger, std::vector<ClaimTerm> smaller,
                    const std::string& text) {
  Contrast out{text, std::move(larger)};
  for (ClaimTerm& term : smaller) {
    term.coefficient = -term.coefficient;
    if (!term.arm.empty() || term.coefficient != 0) out.terms.push_back(std::move(term));
  }
  return out;
}

}  // namespace

Claim parse_claim(const std::string& name, const std::string& says, const std::string& on,
                  const std::vector<std::string>& arms) {
  Claim claim{name, says, {}};
  std::vector<std::string> sides;
  std::string relations;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= says.size(); ++i) {
    if (i < says.size() && says[i] != '<' && says[i] != '>') continue;
    sides.emplace_back(trim(std::string_view(says).substr(begin, i - begin)));
    if (i < says.size()) relations.push_back(says[i]);
    begin = i + 1;
  }
  TR_REQUIRE(!relations.empty(), "cannot read the claim \"{}\": expected < or >", says);
  for (std::size_t i = 0; i < relations.size(); ++i) {
    std::vector<ClaimTerm> left = SideReader(says, sides[i], on, arms).read();
    std::vector<ClaimTerm> right = SideReader(says, sides[i + 1], on, arms).read();
    const std::string text = fmt::format("{} {} {}", sides[i], relations[i], sides[i + 1]);
    claim.parts.push_back(relations[i] == '>' ? difference(left, right, text)
                                              : difference(right, left, text));
  }
  return claim;
}

}  // namespace tightrope
