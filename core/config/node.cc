// SPDX-License-Identifier: Apache-2.0
#include "core/config/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace tightrope {

struct Node::Data {
  Kind kind = Kind::kNull;
  bool quoted = false;
  Mark mark;
  std::string text;
  std::vector<Node> items;
  std::vector<NodeEntry> entries;
};

namespace {

// Nothing but digits from `begin`, at least one, and no leading zero unless alone.
bool plain_digits(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool any_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view without_sign(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  return text;
}

// 12, 1.5, .5, 5., 1e3, 1.5e-3 with an optional sign; no hexadecimal, octal or underscores.
bool is_decimal(std::string_view text) {
  text = without_sign(text);
  const std::size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    const std::string_view exponent = without_sign(text.substr(e + 1));
    if (exponent.empty() || !any_digits(exponent)) return false;
    text = text.substr(0, e);
  }
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return plain_digits(text);
  const std::string_view whole = text.substr(0, dot);
  const std::string_view fraction = text.substr(dot + 1);
  if (whole.empty() && fraction.empty()) return false;
  return (whole.empty() || plain_digits(whole)) && any_digits(fraction);
}

std::optional<double> decimal_value(std::string_view text) {
  if (!is_decimal(text)) return std::nullopt;
  if (text[0] == '+') text.remove_prefix(1);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ptr != text.data() + text.size()) return std::nullopt;
  // Out of range: an underflow is a zero as far as a user can tell, an overflow is no number.
  if (result.ec == std::errc::result_out_of_range) {
    return std::abs(std::strtod(std::string(text).c_str(), nullptr)) < 1
               ? std::optional<double>(0.0)
               : std::nullopt;
  }
  return value;
}

}  // namespace

std::string Mark::text() const {
  if (!file) return line > 0 ? fmt::format("{}:{}", line, column) : std::string();
  return line > 0 ? fmt::format("{}:{}:{}", *file, line, column) : *file;
}

Node::Node() {
  static const std::shared_ptr<const Data> null = std::make_shared<const Data>();
  data_ = null;
}

Node::Node(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

Node Node::null(Mark mark) {
  auto data = std::make_shared<Data>();
  data->mark = std::move(mark);
  return Node(std::move(data));
}

Node Node::scalar(std::string text, bool quoted, Mark mark) {
  auto data = std::make_shared<Data>();
  data->kind = Kind::kScalar;
  data->text = std::move(text);
  data->quoted = quoted;
  data->mark = std::move(mark);
  return Node(std::move(data));
}

Node Node::sequence(std::vector<Node> items, Mark mark) {
  auto data = std::make_shared<Data>();
  data->kind = Kind::kSequence;
  data->items = std::move(items);
  data->mark = std::move(mark);
  return Node(std::move(data));
}

Node Node::map(std::vector<NodeEntry> entries, Mark mark) {
  auto data = std::make_shared<Data>();
  data->kind = Kind::kMap;
  data->entries = std::move(entries);
  data->mark = std::move(mark);
  return Node(std::move(data));
}

Node::Kind Node::kind() const { return data_->kind; }

std::string Node::kind_name() const {
  switch (kind()) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return "a value";
    case Kind::kSequence:
      return "a list";
    case Kind::kMap:
      break;
  }
  return "a mapping";
}

const Mark& Node::mark() const { return data_->mark; }
const std::string& Node::text() const { return data_->text; }
bool Node::quoted() const { return data_->quoted; }
const std::vector<Node>& Node::items() const { return data_->items; }
const std::vector<NodeEntry>& Node::entries() const { return data_->entries; }

const Node* Node::find(std::string_view key) const {
  for (const NodeEntry& entry : data_->entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::optional<double> Node::as_number() const {
  if (!is_scalar() || quoted()) return std::nullopt;
  if (const std::string& text = data_->text; text == ".inf" || text == "+.inf") {
    return std::numeric_limits<double>::infinity();
  } else if (text == "-.inf") {
    return -std::numeric_limits<double>::infinity();
  } else {
    return decimal_value(text);
  }
}

std::optional<std::int64_t> Node::as_integer() const {
  if (!is_scalar() || quoted()) return std::nullopt;
  std::string_view text = data_->text;
  if (plain_digits(without_sign(text))) {
    if (text[0] == '+') text.remove_prefix(1);
    std::int64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    return result.ec == std::errc() ? std::optional(value) : std::nullopt;
  }
  if (text.find_first_of("eE") == std::string_view::npos) return std::nullopt;
  const std::optional<double> value = decimal_value(text);
  constexpr double kExact = 9007199254740992.0;  // 2^53: every whole double below is exact
  if (!value || std::abs(*value) > kExact || std::floor(*value) != *value) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

std::optional<bool> Node::as_boolean() const {
  if (!is_scalar() || quoted()) return std::nullopt;
  if (data_->text == "true") return true;
  if (data_->text == "false") return false;
  return std::nullopt;
}

}  // namespace tightrope
