// SPDX-License-Identifier: Apache-2.0
// A hand-written log analysed, and its results by name.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "analysis/analyze/analyzer.h"
#include "core/random/stream.h"
#include "tests/core/log_support.h"
#include "tests/support/hand_log.h"

namespace tightrope::ledger_test {

using log_test::TemporaryFolder;

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline AnalyzeOptions laws_only() {
  AnalyzeOptions options;
  options.alarms = false;
  options.text = "ledger; measures";
  return options;
}

// A folder with one pack; analyses it when asked.
class Analysed {
 public:
  explicit Analysed(const HandLog& log, const AnalyzeOptions& options = laws_only()) {
    std::filesystem::create_directories(folder_ / "packs");
    log.write(path(".h5"));
    report = analyze_folder(folder_ / "", options);
  }
  std::string path(const std::string& end) const { return folder_ / ("packs/pack_0000" + end); }
  std::string folder() const { return folder_ / ""; }
  LogReader open() const { return LogReader::open(path(".analysis.h5")); }
  LogArray<double> read(const std::string& name) const { return open().read<double>(name); }
  std::vector<double> values(const std::string& name) const { return read(name).values; }

  AnalyzeReport report;

 private:
  TemporaryFolder folder_;
};

// ln of the probabilities, into [at, at + size).
inline void put_law(std::vector<double>& to, std::size_t law, const std::vector<double>& p) {
  for (std::size_t y = 0; y < p.size(); ++y) to[law * p.size() + y] = std::log(p[y]);
}

// A random law, about a third of it 0 when `sparse`.
inline std::vector<double> random_law(std::size_t v, Draws& draws, bool sparse) {
  std::vector<double> p(v);
  double sum = 0;
  for (std::size_t y = 0; y < v; ++y) {
    p[y] = sparse && y > 0 && draws.bernoulli(0.3) ? 0 : std::exp(3 * draws.normal());
    sum += p[y];
  }
  for (double& x : p) x /= sum;
  return p;
}

// Three segments, two environments, three probes of unequal lengths, random laws everywhere; the
// oracle has empty tokens, the policies none.
inline HandLog random_log(std::uint32_t seed = 1) {
  HandLog log;
  log.segments = 3;
  log.probes = 3;
  log.positions = 5;
  log.token = {"<think>", "a", "b", "x", "y", "z", "</think>"};
  log.evaluation["accuracy"].assign(3 * 3 * 2, 0.5);
  log.evaluation["oracle_accuracy"].assign(3 * 3 * 2, 0.8);
  log.make_room();
  log.target.assign(log.cells(), 4);
  Draws draws(seed, 2, 3, 4);
  const std::size_t v = log.token.size(), z = log.disease.size();
  for (std::size_t cell = 0; cell < log.cells(); ++cell) {
    const std::size_t probe = cell / log.positions, j = cell % log.positions;
    const std::size_t length = 3 + probe % 3;
    if (j + 2 == length) log.target[cell] = 1 + static_cast<std::int32_t>(probe % 2);
    if (j >= length) continue;
    put_law(log.oracle, cell, random_law(v, draws, true));
    put_law(log.reference, cell, random_law(v, draws, false));
    const std::size_t segment = cell / (log.cells() / 3), rest = cell % (log.cells() / 3);
    for (std::size_t c = 0; c < 3; ++c) {
      const std::size_t row = (segment * 3 + c) * (log.cells() / 3) + rest;
      put_law(log.policy, row, random_law(v, draws, false));
      const double belief = draws.uniform();
      log.belief_policy[row * z] = static_cast<float>(belief);
      log.belief_policy[row * z + 1] = static_cast<float>(1 - belief);
    }
    log.belief_oracle[cell * z] = 0.25F;
    log.belief_oracle[cell * z + 1] = 0.75F;
  }
  return log;
}

}  // namespace tightrope::ledger_test
