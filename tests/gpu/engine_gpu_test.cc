// SPDX-License-Identifier: Apache-2.0
// A whole run with --device cuda: the CPU's data, results within a tolerance, and a log that says
// where it came from. Skipped, with the engine's reason, where there is no device.
#include "core/log/reader.h"
#include "core/tables/run_folder.h"
#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

using namespace engine_test;

std::vector<std::string> run_on(const std::string& device, const std::string& out) {
  return tiny_run(out,
                  {"--device", device, "--set",
                   "policy={type: transformer, backend: autograd, layers: 2, width: 16, heads: 2}",
                   "--set", "sft.steps=20", "--set", "sft.stepper={type: sgd, lr: 0.1}", "--set",
                   "rft.steps=10", "--set", "rft.stepper={type: sgd, lr: 0.1}"});
}

std::string attribute(const std::string& log, const std::string& name) {
  for (const LogAttribute& each : LogReader::open(log).attributes()) {
    if (each.name == name) return std::get<std::string>(each.value);
  }
  return "";
}

TEST(EngineGpu, TheSameDataAndNearlyTheSameNumbers) {
  const TemporaryFolder folder;
  const std::string cuda = folder / "cuda", cpu = folder / "cpu";
  const Said said = engine(run_on("cuda", cuda));
  if (said.code == 2) {
    EXPECT_FALSE(fs::exists(cuda));  // refused before anything was written
    GTEST_SKIP() << said.err;
  }
  ASSERT_EQ(said.code, 0) << said.err;
  ASSERT_EQ(engine(run_on("cpu", cpu)).code, 0);
  EXPECT_EQ(attribute(cuda + "/packs/pack_0000.h5", "device"), "cuda");
  EXPECT_EQ(attribute(cpu + "/packs/pack_0000.h5", "device"), "cpu");
  const Column column{"kl_thinking", "source", "all"};
  const Results left = read_results(cuda, read_manifest(cuda));
  const Results right = read_results(cpu, read_manifest(cpu));
  for (const char* row : {"random", "counterfactual"}) {
    const auto a = left.by_seed(row, column, "confirm"), b = right.by_seed(row, column, "confirm");
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-3) << row;
  }
  // A run stays on its device.
  std::vector<std::string> resume = run_on("cpu", cuda);
  resume.push_back("--resume");
  const Said moved = engine(resume);
  EXPECT_EQ(moved.code, 2) << moved.out;
  EXPECT_NE(moved.err.find("belongs to another plan"), std::string::npos) << moved.err;
}

}  // namespace
}  // namespace tightrope
