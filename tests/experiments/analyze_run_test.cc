// SPDX-License-Identifier: Apache-2.0
// The ledger of a real run against the metrics that the engine computed on other cases.
#include <sys/wait.h>

#include <cmath>
#include <cstdlib>

#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

using namespace engine_test;

int analyze(const std::string& folder) {
  const std::string command = std::string(TIGHTROPE_BINARY_DIR) + "/tightrope-reader analyze " +
                              folder + " --threads 2 > " + folder + "/said 2>&1";
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// The last checkpoint of one pack: every segment and environment.
void compare(const std::string& pack, double& gap, double& spread, int& count) {
  const LogReader log = LogReader::open(pack + ".h5");
  const LogReader file = LogReader::open(pack + ".analysis.h5");
  const auto kl = file.read<double>("ledger/kl");  // [s, c, e, n, j]
  const auto sum = file.read<double>("ledger/kl_sum");
  const auto half = file.read<double>("ledger/kl_sum_half_width");
  const auto thinking = log.read<double>("evaluation/kl_thinking");  // [s, c, e, subset]
  const auto answer = log.read<double>("evaluation/kl_answer");
  const std::size_t rows = kl.shape[1], last = thinking.shape[1] - 1, subsets = thinking.shape[3];
  const std::size_t probes = kl.shape[3], positions = kl.shape[4];
  for (std::size_t s = 0; s < kl.shape[0]; ++s) {
    for (std::size_t e = 0; e < kl.shape[2]; ++e) {
      const std::size_t at = (s * rows + rows - 1) * kl.shape[2] + e;
      const std::size_t metric = ((s * (last + 1) + last) * kl.shape[2] + e) * subsets;
      double length = 0;
      for (std::size_t i = 0; i < probes * positions; ++i) {
        if (!std::isnan(kl.values[at * probes * positions + i])) length += 1;
      }
      length = length / static_cast<double>(probes) - 2;  // without the outcome's two positions
      const double of_thinking = sum.values[at * 3] - length * thinking.values[metric];
      const double of_answer = sum.values[at * 3 + 1] - answer.values[metric];
      EXPECT_LT(std::abs(of_thinking), 3 * half.values[at * 3]) << pack << " " << s << " " << e;
      EXPECT_LT(std::abs(of_answer), 3 * half.values[at * 3 + 1]) << pack << " " << s << " " << e;
      gap += of_thinking + of_answer;
      spread += std::pow(half.values[at * 3], 2) + std::pow(half.values[at * 3 + 1], 2);
      ++count;
    }
  }
}

TEST(AnalyzeRun, AgreesWithTheMetricsOfOtherCases) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const Said run = engine(tiny_run(out, {"--set", "record.probes=60", "--set",
                                         "record.tokens_full=60", "--set", "evaluate.cases=400"}));
  ASSERT_EQ(run.code, 0) << run.err;
  ASSERT_EQ(analyze(out), 0) << read_text(out + "/said");
  double gap = 0, spread = 0;
  int count = 0;
  for (const std::string& log : files_ending(out + "/packs", ".policies")) {
    compare(out + "/packs/" + log.substr(0, log.find('.')), gap, spread, count);
  }
  EXPECT_EQ(count, 12);  // two seeds, three segments each, two environments
  EXPECT_LT(std::abs(gap), 2 * std::sqrt(spread));
  const std::string said = read_text(out + "/said");
  EXPECT_NE(said.find("| counterfactual | target |"), std::string::npos) << said;
  EXPECT_NE(said.find("wrote " + out + "/packs/pack_0000.analysis.h5"), std::string::npos) << said;
}

}  // namespace
}  // namespace tightrope
