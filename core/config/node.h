// SPDX-License-Identifier: Apache-2.0
// An immutable configuration tree with positions. Values share structure; copying is cheap and
// nothing ever changes in place. Reading YAML is strict: see load_yaml.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tightrope {

// Where a value was written; line and column count from 1. `file` is empty for values made by us,
// and the text of the option (for example "--set rft.beta=1") for command-line overrides.
struct Mark {
  std::shared_ptr<const std::string> file;
  int line = 0;
  int column = 0;

  // "file:line:column", or the file's text alone when there is no line.
  std::string text() const;
};

struct NodeEntry;

class Node {
 public:
  enum class Kind { kNull, kScalar, kSequence, kMap };

  Node();  // null
  static Node null(Mark mark);
  static Node scalar(std::string text, bool quoted = false, Mark mark = {});
  static Node sequence(std::vector<Node> items, Mark mark = {});
  static Node map(std::vector<NodeEntry> entries, Mark mark = {});

  Kind kind() const;
  bool is_null() const { return kind() == Kind::kNull; }
  bool is_scalar() const { return kind() == Kind::kScalar; }
  bool is_sequence() const { return kind() == Kind::kSequence; }
  bool is_map() const { return kind() == Kind::kMap; }
  // "nothing", "a value", "a list" or "a mapping": for messages.
  std::string kind_name() const;

  const Mark& mark() const;
  // The text of a scalar; empty for other kinds.
  const std::string& text() const;
  // Whether the scalar was quoted: a quoted "7" is a string, never a number.
  bool quoted() const;
  const std::vector<Node>& items() const;         // empty unless a sequence
  const std::vector<NodeEntry>& entries() const;  // empty unless a map; order of the file
  const Node* find(std::string_view key) const;   // null when absent or not a map

  // Equal for copies of one node, different for all other nodes that live at the same time.
  const void* identity() const { return data_.get(); }

  // Strict scalars: nothing unless the whole unquoted text is such a value. Booleans are true and
  // false alone; integers are decimal without leading zeros or underscores (1e3 is accepted when it
  // is whole); numbers must be finite, save .inf and -.inf.
  std::optional<double> as_number() const;
  std::optional<std::int64_t> as_integer() const;
  std::optional<bool> as_boolean() const;

 private:
  struct Data;
  explicit Node(std::shared_ptr<const Data> data);
  std::shared_ptr<const Data> data_;
};

struct NodeEntry {
  std::string key;
  Mark key_mark;
  Node value;
};

// A copy of `tree` in which the value at the dotted path (a.b.0.c; numbers index sequences; missing
// maps are created) is replaced. Throws InputError when the path runs through a scalar or past the
// end of a sequence.
Node with_value(const Node& tree, std::string_view dotted_path, const Node& value);

// The node at a dotted path, or null.
const Node* at_path(const Node& tree, std::string_view dotted_path);

// Maps merged key by key, everything else replaced by `patch`.
Node merged(const Node& base, const Node& patch);

// One line of canonical JSON (keys in file order; numbers as written when they are valid JSON).
// The text that content hashes are made of.
std::string to_json(const Node& node);

// A scalar as a JSON token: true, 0.5 or "text".
std::string json_scalar(const Node& node);

// A scalar or key as one YAML token, in double quotes when `quoted` or when plain would not do.
std::string yaml_text(std::string_view text, bool quoted);

// A string value of ours: quoted exactly when plain text would read as a number, boolean or null.
Node text_node(const std::string& text);

// Block-style YAML text that load_yaml reads back to the same tree.
std::string to_yaml(const Node& node);

}  // namespace tightrope
