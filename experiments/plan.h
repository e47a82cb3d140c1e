// SPDX-License-Identifier: Apache-2.0
// A plan freezes a sweep: runs as paths of segments, equal histories shared, segments of the same
// structure packed into lanes. Nothing is composed later.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/config/node.h"
#include "core/config/sweep.h"
#include "experiments/experiment.h"

namespace tightrope {

// One stage of one seed and setting. Two runs whose histories are equal share it.
struct Segment {
  std::string id;      // 16 hexadecimal digits: hash of everything that influenced it
  int parent = -1;     // segment this one starts from; -1 for first stages
  int reference = -1;  // segment whose final policy is the reference; -1: this one's start
  int stage = 0;
  std::int64_t seed = 0;
  int point = 0;  // a sweep point that has this segment
  int row = 0;    // index of that point's row label
  int pack = -1;
  int lane = -1;
};

struct Run {
  std::string id;        // hash of its last segment
  std::string row;       // label in tables: arm and other swept values
  std::string seed_set;  // "explore" or "confirm"
  std::int64_t seed = 0;
  int point = 0;
  std::vector<int> segments;  // one per stage
};

// Segments that advance together: same stage and structure, same log layout.
struct Pack {
  std::string name;  // "pack_0000"
  int stage = 0;
  std::vector<int> segments;
};

struct SeedSet {
  std::string name;
  std::vector<std::int64_t> seeds;
};

class Plan {
 public:
  // Expands and checks the whole sweep; problems of every point are collected (each text once).
  // Throws ConfigError.
  Plan(const Node& tree, const std::vector<SeedSet>& seeds);

  const std::vector<Run>& runs() const { return runs_; }
  const std::vector<Segment>& segments() const { return segments_; }
  const std::vector<Pack>& packs() const { return packs_; }
  const std::vector<std::string>& rows() const { return rows_; }  // order of the sweep
  // Reads the experiment of a sweep point anew.
  std::shared_ptr<const Experiment> experiment(int point) const;
  // The file's tree with a point's values put over it.
  Node tree(int point) const;
  // World, drift, environments and policy of a point as text: what a world has to be asked about.
  std::string world_text(int point) const;
  // Hash of all run ids: what a run folder belongs to.
  std::uint64_t hash() const { return hash_; }
  // Swept values of a point: (path, value), without those of its arm.
  std::vector<std::pair<std::string, Node>> parameters(int point) const;
  // The arm of a point; "" without arms.
  const std::string& arm(int point) const { return points_[point].arm.text(); }
  // All values a point puts over the file, as a JSON object {path: value}.
  std::string values_json(int point) const;

 private:
  Node tree_of(int point, Problems& problems) const;
  void add_point(int point, const std::vector<SeedSet>& seeds, Problems& problems);
  void pack_segments();
  void note_arm(const std::string& arm);

  Node tree_;
  std::int64_t lanes_ = 16;
  std::vector<SweepPoint> points_;
  std::vector<Run> runs_;
  std::vector<Segment> segments_;
  std::vector<std::uint64_t> structure_;  // per segment
  std::vector<Pack> packs_;
  std::vector<std::string> rows_;
  std::unordered_map<std::uint64_t, int> by_history_;
  std::unordered_map<std::string, int> row_by_name_;
  // Paths that the arm's own row or its block's `set:` sets: named by the arm in labels.
  std::unordered_map<std::string, std::set<std::string>> named_by_arm_;
  std::uint64_t hash_ = 0;
};

// Reads `seeds:` of a tree: {explore: .., confirm: ..} or a plain list (confirm alone).
std::vector<SeedSet> read_seed_sets(const Node& tree, Problems& problems);

}  // namespace tightrope
