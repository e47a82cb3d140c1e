// SPDX-License-Identifier: Apache-2.0
// Sweeps: a list of settings to run, written as blocks that concatenate. A block is the product of
// its members, thinned by its filters:
//
//   arms:    {name: {dotted.path: value, ...}, ...}   named rows; every point is labelled arm=name
//   grid:    {dotted.path: [values], ...}             product, first path slowest
//   zip:     {dotted.path: [values], ...}             side by side, equal lengths
//   list:    [{dotted.path: value, ...}, ...]         rows
//   random:  {count: n, seed: s, over: {dotted.path: {uniform: [a, b]} | {log_uniform: [a, b]}
//                                       | {integer: [a, b]} | {choice: [values]}}}
//   set:     {dotted.path: value, ...}                the same for every point, without a label
//   when:    "arm == cpo and rft.beta < 1"            text or a list of texts, all must hold
//   exclude: [{dotted.path: value, ...}, ...]         points that match one whole row are dropped
//
// Members combine in this order after `set`, arms slowest. See sweep_filter.h for the language of
// `when`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/config/node.h"
#include "core/config/problems.h"

namespace tightrope {

// One setting: values to put over the experiment, in order, and the names it goes by in tables.
struct SweepPoint {
  std::vector<std::pair<std::string, Node>> overrides;
  std::vector<std::pair<std::string, std::string>> labels;  // ("arm", name) for a block with arms

  // The value a name has in this point: the label "arm", an override, or a key inside of one
  // ("rft.optimizer.type"); a null pointer when the point does not set it. Later overrides win.
  const Node* find(std::string_view name) const;

  Node arm;  // the label "arm" as a node; null without arms
};

inline constexpr std::size_t kMostSweepPoints = 1'000'000;

// All points of `sweep` (a block or a list of blocks; nothing gives the one point that changes
// nothing). Problems are added with positions; the result is then empty.
std::vector<SweepPoint> expand_sweep(const Node& sweep, Problems& problems,
                                     const std::string& path = "sweep");

}  // namespace tightrope
