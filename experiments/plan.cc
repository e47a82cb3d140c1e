// SPDX-License-Identifier: Apache-2.0
#include "experiments/plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/config/override.h"
#include "core/config/seeds.h"
#include "experiments/experiment_schema.h"
#include "experiments/node_memo.h"
#include "experiments/structure.h"

namespace tightrope {
namespace {

// Everything before the stages that influences a segment's numbers or log.
std::uint64_t history_root(const Experiment& experiment) {
  auto out = static_cast<std::uint64_t>(experiment.horizon());
  for (const NodeEntry& entry : experiment.resolved.entries()) {
    if (entry.key == "stages") continue;
    out = combined_hash(hash64(entry.key, out), remembered_hash(entry.value));
  }
  return out;
}

std::string row_label(const SweepPoint& point,
                      const std::vector<std::pair<std::string, Node>>& parameters) {
  std::string row = point.arm.text();
  for (const auto& [path, value] : parameters) {
    if (!row.empty()) row += ' ';
    row += path + "=" + (value.is_scalar() ? value.text() : to_json(value));
  }
  return row.empty() ? "run" : row;
}

}  // namespace

std::vector<SeedSet> read_seed_sets(const Node& tree, Problems& problems) {
  const Node* node = tree.find("seeds");
  if (node == nullptr || node->is_null()) return {{"confirm", {0}}};
  const Seeds seeds = parse_seeds(*node, problems);
  std::vector<SeedSet> out;
  if (!seeds.explore.empty()) {
    out.push_back({"explore", {seeds.explore.begin(), seeds.explore.end()}});
  }
  if (!seeds.confirm.empty()) {
    out.push_back({"confirm", {seeds.confirm.begin(), seeds.confirm.end()}});
  }
  return out;
}

Plan::Plan(const Node& tree, const std::vector<SeedSet>& seeds) : tree_(tree) {
  Problems problems;
  const Node* stages = tree.find("stages");
  if (stages == nullptr || !stages->is_sequence() || stages->items().empty()) {
    // Said before the sweep is looked at, whose paths would all seem wrong.
    problems.add(stages == nullptr ? tree.mark() : stages->mark(), "stages",
                 "expected a list of at least one stage");
    problems.throw_if_any();
  }
  const Node* sweep = tree.find("sweep");
  const Node* pack = tree.find("pack");
  if (pack != nullptr && pack->as_integer())
    lanes_ = std::clamp<std::int64_t>(*pack->as_integer(), 1, 4096);
  points_ = expand_sweep(sweep != nullptr ? *sweep : Node(), problems);
  problems.throw_if_any();
  std::set<std::string> said;
  for (int point = 0; point < static_cast<int>(points_.size()); ++point) {
    Problems here;
    add_point(point, seeds, here);
    for (const std::string& line : here.lines()) {
      if (said.insert(line).second) problems.add({}, "", line);
    }
  }
  if (!said.empty()) throw ConfigError({said.begin(), said.end()});
  pack_segments();
  for (const Run& run : runs_) hash_ = hash64(run.id + run.row + run.seed_set, hash_ + 1);
  // Another packing puts segments into other files: such a folder cannot be continued.
  for (const Segment& segment : segments_) {
    hash_ = hash64(segment.id + std::to_string(segment.pack) + ":" + std::to_string(segment.lane),
                   hash_);
  }
}

void Plan::note_arm(const std::string& arm) {
  const auto [found, fresh] = named_by_arm_.try_emplace(arm);
  if (!fresh || arm.empty()) return;
  const Node* sweep = tree_.find("sweep");
  const std::vector<Node> blocks = sweep == nullptr       ? std::vector<Node>()
                                   : sweep->is_sequence() ? sweep->items()
                                                          : std::vector<Node>{*sweep};
  for (const Node& block : blocks) {
    const Node* arms = block.find("arms");
    const Node* row = arms != nullptr ? arms->find(arm) : nullptr;
    if (row == nullptr) continue;
    for (const NodeEntry& entry : row->entries()) found->second.insert(entry.key);
    const Node* set = block.find("set");
    if (set == nullptr) continue;
    for (const NodeEntry& entry : set->entries()) found->second.insert(entry.key);
  }
}

std::vector<std::pair<std::string, Node>> Plan::parameters(int point) const {
  const std::set<std::string>& named = named_by_arm_.at(arm(point));
  std::vector<std::pair<std::string, Node>> out;
  for (const auto& [path, value] : points_[point].overrides) {
    if (named.count(path) == 0) out.emplace_back(path, value);
  }
  return out;
}

std::string Plan::values_json(int point) const {
  std::vector<NodeEntry> entries;
  for (const auto& [path, value] : points_[point].overrides) entries.push_back({path, {}, value});
  return to_json(Node::map(std::move(entries)));
}

Node Plan::tree_of(int point, Problems& problems) const {
  Node tree = tree_;
  for (const auto& [path, value] : points_[point].overrides) {
    tree = apply_override(tree, path, value, problems, experiment_keys());
  }
  return tree;
}

Node Plan::tree(int point) const {
  Problems ignored;  // every point was checked when the plan was made
  return tree_of(point, ignored);
}

std::string Plan::world_text(int point) const {
  const Node whole = tree(point);
  std::string out;
  for (const char* key : {"world", "drift", "environments", "policy"}) {
    const Node* node = whole.find(key);
    if (node != nullptr) out += to_json(*node) + "\n";
  }
  return out;
}

std::shared_ptr<const Experiment> Plan::experiment(int point) const {
  Problems problems;
  auto out = std::make_shared<Experiment>(read_experiment(tree_of(point, problems), problems));
  problems.throw_if_any();
  return out;
}

void Plan::add_point(int point, const std::vector<SeedSet>& seeds, Problems& problems) {
  const Node tree = tree_of(point, problems);
  if (!problems.empty()) return;
  const Experiment experiment = read_experiment(tree, problems);
  if (!problems.empty()) return;
  note_arm(arm(point));
  const std::string row = row_label(points_[point], parameters(point));
  const int row_index = row_by_name_.try_emplace(row, static_cast<int>(rows_.size())).first->second;
  if (row_index == static_cast<int>(rows_.size())) rows_.push_back(row);
  const std::uint64_t root = history_root(experiment);
  std::vector<std::uint64_t> stage_hash;
  std::vector<std::uint64_t> structures;
  const std::vector<Node>& stages = experiment.resolved.find("stages")->items();
  for (std::size_t i = 0; i < stages.size(); ++i) {
    stage_hash.push_back(remembered_hash(stages[i]));
    structures.push_back(structure_hash(experiment, i));
  }
  for (const SeedSet& set : seeds) {
    for (const std::int64_t seed : set.seeds) {
      Run run;
      run.row = row;
      run.seed_set = set.name;
      run.seed = seed;
      run.point = point;
      std::uint64_t history = combined_hash(root, static_cast<std::uint64_t>(seed));
      for (std::size_t i = 0; i < stages.size(); ++i) {
        history = combined_hash(history, stage_hash[i]);
        const auto [found, fresh] =
            by_history_.try_emplace(history, static_cast<int>(segments_.size()));
        if (fresh) {
          Segment segment;
          segment.id = hex(history);
          segment.parent = i == 0 ? -1 : run.segments.back();
          segment.stage = static_cast<int>(i);
          segment.seed = seed;
          segment.point = point;
          segment.row = row_index;
          const std::string& reference = experiment.stages[i].reference;
          for (std::size_t j = 0; j < i; ++j) {
            if (experiment.stages[j].name == reference) segment.reference = run.segments[j];
          }
          segments_.push_back(segment);
          structure_.push_back(structures[i]);
        }
        run.segments.push_back(found->second);
      }
      run.id = segments_[run.segments.back()].id;
      runs_.push_back(std::move(run));
    }
  }
}

void Plan::pack_segments() {
  std::map<std::pair<int, std::uint64_t>, std::vector<int>> groups;  // (stage, structure)
  std::vector<std::pair<int, std::uint64_t>> order;
  for (int s = 0; s < static_cast<int>(segments_.size()); ++s) {
    const std::pair<int, std::uint64_t> key{segments_[s].stage, structure_[s]};
    auto& group = groups[key];
    if (group.empty()) order.push_back(key);
    group.push_back(s);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& key : order) {
    const std::vector<int>& group = groups[key];
    for (std::size_t begin = 0; begin < group.size(); begin += static_cast<std::size_t>(lanes_)) {
      Pack pack;
      pack.name = fmt::format("pack_{:04}", packs_.size());
      pack.stage = key.first;
      const std::size_t end = std::min(group.size(), begin + static_cast<std::size_t>(lanes_));
      for (std::size_t i = begin; i < end; ++i) {
        segments_[group[i]].pack = static_cast<int>(packs_.size());
        segments_[group[i]].lane = static_cast<int>(i - begin);
        pack.segments.push_back(group[i]);
      }
      packs_.push_back(std::move(pack));
    }
  }
}

}  // namespace tightrope
