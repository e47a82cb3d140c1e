// SPDX-License-Identifier: Apache-2.0
// Runs over two and three packs: their stages' nets telescope.
#include "analysis/analyze/run_drift.h"

#include <fmt/format.h>

#include <fstream>

#include "analysis/analyze/ledger_table.h"
#include "tests/analysis/ledger_support.h"

namespace tightrope {
namespace {

using namespace ledger_test;

// Makes the laws of `child` at its first checkpoint those of `parent` at its last, on the same
// probes.
void follow(const HandLog& parent, HandLog& child) {
  const std::size_t rows = child.checkpoint.size(), segments = child.segments;
  const std::size_t width = child.policy.size() / segments / rows;
  for (std::size_t s = 0; s < segments; ++s) {
    std::copy_n(parent.policy.begin() + static_cast<std::ptrdiff_t>((s * rows + rows - 1) * width),
                width, child.policy.begin() + static_cast<std::ptrdiff_t>(s * rows * width));
  }
  child.oracle = parent.oracle;
}

// Segment "pP lL" in lane L of pack P; run L is the path of the lanes L, under the row "arm".
class Folder {
 public:
  explicit Folder(const std::vector<HandLog>& packs) {
    std::filesystem::create_directories(folder_ / "packs");
    std::ofstream out(folder_ / "manifest.jsonl");
    out << R"j({"kind": "experiment", "name": "by_hand", "hash": "00", "rows": ["arm"], )j"
        << R"j("environments": ["source", "target"], "tables": [], "claims": []})j"
        << "\n";
    for (std::size_t p = 0; p < packs.size(); ++p) {
      packs[p].write(log(p));
      for (std::size_t l = 0; l < packs[p].segments; ++l) {
        out << fmt::format(R"j({{"kind": "segment", "id": "p{0} l{1}", "parent": "{2}", )j"
                           R"j("pack": "pack_000{0}", "lane": {1}}})j",
                           p, l, p == 0 ? "" : fmt::format("p{} l{}", p - 1, l))
            << "\n";
      }
    }
    const std::size_t last = packs.size() - 1;
    for (std::size_t l = 0; l < packs[last].segments; ++l) {
      out << fmt::format(
                 R"j({{"kind": "run", "id": "p{0} l{1}", "row": "arm", "seed_set": "confirm", )j"
                 R"j("seed": {1}, "parameters": "", "values": {{}}, "pack": "pack_000{0}", "lane": {1}}})j",
                 last, l)
          << "\n";
    }
  }
  std::string path() const { return folder_ / ""; }
  std::string log(std::size_t pack) const {
    return folder_ / fmt::format("packs/pack_000{}.h5", pack);
  }

 private:
  TemporaryFolder folder_;
};

std::vector<HandLog> three_stages() {
  std::vector<HandLog> packs = {random_log(1), random_log(2), random_log(3)};
  follow(packs[0], packs[1]);
  follow(packs[1], packs[2]);
  return packs;
}

double at(const RunDrift& run, const char* kind, const char* environment, const char* part) {
  return run.result.values.at({kind, environment, part});
}

TEST(RunDrift, NetsTelescopeFromTheFirstCheckpointToTheLast) {
  const std::vector<HandLog> packs = three_stages();
  const Folder folder(packs);
  analyze_folder(folder.path(), laws_only());
  const std::vector<RunDrift> runs = run_drift(folder.path());
  ASSERT_EQ(runs.size(), 3U);
  for (std::size_t l = 0; l < 3; ++l) {
    const RunDrift& run = runs[l];
    EXPECT_EQ(run.stages, 3U);
    EXPECT_EQ(run.jump, 0);
    for (const char* environment : {"source", "target"}) {
      for (const char* part : {"thinking", "outcome", "all"}) {
        const double net = at(run, "run_net", environment, part);
        EXPECT_NEAR(
            net, at(run, "run_before", environment, part) - at(run, "run_after", environment, part),
            1e-12);
        EXPECT_GT(std::abs(net - at(run, "stage_net", environment, part)), 1e-3);
      }
    }
    // KL(oracle || policy) of the first checkpoint, by the laws themselves.
    const HandLog& log = packs[0];
    const std::size_t v = log.token.size(), half = log.cells() / 3 / 2;
    double kl = 0;
    for (std::size_t cell = 0; cell < half; ++cell) {
      for (std::size_t y = 0; y < v; ++y) {
        const double p = log.oracle[(l * 2 * half + cell) * v + y];
        const double q = log.policy[(l * 3 * 2 * half + cell) * v + y];
        if (!std::isnan(p) && std::exp(p) > 0) kl += std::exp(p) * (p - q) / 3;  // 3 probes
      }
    }
    EXPECT_NEAR(at(run, "run_before", "source", "all"), kl, 1e-12);
  }
  const std::string table = ledger_table(folder.path());
  double mean = 0;
  for (const RunDrift& run : runs) mean += at(run, "run_net", "target", "outcome") / 3;
  EXPECT_NE(table.find(fmt::format("| {:.4f} ± ", mean)), std::string::npos) << mean << table;
  EXPECT_NE(table.find("which sum to the fall of the KL"), std::string::npos) << table;
}

TEST(RunDrift, OtherProbesShowAsAJump) {
  std::vector<HandLog> packs = three_stages();
  packs[2] = random_log(4);
  const Folder folder(packs);
  analyze_folder(folder.path(), laws_only());
  for (const RunDrift& run : run_drift(folder.path())) {
    EXPECT_GT(run.jump, 1e-3);
    const double net = at(run, "run_net", "source", "all");
    EXPECT_GT(std::abs(net - at(run, "run_before", "source", "all") +
                       at(run, "run_after", "source", "all")),
              1e-6);
  }
  EXPECT_NE(ledger_table(folder.path()).find("because its probes are others"), std::string::npos);
}

TEST(RunDrift, AMissingStageLeavesTheRunWithoutANet) {
  const Folder folder(three_stages());
  analyze_folder(folder.path(), laws_only());
  std::filesystem::remove(folder.path() + "/packs/pack_0001.analysis.h5");
  const std::vector<RunDrift> runs = run_drift(folder.path());
  ASSERT_EQ(runs.size(), 3U);
  EXPECT_TRUE(std::isnan(at(runs[0], "run_net", "source", "all")));
  EXPECT_TRUE(std::isfinite(at(runs[0], "stage_net", "source", "all")));
  std::filesystem::remove(folder.path() + "/packs/pack_0002.analysis.h5");
  EXPECT_TRUE(run_drift(folder.path()).empty());
}

TEST(RunDrift, OneStageNeedsNoColumnsOfAll) {
  const Folder folder({random_log(1)});
  analyze_folder(folder.path(), laws_only());
  EXPECT_EQ(ledger_table(folder.path()).find("all stages"), std::string::npos);
}

}  // namespace
}  // namespace tightrope
