// SPDX-License-Identifier: Apache-2.0
// Final values of finished runs: what tables and claims are made of.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/tables/column.h"

namespace tightrope {

// One run's final evaluation.
struct RunResult {
  std::string arm;  // row label
  std::int64_t seed = 0;
  std::string seed_set = "confirm";  // "explore" or "confirm"
  std::string parameters;            // other swept values, "beta=0.1, lr=0.01" or ""
  std::string status = "done";       // "done", "diverged", "missing"
  std::map<Column, double> values;
};

class Results {
 public:
  Results() = default;
  Results(std::vector<RunResult> runs, std::vector<std::string> arms,
          std::string default_environment)
      : runs_(std::move(runs)),
        arms_(std::move(arms)),
        default_environment_(std::move(default_environment)) {}

  const std::vector<RunResult>& runs() const { return runs_; }
  const std::vector<std::string>& arms() const { return arms_; }  // order of the sweep
  // Seeds present for any arm of a set, ascending.
  std::vector<std::int64_t> seeds(const std::string& seed_set) const;
  // One value per seed of seeds(seed_set); NaN where the run is missing or diverged.
  std::vector<double> by_seed(const std::string& arm, const Column& column,
                              const std::string& seed_set) const;

 private:
  std::vector<RunResult> runs_;
  std::vector<std::string> arms_;
  std::string default_environment_;
};

}  // namespace tightrope
