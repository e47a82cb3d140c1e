// SPDX-License-Identifier: Apache-2.0
// A pack's log as the analysis sees it: names, extents and clocks, read once when it is opened.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/log/reader.h"

namespace tightrope {

// For parts of a log that must fit each other. IoError, not InputError: nobody can mend a log, and
// the others of its folder go on.
template <class... Values>
void require_fit(bool fits, fmt::format_string<Values...> text, Values&&... values) {
  if (!fits) throw IoError(fmt::format(text, std::forward<Values>(values)...));
}

struct PackView {
  // Opens a log, finished or partial. IoError for one that is damaged or whose parts do not fit
  // each other.
  static PackView open(const std::string& path);

  explicit PackView(LogReader reader) : log(std::move(reader)) {}

  LogReader log;
  std::size_t segments = 0;
  std::vector<std::string> row, stage;         // of each segment
  std::vector<std::string> token;              // the vocabulary
  std::vector<std::string> environment;        // in the order of the log
  std::vector<std::string> metric;             // variables of /evaluation
  std::vector<std::string> mechanism;          // of the world; empty without /drift
  std::vector<std::string> disease;            // empty without /belief
  std::vector<std::int64_t> stage_start;       // stream time of each segment's step 0
  std::vector<std::uint8_t> follows_world;     // 1: trains on a stream of the world as it is
  std::vector<std::int64_t> environment_time;  // [segment, environment], stream time

  // [environment, mechanism] of the first segment: 1 where the mechanism stands as at the
  // environment's time, 0 where it stays as at time 0; empty in logs that do not say.
  std::vector<std::uint8_t> taken;

  // The fully recorded probes; 0 probes when the log has no /tokens_full.
  std::size_t probes = 0, positions = 0;
  std::vector<std::int64_t> checkpoint;             // steps done when the probes were recorded
  std::vector<std::int64_t> evaluation_checkpoint;  // and when the policy was evaluated
  std::vector<double> values;  // of /evaluation, [metric, segment, row, environment], subset all
  // Variation budgets of /drift, [segment, stream_time, mechanism]; empty where not logged.
  std::vector<std::int64_t> budget_time;
  std::vector<double> budget_hellinger, budget_total_variation;
  std::size_t block = 1;     // segments whose laws share a piece of the file
  bool has_targets = false;  // whether the cases' own tokens are logged (record.tokens)

  std::size_t environments() const { return environment.size(); }
  std::size_t vocabulary() const { return token.size(); }
  // Whether some mechanisms of the environment stay as at time 0.
  bool mixed(std::size_t e) const;
  // The environments that are not mixed, in the order of their times in the first segment; equal
  // times keep their order.
  std::vector<std::size_t> by_time() const;
  // Value of metric m over all cases at row r of /evaluation.
  double value(std::size_t m, std::size_t segment, std::size_t r, std::size_t e) const {
    return values[((m * segments + segment) * evaluation_checkpoint.size() + r) * environments() +
                  e];
  }
  // Row of /evaluation at these steps; nothing when there is none.
  std::optional<std::size_t> evaluation_at(std::int64_t steps) const;
  // InputError that names the option when the log holds no whole laws.
  void require_laws() const;
};

}  // namespace tightrope
