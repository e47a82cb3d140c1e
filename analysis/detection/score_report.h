// SPDX-License-Identifier: Apache-2.0
// The scores of one stream's alarms, as `tightrope detect --truth` shows them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tightrope {

struct Truth {
  std::string drifts;  // "1000-1100,3000": 0-based first and last samples; "none"
  std::int64_t tolerance = 0, early = 0;
};

struct ScoreReport {
  std::string text;             // for people, lines
  nlohmann::ordered_json json;  // one entry a figure; null where it is undefined
};

// Throws InputError naming the part of `drifts` that cannot be read, and like score_alarms.
ScoreReport report_scores(const Truth& truth, std::int64_t length,
                          const std::vector<std::int64_t>& alarms);

// Throws InputError when `drifts` cannot be read.
void require_readable(const Truth& truth);

}  // namespace tightrope
