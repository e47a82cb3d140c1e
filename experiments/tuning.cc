// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning.h"

#include <algorithm>
#include <cmath>

#include "core/api/metric.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/config/schema.h"
#include "core/stats/interval.h"

namespace tightrope {
namespace {

struct TuneParams {
  Node grid;
  std::string on;
  std::string choose = "largest";
  static Schema<TuneParams> schema() {
    Schema<TuneParams> s;
    s.field("grid", &TuneParams::grid,
            {.help = "dotted paths with the values every arm is tried with", .required = true});
    s.field("on", &TuneParams::on,
            {.help = "column that chooses, for example accuracy(source)", .required = true});
    s.field("choose", &TuneParams::choose,
            {.help = "which mean wins", .choices = {"largest", "smallest"}});
    return s;
  }
};

// The map with `key` set to `value`.
Node with_key(const Node& map, const std::string& key, const Node& value) {
  std::vector<NodeEntry> entries = map.entries();
  for (NodeEntry& entry : entries) {
    if (entry.key == key) {
      entry.value = value;
      return Node::map(std::move(entries), map.mark());
    }
  }
  entries.push_back({key, {}, value});
  return Node::map(std::move(entries), map.mark());
}

Node without_key(const Node& map, const std::string& key) {
  std::vector<NodeEntry> entries;
  for (const NodeEntry& entry : map.entries()) {
    if (entry.key != key) entries.push_back(entry);
  }
  return Node::map(std::move(entries), map.mark());
}

// Applies `change` to every block of `sweep:`.
template <class Change>
Node with_blocks(const Node& tree, Change change) {
  const Node& sweep = *tree.find("sweep");
  if (!sweep.is_sequence()) return with_key(tree, "sweep", change(sweep));
  std::vector<Node> blocks;
  for (const Node& block : sweep.items()) blocks.push_back(change(block));
  return with_key(tree, "sweep", Node::sequence(std::move(blocks), sweep.mark()));
}

}  // namespace

Tuning read_tuning(const Node& tree, const std::vector<SeedSet>& seeds, Problems& problems) {
  const Node& node = *tree.find("tune");
  const TuneParams p = TuneParams::schema().read(node, "tune", problems);
  Tuning out;
  out.grid = p.grid;
  out.largest = p.choose == "largest";
  if (seeds.size() != 2) {
    problems.add(node.mark(), "tune", "tuning needs seeds: {explore: .., confirm: ..}");
  }
  const Node* sweep = tree.find("sweep");
  if (sweep == nullptr || sweep->is_null()) {
    problems.add(node.mark(), "tune", "tuning needs a sweep with arms");
  }
  if (!p.grid.is_null() && !p.grid.is_map())
    problems.add(node.mark(), "tune.grid", "expected {path: [values]}");
  try {
    if (!p.on.empty()) {
      out.on = parse_column(p.on);
      const std::vector<std::string> metrics = Registry<Metric>::get().names();
      if (std::find(metrics.begin(), metrics.end(), out.on.metric) == metrics.end()) {
        problems.add(node.find("on")->mark(), "tune.on",
                     "unknown metric \"" + out.on.metric + "\"" +
                         did_you_mean(out.on.metric, metrics) + "; known: " + join(metrics, ", "));
      }
    }
  } catch (const InputError& error) {
    problems.add(node.mark(), "tune.on", error.what());
  }
  return out;
}

Node tuning_tree(const Node& tree, const Tuning& tuning) {
  Node out = tree;
  for (const char* key : {"tune", "tables", "claims"}) out = without_key(out, key);
  return with_blocks(out, [&](const Node& block) {
    const Node* grid = block.find("grid");
    return with_key(block, "grid", grid == nullptr ? tuning.grid : merged(*grid, tuning.grid));
  });
}

Choice choose(const Tuning& tuning, const Plan& plan, const Results& results) {
  Choice out;
  out.markdown = fmt::format(
      "**tuning** on {} ({} explore seeds); the chosen setting of each arm is "
      "marked\n\n| arm and setting | {} | |\n|---|---|---|\n",
      tuning.on.text(), results.seeds("explore").size(), tuning.on.text());
  std::map<std::string, std::string> best_row;
  std::map<std::string, double> best;
  std::map<std::string, Interval> intervals;
  for (const Run& run : plan.runs()) {
    if (intervals.count(run.row) > 0) continue;
    const Interval interval = mean_interval(results.by_seed(run.row, tuning.on, "explore"));
    intervals[run.row] = interval;
    const std::string arm = plan.arm(run.point);
    const double score = tuning.largest ? interval.mean : -interval.mean;
    if (std::isfinite(score) && (best.count(arm) == 0 || score > best[arm])) {
      best[arm] = score;
      best_row[arm] = run.row;
      std::vector<NodeEntry> values;
      for (const auto& [path, value] : plan.parameters(run.point)) {
        if (tuning.grid.find(path) != nullptr) values.push_back({path, {}, value});
      }
      out.by_arm[arm] = Node::map(std::move(values));
    }
  }
  for (const std::string& row : plan.rows()) {
    const Interval& interval = intervals[row];
    bool chosen = false;
    for (const auto& [arm, name] : best_row) chosen = chosen || name == row;
    out.markdown += fmt::format("| {} | {:.4f} ± {:.4f} | {} |\n", row, interval.mean,
                                interval.half_width, chosen ? "chosen" : "");
  }
  return out;
}

Node chosen_tree(const Node& tree, const Choice& choice) {
  const Node out = without_key(tree, "tune");
  return with_blocks(out, [&](const Node& block) {
    const Node* arms = block.find("arms");
    if (arms == nullptr) return block;
    std::vector<NodeEntry> entries = arms->entries();
    for (NodeEntry& arm : entries) {
      const auto chosen = choice.by_arm.find(arm.key);
      if (chosen == choice.by_arm.end()) continue;
      std::vector<NodeEntry> row = arm.value.entries();
      for (const NodeEntry& entry : chosen->second.entries()) row.push_back(entry);
      arm.value = Node::map(std::move(row), arm.value.mark());
    }
    return with_key(block, "arms", Node::map(std::move(entries), arms->mark()));
  });
}

}  // namespace tightrope
