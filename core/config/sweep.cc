// SPDX-License-Identifier: Apache-2.0
#include "core/config/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "core/base/strings.h"
#include "core/config/sweep_axes.h"
#include "core/config/sweep_filter.h"

namespace tightrope {
namespace {

using internal::SweepAxis;
using internal::SweepFilter;
using internal::SweepRow;

const std::vector<std::string> kMembers = {"arms",   "grid", "zip",     "list",
                                           "random", "when", "exclude", "set"};

bool check_members(const Node& block, const std::string& path, Problems& problems) {
  if (!block.is_map()) {
    problems.add(block.mark(), path,
                 fmt::format("expected a mapping with any of {}, got {}", join(kMembers, ", "),
                             shown(block)));
    return false;
  }
  bool axis = false;
  for (const NodeEntry& entry : block.entries()) {
    const auto found = std::find(kMembers.begin(), kMembers.end(), entry.key);
    if (found != kMembers.end()) {
      axis = axis || found - kMembers.begin() < 5;
      continue;
    }
    const std::string hint = did_you_mean(entry.key, kMembers);
    problems.add(entry.key_mark, joined_path(path, entry.key),
                 fmt::format("unknown key{} known keys: {}", hint.empty() ? ";" : hint,
                             join(kMembers, ", ")));
  }
  if (!axis) {
    problems.add(block.mark(), path,
                 "nothing to sweep; expected at least one of arms, grid, zip, list, random");
  }
  return axis;
}

// One path set by two axes would make one of them without effect, in silence.
void check_conflicts(const std::vector<SweepAxis>& axes, const std::string& path,
                     Problems& problems) {
  std::map<std::string, const SweepAxis*> owner;
  for (const SweepAxis& axis : axes) {
    std::set<std::string> own;
    for (const SweepRow& row : axis.rows) {
      for (const auto& [name, value] : row.overrides) own.insert(name);
    }
    for (const std::string& name : own) {
      // Earlier paths inside of this one sort from it on.
      for (auto it = owner.lower_bound(name); it != owner.end() && it->first.starts_with(name);
           ++it) {
        if (!internal::lies_in(it->first, name)) continue;
        problems.add(axis.mark, joined_path(path, axis.member),
                     fmt::format("{} is already set by {} of the same block{}", name,
                                 it->second->member, it->first == name ? "" : ", as " + it->first));
      }
    }
    for (const std::string& name : own) owner.emplace(name, &axis);
  }
}

struct Filters {
  std::vector<std::unique_ptr<const SweepFilter>> when;
  std::vector<internal::Overrides> exclude;

