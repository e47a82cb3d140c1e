// SPDX-License-Identifier: Apache-2.0
// Training metrics or evaluations of all runs as one tidy CSV file.
#pragma once

#include <cstdint>
#include <string>

namespace tightrope {

struct ScalarsReport {
  std::uint64_t lines = 0;
  std::size_t runs = 0, left_out = 0;  // left_out: stages that have not finished
};

// `group` "scalars": a line per run, stage and step; "evaluation": per run, stage, checkpoint,
// environment and subset. Columns: run (its number), id, row, arm, seed_set, seed, every parameter
// of the sweep, stage, the place, then each metric of any pack; empty where a stage does not have
// it, nan where it is not a number. Streamed: memory does not grow with the steps. `out` "-":
// standard output. Throws InputError for another group or when no stage has finished.
ScalarsReport export_scalars(const std::string& folder, const std::string& group,
                             const std::string& out);

}  // namespace tightrope
