// SPDX-License-Identifier: Apache-2.0
#include "core/config/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

#include "core/config/yaml_guard.h"
#include "core/config/yaml_tree.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMostFiles = 100;  // of one load, so that includes of includes stay finite

Node parse(std::string_view text, const std::string& name, bool positions) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const internal::SourceText source(text, name, positions);
  Problems problems;
  internal::check_text(source, problems);
  problems.throw_if_any();
  Node tree = internal::build_tree(source, problems);
  problems.throw_if_any();
  return tree;
}

[[noreturn]] void refuse(const Mark& mark, const std::string& path, const std::string& text) {
  Problems problems;
  problems.add(mark, path, text);
  problems.throw_if_any();
  throw InternalError("unreachable");
}

// Where a load stands: the chain of files that include each other, and how many were read.
struct Loader {
  std::vector<fs::path> chain;
  std::size_t files = 0;

  Node load(const fs::path& path, const Mark& from);
  Node with_includes(const Node& tree, const fs::path& folder);
  Node included(const Node& names, const fs::path& folder);
};

bool includes_anything(const Node& tree) {
  const auto of_entry = [](const NodeEntry& entry) {
    return entry.key == "include" || includes_anything(entry.value);
  };
  return std::ranges::any_of(tree.entries(), of_entry) ||
         std::ranges::any_of(tree.items(), includes_anything);
}

// The bytes of a regular file of bearable size.
std::string read_text(const fs::path& path, const Mark& from) {
  const std::string name = path.string();
  const auto fail = [&](const std::string& why) {
    const Mark own{std::make_shared<const std::string>(name), 0, 0};
    if (from.file) refuse(from, "include", fmt::format("cannot read \"{}\": {}", name, why));
    refuse(own, "", why);
  };
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) fail("no such file");
  if (fs::is_directory(status)) fail("this is a folder, not a file");
  if (!fs::is_regular_file(status)) fail("this is not a regular file");
  const std::uintmax_t size = fs::file_size(path, error);
  if (!error && size > internal::kLargestText) {
    fail(fmt::format("{} bytes is more than the 16 MiB a configuration may have", size));
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) fail("it cannot be opened (permissions?)");
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad()) fail("reading failed");
  return text;
}

Node Loader::load(const fs::path& path, const Mark& from) {
  const std::string text = read_text(path, from);
  const fs::path canonical = fs::weakly_canonical(path);
  if (std::find(chain.begin(), chain.end(), canonical) != chain.end()) {
    refuse(from, "include", fmt::format("\"{}\" includes itself: an endless loop", path.string()));
  }
  if (++files > kMostFiles) {
    refuse(from, "include", fmt::format("more than {} files are included", kMostFiles));
  }
  chain.push_back(canonical);
  Node tree = with_includes(parse(text, path.string(), true), path.parent_path());
  chain.pop_back();
  return tree;
}

// The named files, later ones over earlier ones.
Node Loader::included(const Node& names, const fs::path& folder) {
  Node base = Node::map({}, names.mark());
  for (const Node& name : names.is_sequence() ? names.items() : std::vector<Node>{names}) {
    if (!name.is_scalar() || name.text().empty()) {
      refuse(name.mark(), "include",
             "expected the name of a file or a list of such names, got " + shown(name));
    }
    const Node part = load(folder / name.text(), name.mark());
    if (!part.is_map() && !part.is_null()) {
      refuse(name.mark(), "include",
             fmt::format("\"{}\" holds {}, expected a mapping", name.text(), part.kind_name()));
    }
    if (part.is_map()) base = merged(base, part);
  }
  return base;
}

Node Loader::with_includes(const Node& tree, const fs::path& folder) {
  if (!includes_anything(tree)) return tree;  // keeps what aliases share
  if (tree.is_sequence()) {
    std::vector<Node> items;
    for (const Node& item : tree.items()) items.push_back(with_includes(item, folder));
    return Node::sequence(std::move(items), tree.mark());
  }
  std::vector<NodeEntry> own;
  for (const NodeEntry& entry : tree.entries()) {
    if (entry.key == "include") continue;
    own.push_back({entry.key, entry.key_mark, with_includes(entry.value, folder)});
  }
  const Node rest = Node::map(std::move(own), tree.mark());
  const Node* names = tree.find("include");
  return names == nullptr ? rest : merged(included(*names, folder), rest);
}

}  // namespace

Node parse_yaml(std::string_view text, const std::string& name) { return parse(text, name, true); }

Node load_yaml(const std::filesystem::path& path) { return Loader().load(path, Mark()); }

Node parse_value(std::string_view text, const std::string& origin) {
  return parse(text, origin, false);
}

}  // namespace tightrope
