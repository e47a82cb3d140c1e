// SPDX-License-Identifier: Apache-2.0
// The `tables:` and `claims:` sections of an experiment file.
#pragma once

#include <string>
#include <vector>

#include "core/config/node.h"
#include "core/config/problems.h"
#include "core/tables/run_folder.h"

namespace tightrope {

struct Reporting {
  std::vector<TableSpec> tables;
  std::vector<ClaimSpec> claims;
};

// What a column may name.
struct ReportingNames {
  std::vector<std::string> metrics;  // those that evaluations compute
  std::vector<std::string> environments;
  std::vector<std::string> subsets;  // the ones every environment has
};

// Checks names of metrics, environments, rows and published files; `rows` are those of the plan.
Reporting read_reporting(const Node& tree, const std::vector<std::string>& rows,
                         const ReportingNames& names, Problems& problems);

}  // namespace tightrope
