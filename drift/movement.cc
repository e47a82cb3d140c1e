// SPDX-License-Identifier: Apache-2.0
#include "drift/movement.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/config/problems.h"

namespace tightrope {
namespace {

std::vector<std::string> names_of(const std::vector<const Table*>& tables) {
  std::vector<std::string> names;
  for (const Table* table : tables) names.push_back(table->name);
  return names;
}

std::vector<const Table*> tables_of_factor(const WorldParams& base, const std::string& factor) {
  std::vector<const Table*> tables;
  for (const Table& table : base.tables()) {
    if (!factor.empty() && table.factor == factor) tables.push_back(&table);
  }
  const std::vector<std::string> known = base.factors();
  const std::string hint = did_you_mean(factor, known);
  TR_REQUIRE(!tables.empty(), "factor = {}: this world has no such factor{} its factors: {}",
             factor, hint.empty() ? ";" : hint, fmt::join(known, ", "));
  return tables;
}

bool has_site_rows(const Table& table) {
  return !table.dims.empty() && table.dims.front() == "site";
}

// The table in the target state; throws when a constraint is broken.
std::vector<double> lawful_target(const Target& target, const Table& table, const Stream& stream) {
  Table moved = table;
  moved.values = resolve_target(target, table, stream);
  const std::vector<double> values = moved.values;
  WorldParams check;
  try {
    check.add(std::move(moved));
  } catch (const InputError& error) {
    throw InputError(fmt::format("to = {}: {}", target.text, error.what()));
  }
  return values;
}

}  // namespace

std::vector<const Table*> Movement::tables_of(const WorldParams& base) const {
  const std::vector<const Table*> all = tables_of_factor(base, factor_);
  if (!table_.empty()) {
    for (const Table* table : all) {
      if (table->name == table_) return {table};
    }
    TR_REQUIRE(false, "table = {}: factor {} has no such table; its tables: {}", table_, factor_,
               fmt::join(names_of(all), ", "));
  }
  if (all.size() == 1) return all;
  const bool by_value = target_.kind == TargetKind::kNumber || target_.kind == TargetKind::kScale ||
                        target_.kind == TargetKind::kShift || target_.kind == TargetKind::kTable;
  TR_REQUIRE(!by_value,
             "to = {}: factor {} has several tables ({}); name one with table:", target_.text,
             factor_, fmt::join(names_of(all), ", "));
  // Reversed means that sites swap their laws: with several tables only those that have sites.
  const bool sites =
      target_.kind == TargetKind::kReversed &&
      std::any_of(all.begin(), all.end(), [](const Table* table) { return has_site_rows(*table); });
  std::vector<const Table*> moved;
  std::vector<std::string> why;
  for (const Table* table : all) {
    why.push_back(misfit(target_, *table));
    if (why.back().empty() && (!sites || has_site_rows(*table))) moved.push_back(table);
  }
  TR_REQUIRE(!moved.empty(), "to = {}: fits no table of factor {}: {}", target_.text, factor_,
             fmt::join(why, "; "));
  return moved;
}

WorldParams Movement::apply(const WorldParams& base, double w, const Stream& stream,
                            Space space) const {
  TR_CHECK(w >= 0 && w <= 1, "weight {}", w);
  const std::vector<const Table*> moved = tables_of(base);
  WorldParams out = base;
  if (w <= 0) return out;
  for (const Table* table : moved) {
    out.at(table->name).values =
        interpolate(*table, lawful_target(target_, *table, stream), w, space);
  }
  return out;
}

}  // namespace tightrope
