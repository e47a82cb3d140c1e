// SPDX-License-Identifier: Apache-2.0
#include "experiments/environment_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/strings.h"

namespace tightrope {
namespace {

using DriftProcesses = std::vector<std::shared_ptr<const DriftProcess>>;

constexpr std::size_t kMostMechanisms = 5;  // 31 environments beside the whole one

// Distinct mechanisms that the processes move, in their order.
std::vector<std::string> moved_mechanisms(const DriftProcesses& drift) {
  std::vector<std::string> out;
  for (const auto& process : drift) {
    if (!process) continue;
    const std::string mechanism = mechanism_of(process->factor());
    const bool known = std::find(out.begin(), out.end(), mechanism) != out.end();
    if (!mechanism.empty() && !known) out.push_back(mechanism);
  }
  return out;
}

class EnvironmentReader {
 public:
  EnvironmentReader(const DriftProcesses& drift, Problems& problems)
      : moved_(moved_mechanisms(drift)), problems_(problems) {}

  std::vector<NamedEnvironment> read(const Node& node) {
    std::vector<NamedEnvironment> written, mixed;
    for (const NodeEntry& entry : node.entries()) {
      const std::string path = "environments." + entry.key;
      NamedEnvironment named;
      if (!read_one(entry, path, named)) continue;
      written.push_back(named);
      if (!subsets(entry.value, path)) continue;
      for (NamedEnvironment& each : subsets_of(named, node, path)) mixed.push_back(std::move(each));
    }
    for (NamedEnvironment& each : mixed) written.push_back(std::move(each));
    expanded_ = !mixed.empty();
    return written;
  }
  bool expanded() const { return expanded_; }

 private:
  bool read_one(const NodeEntry& entry, const std::string& path, NamedEnvironment& named) {
    named.name = named.written = entry.key;
    const Node* at = entry.value.find("at");
    bool good = entry.value.is_map() && entry.key != "now" && at != nullptr;
    for (const NodeEntry& part : entry.value.entries()) {
      good = good && (part.key == "at" || part.key == "only" || part.key == "subsets");
    }
    const std::int64_t number = good ? at->as_integer().value_or(-1) : -1;
    named.at_end = good && at->is_scalar() && at->text() == "end";
    if (!good || (number < 0 && !named.at_end)) {
      problems_.add(entry.value.mark(), path,
                    "expected {at: STEP} or {at: end} with STEP >= 0 and a name other than `now`" +
                        unknown_key(entry.value));
      return false;
    }
    named.at = named.at_end ? 0 : number;
    if (const Node* only = entry.value.find("only")) named.only = mechanisms(*only, path);
    return true;
  }

  static std::string unknown_key(const Node& node) {
    const std::vector<std::string> known = {"at", "only", "subsets"};
    for (const NodeEntry& part : node.entries()) {
      if (std::find(known.begin(), known.end(), part.key) != known.end()) continue;
      const auto near = nearest(part.key, known);
      return fmt::format(
          "; unknown key \"{}\"{}", part.key,
          near ? fmt::format(", did you mean \"{}\"?", *near) : ", known: at, only, subsets");
    }
    return "";
  }

  std::vector<std::string> mechanisms(const Node& only, const std::string& path) {
    std::vector<std::string> out;
    const std::vector<Node> items = only.is_scalar() ? std::vector<Node>{only} : only.items();
    for (const Node& item : items) {
      const bool again = std::find(out.begin(), out.end(), item.text()) != out.end();
      if (!item.is_scalar() || item.text().empty() || again) {
        problems_.add(item.mark(), path + ".only",
                      "expected distinct names of mechanisms, for example [prior, lexical]");
      }
      out.push_back(item.text());
    }
    if (!only.is_scalar() && !only.is_sequence()) {
      problems_.add(
          only.mark(), path + ".only",
          "expected a list of mechanisms, for example [prior, lexical], got " + only.kind_name());
    }
    return out;
  }

