// SPDX-License-Identifier: Apache-2.0
#include "core/config/sweep_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "core/base/strings.h"
#include "core/config/sweep_tokens.h"

namespace tightrope::internal {
namespace {

using Filter = std::unique_ptr<const SweepFilter>;
constexpr int kDeepestFilter = 50;

// A literal, or a parameter looked up in the point.
struct Operand {
  bool is_name = false;
  std::string name;
  Node literal;

  const Node* value(const SweepPoint& point) const { return is_name ? point.find(name) : &literal; }
};

class Comparison : public SweepFilter {
 public:
  Comparison(Operand left, std::string op, std::vector<Operand> right)
      : left_(std::move(left)), op_(std::move(op)), right_(std::move(right)) {}

  bool holds(const SweepPoint& point) const override {
    const Node* a = left_.value(point);
    if (op_ == "==" || op_ == "in") return among(a, point);
    if (op_ == "!=" || op_ == "not in") return !among(a, point);
    const Node* b = right_[0].value(point);
    if (a == nullptr || b == nullptr || !a->as_number() || !b->as_number()) return false;
    const double x = *a->as_number();
    const double y = *b->as_number();
    if (op_ == "<") return x < y;
    if (op_ == "<=") return x <= y;
    return op_ == ">" ? x > y : x >= y;
  }

 private:
  bool among(const Node* a, const SweepPoint& point) const {
    if (a == nullptr) return false;
    return std::any_of(right_.begin(), right_.end(), [&](const Operand& operand) {
      const Node* b = operand.value(point);
      return b != nullptr && same_value(*a, *b);
    });
  }

  Operand left_;
  std::string op_;
  std::vector<Operand> right_;
};

class Combination : public SweepFilter {
 public:
  Combination(bool all, std::vector<Filter> parts) : all_(all), parts_(std::move(parts)) {}
  bool holds(const SweepPoint& point) const override {
    for (const Filter& part : parts_) {
      if (part->holds(point) != all_) return !all_;
    }
    return all_;
  }

 private:
  bool all_;
  std::vector<Filter> parts_;
};

class Negation : public SweepFilter {
 public:
  explicit Negation(Filter inner) : inner_(std::move(inner)) {}
  bool holds(const SweepPoint& point) const override { return !inner_->holds(point); }

 private:
  Filter inner_;
};

// Recursive descent; a failure is thrown as FilterError and reported by parse_filter.
class Parser {
 public:
  Parser(std::vector<FilterToken> tokens, const SweepNames& names)
      : tokens_(std::move(tokens)), names_(names) {}

  Filter whole() {
    Filter filter = either();
    if (!now().end) fail("expected \"and\", \"or\" or the end");
    return filter;
  }

 private:
  const FilterToken& now() const { return tokens_[at_]; }
  bool is(const std::string& text) const { return !now().literal && now().text == text; }
  bool take(const std::string& text) {
    if (!is(text)) return false;
    ++at_;
    return true;
  }
  [[noreturn]] void fail(const std::string& text) const {
    throw FilterError{now().place,
                      text + ", got " + (now().end ? "the end" : shown_text(now().text))};
  }

  Filter joined(const char* word, bool all) {
    std::vector<Filter> parts;
    do {
      parts.push_back(all ? negated() : both());
    } while (take(word));
    if (parts.size() == 1) return std::move(parts[0]);
    return std::make_unique<Combination>(all, std::move(parts));
  }
  Filter either() { return joined("or", false); }
  Filter both() { return joined("and", true); }

  Filter negated() {
    if (++depth_ > kDeepestFilter) fail("nested too deeply");
    Filter filter;
    if (take("not")) {
      filter = std::make_unique<Negation>(negated());
    } else if (take("(")) {
      filter = either();
      if (!take(")")) fail("expected \")\"");
    } else {
      filter = comparison();
    }
    --depth_;
    return filter;
  }

  Filter comparison() {
    const FilterToken& first = now();
    if (!first.word) fail("expected the name of a sweep parameter");
    if (!names_.known(first.text)) {
      const std::string known = join(names_.names(), ", ");
      const std::string hint = did_you_mean(first.text, names_.names());
      throw FilterError{
          first.place, fmt::format("unknown sweep parameter {}{} known: {}", shown_text(first.text),
                                   hint.empty() ? ";" : hint, known)};
    }
    Operand left{true, first.text, {}};
    ++at_;
    std::string op = now().text;
    if (take("in")) return std::make_unique<Comparison>(std::move(left), "in", list());
    if (take("not")) {
      if (!take("in")) fail("expected \"in\"");
      return std::make_unique<Comparison>(std::move(left), "not in", list());
    }
    for (const char* known : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (!take(known)) continue;
      std::vector<Operand> right;
      right.push_back(operand());
      const Operand& value = right[0];
      if (op[0] != '=' && op[0] != '!' && !value.is_name && !value.literal.as_number()) {
        --at_;
        fail(fmt::format("\"{}\" needs a number", op));
      }
      return std::make_unique<Comparison>(std::move(left), op, std::move(right));
    }
    fail("expected one of == != < <= > >= in");
  }

  std::vector<Operand> list() {
    if (!take("[")) fail("expected \"[\"");
    std::vector<Operand> values;
    do {
      values.push_back(operand());
    } while (take(","));
    if (!take("]")) fail("expected \",\" or \"]\"");
    return values;
  }

  Operand operand() {
    const FilterToken token = now();
    const bool keyword =
        token.text == "and" || token.text == "or" || token.text == "not" || token.text == "in";
    if (!token.literal && (!token.word || keyword)) fail("expected a value");
    ++at_;
    if (token.word && names_.known(token.text)) return {true, token.text, {}};
    return {false, "", Node::scalar(token.text, token.literal)};
  }

  std::vector<FilterToken> tokens_;
  const SweepNames& names_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

bool same_value(const Node& a, const Node& b) {
  if (a.is_scalar() && b.is_scalar()) {
    const std::optional<double> x = a.as_number();
    const std::optional<double> y = b.as_number();
    if (x && y) return *x == *y;
    return a.text() == b.text();
  }
  return a.kind() == b.kind() && to_json(a) == to_json(b);
}

SweepNames::SweepNames(const std::vector<SweepAxis>& axes) : axes_(axes) {
  std::unordered_set<std::string> seen;
  const auto add = [&](const std::string& name) {
    if (seen.insert(name).second) names_.push_back(name);
  };
  for (const SweepAxis& axis : axes) {
    for (const SweepRow& row : axis.rows) {
      if (!row.arm.is_null()) add("arm");
      for (const auto& [path, value] : row.overrides) add(path);
    }
  }
}

bool SweepNames::known(const std::string& name) const {
  if (std::find(names_.begin(), names_.end(), name) != names_.end()) return true;
  for (const SweepAxis& axis : axes_) {
    for (const SweepRow& row : axis.rows) {
      if (find_override(row.overrides, name) != nullptr) return true;
    }
  }
  return false;
}

std::unique_ptr<const SweepFilter> parse_filter(const Node& text, const std::string& path,
                                                const SweepNames& names, Problems& problems) {
  if (!text.is_scalar()) {
    problems.add(text.mark(), path,
                 "expected text such as \"arm == cpo and rft.steps > 100\", got " + shown(text));
    return nullptr;
  }
  try {
    return Parser(filter_tokens(text.text()), names).whole();
  } catch (const FilterError& error) {
    problems.add(
        text.mark(), path,
        fmt::format("{}: character {}: {}", shown_text(text.text()), error.place + 1, error.text));
    return nullptr;
  }
}

}  // namespace tightrope::internal
