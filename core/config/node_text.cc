// SPDX-License-Identifier: Apache-2.0
// Trees as JSON and as YAML text.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/base/strings.h"
#include "core/config/node.h"

namespace tightrope {
namespace {

bool is_null_text(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

// Whether the plain text reads back as this text and nothing else; deliberately conservative.
bool safe_plain(std::string_view text) {
  constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-()<>=%^ ";
  if (is_null_text(text) || text.back() == ' ' || text.starts_with("...")) return false;
  if (kSafe.substr(0, 64).find(text[0]) == std::string_view::npos) return false;
  return text.find_first_not_of(kSafe) == std::string_view::npos;
}

// Double quotes with the escapes that JSON and YAML share.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool is_json_number(std::string_view text) {
  if (text.starts_with('+')) return false;
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return true;
  const auto digit = [&](std::size_t i) {
    return i < text.size() && text[i] >= '0' && text[i] <= '9';
  };
  return dot > 0 && digit(dot - 1) && digit(dot + 1);
}

void write_json(const Node& node, std::string& out) {
  switch (node.kind()) {
    case Node::Kind::kNull:
      out += "null";
      return;
    case Node::Kind::kScalar:
      out += json_scalar(node);
      return;
    case Node::Kind::kSequence: {
      out += '[';
      const char* separator = "";
      for (const Node& item : node.items()) {
        out += separator;
        write_json(item, out);
        separator = ", ";
      }
      out += ']';
      return;
    }
    case Node::Kind::kMap:
      break;
  }
  out += '{';
  const char* separator = "";
  for (const NodeEntry& entry : node.entries()) {
    out += separator;
    out += in_quotes(entry.key) + ": ";
    write_json(entry.value, out);
    separator = ", ";
  }
  out += '}';
}

std::string yaml_scalar(const Node& node) {
  if (node.is_null()) return "null";
  return yaml_text(node.text(), node.quoted());
}

// Writes the value of a key or an item; the caller has written "key:" or "-".
void write_yaml(const Node& node, int indent, bool after_dash, std::string& out) {
  const std::string pad(static_cast<std::size_t>(indent), ' ');
  if (node.is_map() && !node.entries().empty()) {
    bool first = after_dash;
    if (!after_dash) out += '\n';
    if (after_dash) out += ' ';
    for (const NodeEntry& entry : node.entries()) {
      out += (first ? "" : pad) + yaml_text(entry.key, false) + ":";
      first = false;
      write_yaml(entry.value, indent + 2, false, out);
    }
  } else if (node.is_sequence() && !node.items().empty()) {
    out += '\n';
    for (const Node& item : node.items()) {
      out += pad + "-";
      write_yaml(item, indent + 2, true, out);
    }
  } else {
    const char* empty = node.is_map() ? "{}" : "[]";
    const bool collection = node.is_map() || node.is_sequence();
    out += " " + (collection ? std::string(empty) : yaml_scalar(node)) + "\n";
  }
}

}  // namespace

std::string json_scalar(const Node& node) {
  if (node.as_boolean()) return node.text();
  if (const std::optional<double> value = node.as_number(); value && std::isfinite(*value)) {
    return is_json_number(node.text()) ? node.text() : number_text(*value);
  }
  return in_quotes(node.text());
}

std::string yaml_text(std::string_view text, bool quoted) {
  if (quoted) return in_quotes(text);
  const Node plain = Node::scalar(std::string(text));
  return plain.as_number() || safe_plain(text) ? std::string(text) : in_quotes(text);
}

std::string to_json(const Node& node) {
  std::string out;
  write_json(node, out);
  return out;
}

std::string to_yaml(const Node& node) {
  std::string out;
  write_yaml(node, 0, false, out);
  if (!out.empty() && (out[0] == '\n' || out[0] == ' ')) out.erase(0, 1);
  return out;
}

Node text_node(const std::string& text) {
  const Node plain = Node::scalar(text);
  const bool ambiguous = plain.as_number() || plain.as_boolean() || is_null_text(text);
  return ambiguous ? Node::scalar(text, true) : plain;
}

}  // namespace tightrope
