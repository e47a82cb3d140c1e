// SPDX-License-Identifier: Apache-2.0
// Fair arms: every arm gets the same grid and budget on the explore seeds; the confirm seeds are
// run with what each arm chose.
//
//   tune: {grid: {rft.stepper.lr: [0.003, 0.006]}, on: accuracy(source), choose: largest}
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/config/node.h"
#include "core/config/problems.h"
#include "core/tables/results.h"
#include "experiments/plan.h"

namespace tightrope {

struct Tuning {
  Node grid;
  Column on;
  bool largest = true;
};

// Problems: no explore seeds, a sweep without arms, an unreadable column.
Tuning read_tuning(const Node& tree, const std::vector<SeedSet>& seeds, Problems& problems);

// The tree of the exploration: the sweep's arms times the grid, without tables and claims.
Node tuning_tree(const Node& tree, const Tuning& tuning);

struct Choice {
  std::map<std::string, Node> by_arm;  // arm -> {path: value}
  std::string markdown;                // every arm and setting with its interval, the chosen marked
};

// The setting with the best mean over seeds, per arm; ties go to the first of the grid.
Choice choose(const Tuning& tuning, const Plan& plan, const Results& results);

// The file's own tree with each arm's chosen values added to its row.
Node chosen_tree(const Node& tree, const Choice& choice);

}  // namespace tightrope
