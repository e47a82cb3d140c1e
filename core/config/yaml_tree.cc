// SPDX-License-Identifier: Apache-2.0
#include "core/config/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <unordered_map>
#include <utility>

#include "core/config/yaml_slips.h"

namespace tightrope::internal {
namespace {

// Ends the reading after a problem that leaves nothing sensible to read.
struct StopReading {};

// A node with what it weighs once aliases are expanded.
struct Sized {
  Node node;
  std::size_t nodes = 1;
  std::size_t height = 0;  // nested collections, itself included
};

// A list or mapping whose end was not seen yet.
struct Open {
  bool is_map = false;
  bool flow = false;  // written in brackets
  Mark mark;
  std::string path;
  YAML::anchor_t anchor = 0;
  std::vector<Node> items;
  std::vector<NodeEntry> entries;
  std::unordered_map<std::string, int> lines;  // of the keys so far
  bool has_key = false;
  bool skip_value = false;
  std::string key;
  Mark key_mark;
  std::size_t nodes = 1;
  std::size_t height = 1;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& source, Problems& problems) : source_(source), problems_(problems) {
    root_.node = Node::null(source.mark_at(0));
  }

  Node root() const { return root_.node; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    const bool marked = source_.text().substr(offset(mark)).starts_with("---");
    stop(at(mark), "",
         marked ? "a second document begins here; a file holds exactly one"
                : "text after the end of the document; check its indentation and the "
                  "space after \"-\" and \":\"");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add_slip(mark, hidden_tag_slip(source_from(mark)));
    if (awaits_key()) stop(at(mark), path(), "a key must be text, here it is nothing");
    // Where nothing is written the parser points at what comes next; the key is a better place.
    const bool after_key = !stack_.empty() && stack_.back().is_map;
    const bool elsewhere = after_key && at(mark).line != stack_.back().key_mark.line;
    finish({Node::null(elsewhere ? stack_.back().key_mark : at(mark)), 1, 0}, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    const bool plain = tag == "?";
    add_slip(mark, plain ? continuation_slip(source_from(mark), value)
                         : open_quote_slip(source_from(mark)));
    if (awaits_key()) return take_key(mark, value, plain);
    finish({Node::scalar(value, !plain, at(mark)), 1, 0}, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (awaits_key()) stop(at(mark), path(), "an alias cannot be a key; write the key out");
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      stop(at(mark), path(), "an alias to a part that contains it: an endless loop");
    }
    if (stack_.size() + found->second.height > kDeepest) too_deep(mark);
    count(mark, found->second.nodes);
    finish(found->second, 0, false);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(mark, tag, anchor, false, style);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(mark, tag, anchor, true, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  Mark at(const YAML::Mark& mark) const { return source_.mark_at(mark.line, mark.column); }

  std::size_t offset(const YAML::Mark& mark) const {
    return std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), source_.text().size());
  }

  [[noreturn]] void stop(const Mark& mark, const std::string& where, const std::string& text) {
    problems_.add(mark, where, text);
    throw StopReading();
  }

  [[noreturn]] void too_deep(const YAML::Mark& mark) {
    stop(at(mark), "", fmt::format("nested deeper than {} levels", kDeepest));
  }

  bool awaits_key() const {
    return !stack_.empty() && stack_.back().is_map && !stack_.back().has_key;
  }

  // The path of the value that comes next.
  std::string path() const {
    if (stack_.empty()) return "";
    const Open& top = stack_.back();
    if (top.is_map) return joined_path(top.path, top.has_key ? top.key : "");
    return joined_path(top.path, std::to_string(top.items.size()));
  }

  void count(const YAML::Mark& mark, std::size_t nodes) {
    total_ += nodes;
    if (total_ <= kMostNodes) return;
    stop(at(mark), "", fmt::format("more than {} values after aliases are expanded", kMostNodes));
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    constexpr std::string_view kCore = "tag:yaml.org,2002:";
    const std::string name = tag.starts_with(kCore) ? "!!" + tag.substr(kCore.size()) : tag;
    problems_.add(at(mark), path(), fmt::format("tags are not allowed: {}", shown_text(name)));
  }

  std::string_view source_from(const YAML::Mark& mark) const {
    return source_.text().substr(offset(mark));
  }

  // `text` is what is wrong with the value at `mark`, or empty.
  void add_slip(const YAML::Mark& mark, const std::string& text) {
    if (!text.empty()) problems_.add(at(mark), path(), text);
  }

  void take_key(const YAML::Mark& mark, const std::string& key, bool plain) {
    add_slip(mark, lone_key_slip(source_from(mark), key, plain, stack_.back().flow));
    Open& top = stack_.back();
    count(mark, 1);
    ++top.nodes;
    top.skip_value = false;
    if (key.size() > kLongestKey) {
      stop(at(mark), top.path,
           fmt::format("a key longer than {} bytes: {}", kLongestKey, shown_text(key)));
    }
    if (plain && key == "<<") {
      problems_.add(at(mark), top.path,
                    "merge keys (<<) are not supported; write the keys out or use include:");
      top.skip_value = true;
    } else {
      const auto [first, fresh] = top.lines.emplace(key, mark.line + 1);
      if (!fresh) {
        problems_.add(at(mark), joined_path(top.path, key),
                      fmt::format("duplicate key; first written on line {}", first->second));
        top.skip_value = true;
      }
    }
    top.has_key = true;
    top.key = key;
    top.key_mark = at(mark);
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, bool is_map,
            YAML::EmitterStyle::value style) {
    refuse_tag(mark, tag);
    if (awaits_key()) {
      const bool bracket = source_from(mark).find_first_of("[{") == 0;
      stop(at(mark), path(),
           std::string("a key must be text, here it is a list or mapping") +
               (bracket ? " (or a bracket is never closed)" : ""));
    }
    if (stack_.size() == kDeepest) too_deep(mark);
    count(mark, 1);
    Open next;
    next.is_map = is_map;
    next.flow = style == YAML::EmitterStyle::Flow;
    next.mark = at(mark);
    next.path = path();
    next.anchor = anchor;
    stack_.push_back(std::move(next));
  }

  void close() {
    Open top = std::move(stack_.back());
    stack_.pop_back();
    Node node = top.is_map ? Node::map(std::move(top.entries), top.mark)
                           : Node::sequence(std::move(top.items), top.mark);
    finish({std::move(node), top.nodes, top.height}, top.anchor, false);
  }

  void finish(Sized value, YAML::anchor_t anchor, bool is_leaf = true) {
    if (is_leaf && ++total_ > kMostNodes) {
      stop(value.node.mark(), "",
           fmt::format("more than {} values after aliases are expanded", kMostNodes));
    }
    if (anchor != 0) anchors_[anchor] = value;
    if (stack_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& top = stack_.back();
    top.nodes += value.nodes;
    top.height = std::max(top.height, value.height + 1);
    if (!top.is_map) {
      top.items.push_back(std::move(value.node));
    } else {
      if (!top.skip_value) top.entries.push_back({top.key, top.key_mark, std::move(value.node)});
      top.has_key = false;
    }
  }

  const SourceText& source_;
  Problems& problems_;
  int documents_ = 0;
  std::size_t total_ = 0;
  Sized root_;
  std::vector<Open> stack_;
  std::unordered_map<YAML::anchor_t, Sized> anchors_;
};

}  // namespace

Node build_tree(const SourceText& source, Problems& problems) {
  TreeBuilder builder(source, problems);
  try {
    std::istringstream stream{std::string(source.text())};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const StopReading&) {
  } catch (const YAML::Exception& error) {
    const std::string_view line = source.line_text(error.mark.line);
    const std::size_t tab = line.find('\t');
    const std::string hint =
        tab == std::string_view::npos
            ? ""
            : fmt::format("; this line holds a tab in column {}",
                          source.mark_at(error.mark.line, static_cast<int>(tab)).column);
    problems.add(source.mark_at(error.mark.line, error.mark.column), "",
                 "not valid YAML: " + parser_words(error.msg) + hint);
  }
  return builder.root();
}

}  // namespace tightrope::internal
