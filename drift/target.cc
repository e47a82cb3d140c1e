// SPDX-License-Identifier: Apache-2.0
#include "drift/target.h"

#include <algorithm>
#include <numeric>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "drift/rewire.h"

namespace tightrope {
namespace {

std::string shape_text(const std::vector<int>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

bool has_axis(const Table& table, const char* name) {
  return std::find(table.dims.begin(), table.dims.end(), name) != table.dims.end();
}

std::vector<double> uniform(const Table& table) {
  return std::vector<double>(table.values.size(), 1.0 / table.shape.back());
}

std::vector<double> reversed(const Table& table) {
  const int length = table.shape.front();
  const std::size_t row = table.values.size() / static_cast<std::size_t>(length);
  std::vector<double> out(table.values.size());
  for (int i = 0; i < length; ++i) {
    std::copy_n(table.values.begin() + static_cast<std::ptrdiff_t>(i * row), row,
                out.begin() + static_cast<std::ptrdiff_t>((length - 1 - i) * row));
  }
  return out;
}

std::vector<double> permuted(const Table& table, const Stream& stream) {
  const int length = table.shape.back();
  std::vector<int> order(static_cast<std::size_t>(length));
  std::iota(order.begin(), order.end(), 0);
  Draws draws = stream.child(hash64(table.name)).at(0, 0);
  do {
    for (int i = length - 1; i > 0; --i) {
      std::swap(order[i], order[draws.below(static_cast<std::uint32_t>(i + 1))]);
    }
  } while (std::is_sorted(order.begin(), order.end()));
  std::vector<double> out(table.values.size());
  for (std::size_t begin = 0; begin < out.size(); begin += order.size()) {
    for (std::size_t i = 0; i < order.size(); ++i) out[begin + i] = table.values[begin + order[i]];
  }
  return out;
}

std::string table_misfit(const Target& target, const Table& table) {
  const bool shaped = target.shape == table.shape || target.shape.size() == 1;
  if (shaped && target.values.size() == table.values.size()) return "";
  return fmt::format("table {} has shape {} ({}), the values given have shape {}", table.name,
                     shape_text(table.shape), fmt::join(table.dims, " x "),
                     shape_text(target.shape));
}

}  // namespace

std::string misfit(const Target& target, const Table& table) {
  const std::string scalar = fmt::format("table {} is a single number", table.name);
  switch (target.kind) {
    case TargetKind::kUniform:
      if (table.constraint == Constraint::kSimplex) return "";
      return fmt::format("the rows of table {} are no probability distributions", table.name);
    case TargetKind::kReversed:
      return table.shape.empty() ? scalar : "";
    case TargetKind::kPermuted:
      if (table.shape.empty()) return scalar;
      return table.shape.back() > 1
                 ? ""
                 : fmt::format("the last axis of table {} has length 1", table.name);
    case TargetKind::kRewired:
      if ((has_axis(table, "disease") || has_axis(table, "category")) &&
          has_axis(table, "attribute")) {
        return "";
      }
      return fmt::format(
          "table {} has the axes [{}], needed are disease (or category) and attribute", table.name,
          fmt::join(table.dims, ", "));
    case TargetKind::kTable:
      return table_misfit(target, table);
    default:
      return "";
  }
}

std::vector<double> resolve_target(const Target& target, const Table& table, const Stream& stream) {
  const std::string why = misfit(target, table);
  TR_REQUIRE(why.empty(), "to = {}: {}", target.text, why);
  std::vector<double> values = table.values;
  switch (target.kind) {
    case TargetKind::kUniform:
      return uniform(table);
    case TargetKind::kReversed:
      return reversed(table);
    case TargetKind::kPermuted:
      return permuted(table, stream);
    case TargetKind::kRewired:
      return rewired(table, target.number, stream);
    case TargetKind::kTable:
      return target.values;
    case TargetKind::kNumber:
      std::fill(values.begin(), values.end(), target.number);
      return values;
    case TargetKind::kScale:
      for (double& value : values) value *= target.number;
      return values;
    case TargetKind::kShift:
      for (double& value : values) value += target.number;
      return values;
  }
  return values;
}

}  // namespace tightrope