  bool keep(const SweepPoint& point) const {
    for (const auto& filter : when) {
      if (!filter->holds(point)) return false;
    }
    return std::none_of(exclude.begin(), exclude.end(), [&](const internal::Overrides& row) {
      return std::all_of(row.begin(), row.end(), [&](const auto& wanted) {
        const Node* value = point.find(wanted.first);
        return value != nullptr && internal::same_value(*value, wanted.second);
      });
    });
  }
};

void read_exclude(const Node& node, const std::string& path, const internal::SweepNames& names,
                  Filters& filters, Problems& problems) {
  if (!node.is_sequence()) {
    problems.add(node.mark(), path, "expected [{path: value, ...}, ...], got " + shown(node));
  }
  for (std::size_t i = 0; i < node.items().size(); ++i) {
    const Node& item = node.items()[i];
    const std::string where = joined_path(path, std::to_string(i));
    internal::Overrides row;
    if (item.entries().empty()) {
      problems.add(item.mark(), where, "expected {path: value, ...}, got " + shown(item));
      continue;
    }
    for (const NodeEntry& entry : item.entries()) {
      if (!names.known(entry.key)) {
        const std::string hint = did_you_mean(entry.key, names.names());
        problems.add(entry.key_mark, where,
                     fmt::format("unknown sweep parameter {}{} known: {}", shown_text(entry.key),
                                 hint.empty() ? ";" : hint, join(names.names(), ", ")));
      }
      row.emplace_back(entry.key, entry.value);
    }
    filters.exclude.push_back(std::move(row));
  }
}

Filters read_filters(const Node& block, const std::string& path, const std::vector<SweepAxis>& axes,
                     Problems& problems) {
  Filters filters;
  if (block.find("when") == nullptr && block.find("exclude") == nullptr) return filters;
  const internal::SweepNames names(axes);
  if (const Node* when = block.find("when")) {
    const std::string where = joined_path(path, "when");
    const std::vector<Node> texts = when->is_sequence() ? when->items() : std::vector<Node>{*when};
    for (const Node& text : texts) {
      filters.when.push_back(internal::parse_filter(text, where, names, problems));
    }
  }
  if (const Node* exclude = block.find("exclude")) {
    read_exclude(*exclude, joined_path(path, "exclude"), names, filters, problems);
  }
  return filters;
}

// The product of the axes, the last one fastest; only points that pass the filters are kept.
void add_product(const std::vector<SweepAxis>& axes, const Filters& filters,
                 std::vector<SweepPoint>& points) {
  std::vector<std::size_t> index(axes.size(), 0);
  while (true) {
    SweepPoint point;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const SweepRow& row = axes[i].rows[index[i]];
      point.overrides.insert(point.overrides.end(), row.overrides.begin(), row.overrides.end());
      if (row.arm.is_null()) continue;
      point.arm = row.arm;
      point.labels.emplace_back("arm", row.arm.text());
    }
    if (filters.keep(point)) points.push_back(std::move(point));
    std::size_t axis = axes.size();
    while (axis > 0 && ++index[axis - 1] == axes[axis - 1].rows.size()) index[--axis] = 0;
    if (axis == 0) return;
  }
}

void expand_block(const Node& block, const std::string& path, std::vector<SweepPoint>& points,
                  Problems& problems) {
  const std::size_t before = problems.size();
  if (!check_members(block, path, problems)) return;
  const std::vector<SweepAxis> axes = internal::sweep_axes(block, path, problems);
  if (problems.size() > before) return;
  check_conflicts(axes, path, problems);
  double size = 1;
  for (const SweepAxis& axis : axes) size *= static_cast<double>(axis.rows.size());
  if (size > static_cast<double>(kMostSweepPoints)) {
    problems.add(
        block.mark(), path,
        fmt::format("{:.0f} points are more than the {} a sweep may have", size, kMostSweepPoints));
  }
  const Filters filters = read_filters(block, path, axes, problems);
  if (problems.size() > before) return;
  const std::size_t first = points.size();
  add_product(axes, filters, points);
  if (points.size() == first) {
    problems.add(block.mark(), path, "no point of this block passes its filters");
  }
}

}  // namespace

const Node* SweepPoint::find(std::string_view name) const {
  if (name == "arm" && !arm.is_null()) return &arm;
  return internal::find_override(overrides, name);
}

std::vector<SweepPoint> expand_sweep(const Node& sweep, Problems& problems,
                                     const std::string& path) {
  std::vector<SweepPoint> points;
  if (sweep.is_null()) return {SweepPoint()};
  const std::size_t before = problems.size();
  if (sweep.is_sequence()) {
    for (std::size_t i = 0; i < sweep.items().size(); ++i) {
      expand_block(sweep.items()[i], joined_path(path, std::to_string(i)), points, problems);
    }
  } else {
    expand_block(sweep, path, points, problems);
  }
  if (points.size() > kMostSweepPoints) {
    problems.add(sweep.mark(), path,
                 fmt::format("{} points are more than the {} a sweep may have", points.size(),
                             kMostSweepPoints));
  }
  if (problems.size() > before) points.clear();
  return points;
}

}  // namespace tightrope
