// SPDX-License-Identifier: Apache-2.0
// The numbers of a world as named tables: the common language of worlds and drift processes. A
// drift process moves tables by their factor and constraint; it never knows which world they belong
// to.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tightrope {

// What keeps a table lawful; interpolation and targets respect it.
enum class Constraint {
  kReal,         // any finite number
  kPositive,     // > 0
  kNonNegative,  // >= 0
  kProbability,  // each entry in [0, 1]
  kSimplex,      // each row along the last axis sums to 1
};

// One named table, row-major.
struct Table {
  std::string name;    // "prior", "confounding", "theta", "noise", "synonym", ...
  std::string factor;  // "prior", "confounding", "mechanism", "visual", "lexical",
                       // "spurious", "reward", or "" when no drift may move it
  Constraint constraint = Constraint::kReal;
  std::vector<std::string> dims;  // names of the axes, e.g. {"site", "disease"}; {} for a scalar
  std::vector<int> shape;         // lengths of the axes
  std::vector<double> values;
  std::string unit = "1";
  std::string help;
};

// A set of tables in a fixed order. A value: copied, moved tables replaced.
class WorldParams {
 public:
  void add(Table table);  // the name must be new; sizes must agree; values must be lawful
  const Table& at(std::string_view name) const;  // throws InternalError when absent
  Table& at(std::string_view name);
  bool has(std::string_view name) const;
  const std::vector<Table>& tables() const { return tables_; }
  std::vector<Table>& tables() { return tables_; }
  std::vector<std::string> factors() const;  // distinct, in order, without ""
  // Throws InputError naming table, entry and value that violate their constraint.
  void validate() const;

 private:
  std::vector<Table> tables_;
};

// The mechanism of the causal model (a row of World::distances) that a factor's tables are part of:
// "prior" of "confounding", because P(z | u) is made of both; none ("") of "reward", which is no
// part of the law, and of ""; of every other factor the mechanism of the same name.
std::string mechanism_of(const std::string& factor);

// A mixed law: `rest` with the tables of these mechanisms taken from `taken`. Same structure
// needed.
WorldParams with_mechanisms(const WorldParams& rest, const WorldParams& taken,
                            std::span<const std::string> mechanisms);

// Largest absolute difference over all tables of a factor ("" = all tables). Same structure needed.
double largest_change(const WorldParams& a, const WorldParams& b, std::string_view factor);

}  // namespace tightrope
