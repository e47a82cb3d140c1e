// SPDX-License-Identifier: Apache-2.0
#include "core/api/world_params.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace tightrope {
namespace {

// Rows of a simplex are drawn from and divided by; farther off than this they are a mistake.
constexpr double kSimplexTolerance = 1e-9;

int element_count(const Table& table) {
  int count = 1;
  for (int length : table.shape) count *= length;
  return count;
}

// "[site 1, disease 3]" of a flat index; "" for a scalar.
std::string entry_text(const Table& table, int index) {
  std::string text;
  for (int axis = static_cast<int>(table.shape.size()) - 1; axis >= 0; --axis) {
    const std::string here = fmt::format("{} {}", table.dims[axis], index % table.shape[axis]);
    text = text.empty() ? here : here + ", " + text;
    index /= table.shape[axis];
  }
  return text.empty() ? "" : "[" + text + "]";
}

const char* rule_text(Constraint constraint) {
  switch (constraint) {
    case Constraint::kReal:
      return "finite";
    case Constraint::kPositive:
      return "> 0";
    case Constraint::kNonNegative:
      return ">= 0";
    case Constraint::kProbability:
      return "in [0, 1]";
    case Constraint::kSimplex:
      return "in [0, 1]";
  }
  return "finite";
}

bool lawful(Constraint constraint, double value) {
  if (!std::isfinite(value)) return false;
  switch (constraint) {
    case Constraint::kReal:
      return true;
    case Constraint::kPositive:
      return value > 0;
    case Constraint::kNonNegative:
      return value >= 0;
    case Constraint::kProbability:
      return value >= 0 && value <= 1;
    case Constraint::kSimplex:
      return value >= 0 && value <= 1 + kSimplexTolerance;
  }
  return false;
}

void validate_table(const Table& table) {
  for (int i = 0; i < static_cast<int>(table.values.size()); ++i) {
    TR_REQUIRE(lawful(table.constraint, table.values[i]), "world table {}{} = {}, must be {}",
               table.name, entry_text(table, i), table.values[i], rule_text(table.constraint));
  }
  if (table.constraint != Constraint::kSimplex) return;
  const int row = table.shape.back();
  for (int begin = 0; begin < static_cast<int>(table.values.size()); begin += row) {
    double sum = 0;
    for (int i = begin; i < begin + row; ++i) sum += table.values[i];
    TR_REQUIRE(std::abs(sum - 1) <= kSimplexTolerance,
               "world table {}: the row that starts at {} sums to {}, must sum to 1", table.name,
               entry_text(table, begin), sum);
  }
}

}  // namespace

void WorldParams::add(Table table) {
  TR_CHECK(!has(table.name), "world table {} exists already", table.name);
  TR_CHECK(table.dims.size() == table.shape.size(), "world table {}: {} axes, {} lengths",
           table.name, table.dims.size(), table.shape.size());
  for (int length : table.shape) TR_CHECK(length >= 0, "world table {}", table.name);
  TR_CHECK(element_count(table) == static_cast<int>(table.values.size()),
           "world table {}: {} entries by its shape, {} values", table.name, element_count(table),
           table.values.size());
  TR_CHECK(table.constraint != Constraint::kSimplex || !table.shape.empty(),
           "world table {}: a simplex needs an axis", table.name);
  validate_table(table);
  tables_.push_back(std::move(table));
}

const Table& WorldParams::at(std::string_view name) const {
  const auto found = std::find_if(tables_.begin(), tables_.end(),
                                  [&](const Table& table) { return table.name == name; });
  TR_CHECK(found != tables_.end(), "no world table {}", name);
  return *found;
}

Table& WorldParams::at(std::string_view name) {
  return const_cast<Table&>(static_cast<const WorldParams&>(*this).at(name));
}

bool WorldParams::has(std::string_view name) const {
  return std::any_of(tables_.begin(), tables_.end(),
                     [&](const Table& table) { return table.name == name; });
}

std::vector<std::string> WorldParams::factors() const {
  std::vector<std::string> out;
  for (const Table& table : tables_) {
    if (table.factor.empty()) continue;
    if (std::find(out.begin(), out.end(), table.factor) == out.end()) out.push_back(table.factor);
  }
  return out;
}

void WorldParams::validate() const {
  for (const Table& table : tables_) validate_table(table);
}

std::string mechanism_of(const std::string& factor) {
  if (factor == "confounding") return "prior";
  return factor == "reward" ? "" : factor;
}

WorldParams with_mechanisms(const WorldParams& rest, const WorldParams& taken,
                            std::span<const std::string> mechanisms) {
  TR_CHECK(rest.tables().size() == taken.tables().size(), "{} and {} tables", rest.tables().size(),
           taken.tables().size());
  WorldParams out = rest;
  for (std::size_t t = 0; t < out.tables().size(); ++t) {
    Table& table = out.tables()[t];
    TR_CHECK(table.name == taken.tables()[t].name && table.shape == taken.tables()[t].shape,
             "tables {} and {} differ in structure", table.name, taken.tables()[t].name);
    const std::string mechanism = mechanism_of(table.factor);
    const bool wanted = !mechanism.empty() && std::find(mechanisms.begin(), mechanisms.end(),
                                                        mechanism) != mechanisms.end();
    if (wanted) table = taken.tables()[t];
  }
  return out;
}

double largest_change(const WorldParams& a, const WorldParams& b, std::string_view factor) {
  TR_CHECK(a.tables().size() == b.tables().size(), "{} and {} tables", a.tables().size(),
           b.tables().size());
  double largest = 0;
  for (std::size_t t = 0; t < a.tables().size(); ++t) {
    const Table& left = a.tables()[t];
    const Table& right = b.tables()[t];
    TR_CHECK(left.name == right.name && left.values.size() == right.values.size(),
             "tables {} and {} differ in structure", left.name, right.name);
    if (!factor.empty() && left.factor != factor) continue;
    for (std::size_t i = 0; i < left.values.size(); ++i) {
      largest = std::max(largest, std::abs(left.values[i] - right.values[i]));
    }
  }
  return largest;
}

}  // namespace tightrope
