// SPDX-License-Identifier: Apache-2.0
#include "core/config/seeds.h"

#include <fmt/format.h>

#include <optional>
#include <unordered_set>

namespace tightrope {
namespace {

constexpr std::int64_t kLargestSeed = std::int64_t{1} << 53;
constexpr std::size_t kMostSeeds = 1'000'000;

class Reader {
 public:
  explicit Reader(Problems& problems) : problems_(problems) {}

  // One list of seeds: a number, a range or a list of these.
  std::vector<std::uint64_t> read(const Node& node, const std::string& path) {
    std::vector<std::uint64_t> seeds;
    if (node.is_sequence() && node.items().empty()) {
      problems_.add(node.mark(), path, "expected at least one seed, got an empty list");
    } else if (node.is_sequence()) {
      for (std::size_t i = 0; i < node.items().size(); ++i) {
        add_range(node.items()[i], joined_path(path, std::to_string(i)), seeds);
      }
    } else {
      add_range(node, path, seeds);
    }
    return seeds;
  }

 private:
  static std::optional<std::int64_t> seed(const std::string& text) {
    const std::optional<std::int64_t> value = Node::scalar(text).as_integer();
    const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
    return value && digits && *value <= kLargestSeed ? value : std::nullopt;
  }

  void add_range(const Node& node, const std::string& path, std::vector<std::uint64_t>& seeds) {
    const std::string text = node.quoted() ? "" : node.text();
    const std::size_t dots = text.find("..");
    const bool range = dots != std::string::npos;
    const std::optional<std::int64_t> low = seed(text.substr(0, dots));
    const std::optional<std::int64_t> high = range ? seed(text.substr(dots + 2)) : low;
    if (!low || !high) {
      problems_.add(node.mark(), path,
                    "expected a seed such as 7, a range such as 0..9, or a list of these, got " +
                        shown(node));
      return;
    }
    if (*low > *high) {
      problems_.add(node.mark(), path, fmt::format("the range {} runs backwards", text));
      return;
    }
    if (static_cast<std::size_t>(*high - *low) >= kMostSeeds - seen_.size()) {
      problems_.add(node.mark(), path, fmt::format("more than {} seeds", kMostSeeds));
      return;
    }
    for (std::int64_t value = *low; value <= *high; ++value) {
      if (!seen_.insert(value).second) {
        problems_.add(node.mark(), path, fmt::format("seed {} is given twice", value));
        return;
      }
      seeds.push_back(static_cast<std::uint64_t>(value));
    }
  }

  Problems& problems_;
  std::unordered_set<std::int64_t> seen_;  // over explore and confirm
};

}  // namespace

Seeds parse_seeds(const Node& node, Problems& problems, const std::string& path) {
  Reader reader(problems);
  Seeds seeds;
  if (!node.is_map()) {
    seeds.confirm = reader.read(node, path);
    return seeds;
  }
  for (const NodeEntry& entry : node.entries()) {
    const std::string where = joined_path(path, entry.key);
    if (entry.key == "explore") {
      seeds.explore = reader.read(entry.value, where);
    } else if (entry.key == "confirm") {
      seeds.confirm = reader.read(entry.value, where);
    } else {
      const std::string hint = did_you_mean(entry.key, {"explore", "confirm"});
      problems.add(
          entry.key_mark, where,
          fmt::format("unknown key{} known keys: explore, confirm", hint.empty() ? ";" : hint));
    }
  }
  if (node.find("confirm") == nullptr) {
    problems.add(node.mark(), joined_path(path, "confirm"),
                 "missing; expected the seeds that make the tables, such as 100..109");
  }
  return seeds;
}

}  // namespace tightrope