  bool subsets(const Node& node, const std::string& path) {
    const Node* wanted = node.find("subsets");
    if (wanted == nullptr) return false;
    if (!wanted->as_boolean()) {
      problems_.add(wanted->mark(), path + ".subsets", "expected true or false");
      return false;
    }
    if (!*wanted->as_boolean()) return false;
    if (node.find("only") != nullptr) {
      problems_.add(node.mark(), path, "`only` and `subsets: true` exclude each other");
      return false;
    }
    if (moved_.size() > kMostMechanisms) {
      problems_.add(wanted->mark(), path + ".subsets",
                    fmt::format("drift moves {} mechanisms ({}), {} environments; at most {}: "
                                "name the wanted ones with `only: [...]`",
                                moved_.size(), join(moved_, ", "), std::size_t{1} << moved_.size(),
                                kMostMechanisms));
      return false;
    }
    return true;
  }

  std::vector<NamedEnvironment> subsets_of(const NamedEnvironment& whole, const Node& all,
                                           const std::string& path) {
    std::vector<NamedEnvironment> out;
    const std::size_t full = (std::size_t{1} << moved_.size()) - 1;
    for (std::size_t subset = 0; subset < full; ++subset) {
      NamedEnvironment mixed = whole;
      mixed.only.emplace();
      for (std::size_t m = 0; m < moved_.size(); ++m) {
        if ((subset >> m & 1) != 0) mixed.only->push_back(moved_[m]);
      }
      if (mixed.only->empty() && has_start(all)) continue;
      mixed.name += "[" + (mixed.only->empty() ? "none" : join(*mixed.only, "+")) + "]";
      if (all.find(mixed.name) != nullptr) {
        problems_.add(all.find(mixed.name)->mark(), path + ".subsets",
                      "makes an environment \"" + mixed.name + "\", and the file has one already");
      }
      out.push_back(std::move(mixed));
    }
    return out;
  }

  // Whether an environment is the whole world at time 0.
  static bool has_start(const Node& all) {
    return std::any_of(all.entries().begin(), all.entries().end(), [](const NodeEntry& entry) {
      const Node* at = entry.value.find("at");
      return at != nullptr && at->as_integer() == 0 && entry.value.find("only") == nullptr;
    });
  }

  std::vector<std::string> moved_;
  Problems& problems_;
  bool expanded_ = false;
};

// Every environment as the file could have written it.
Node written_out(const std::vector<NamedEnvironment>& environments) {
  std::vector<NodeEntry> out;
  for (const NamedEnvironment& named : environments) {
    std::vector<NodeEntry> entries = {
        {"at", {}, Node::scalar(named.at_end ? "end" : std::to_string(named.at))}};
    if (named.only) {
      std::vector<Node> names;
      for (const std::string& name : *named.only) names.push_back(text_node(name));
      entries.push_back({"only", {}, Node::sequence(std::move(names))});
    }
    out.push_back({named.name, {}, Node::map(std::move(entries))});
  }
  return Node::map(std::move(out));
}

}  // namespace

std::vector<NamedEnvironment> read_environments(const Node& node, const DriftProcesses& drift,
                                                Problems& problems, Node& resolved) {
  if (!node.is_map() || node.entries().empty()) {
    problems.add(node.mark(), "environments",
                 "expected a mapping of names, for example {source: {at: 0}, target: {at: end}}");
    return {};
  }
  EnvironmentReader reader(drift, problems);
  std::vector<NamedEnvironment> out = reader.read(node);
  if (reader.expanded()) resolved = written_out(out);
  return out;
}

void check_times(const std::vector<NamedEnvironment>& environments, std::int64_t horizon,
                 const Mark& mark, Problems& problems) {
  for (const NamedEnvironment& named : environments) {
    if (named.name == named.written && !named.at_end && horizon > 0 && named.at > horizon) {
      problems.add(mark, "environments." + named.name,
                   "at = " + std::to_string(named.at) + " lies after the last step " +
                       std::to_string(horizon));
    }
  }
}

}  // namespace tightrope
