// SPDX-License-Identifier: Apache-2.0
// Same numbers alone or packed, with one or two threads; a diverging lane leaves its neighbours
// alone.
#include <gtest/gtest.h>

#include "core/log/reader.h"
#include "core/tables/run_folder.h"
#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

using engine_test::engine;
using engine_test::tiny_run;
using log_test::TemporaryFolder;

std::string results_of(const std::vector<std::string>& options) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const auto said = engine(tiny_run(out, options));
  EXPECT_EQ(said.code, 0) << said.err;
  return engine_test::read_text(out + "/results.csv");
}

TEST(Packing, OneLaneAPackOrMany) {
  const std::string reference = results_of({});
  EXPECT_GT(reference.size(), 1000U);
  EXPECT_EQ(results_of({"--set", "pack=1"}), reference);
  EXPECT_EQ(results_of({"--set", "pack=3"}), reference);
}

TEST(Packing, TwoThreadsGiveTheSameBits) {
  const TemporaryFolder folder;
  std::vector<std::string> texts;
  for (const char* threads : {"1", "2"}) {
    const std::string out = folder / (std::string("run") + threads);
    const auto said =
        engine({"run", engine_test::kTiny, "--out", out, "--threads", threads, "--quiet"});
    ASSERT_EQ(said.code, 0) << said.err;
    texts.push_back(engine_test::read_text(out + "/results.csv"));
  }
  EXPECT_EQ(texts[0], texts[1]);
}

TEST(Packing, ADivergedLaneIsFrozenAndItsNeighboursAreUnchanged) {
  const TemporaryFolder folder;
  const std::string calm = folder / "calm", wild = folder / "wild";
  const std::string arms = "sweep={arms: {good: {}, bad: {rft.stepper.lr: ";
  const auto a = engine(tiny_run(calm, {"--set", arms + "0.03}}}", "--set", "claims=[]"}));
  const auto b = engine(tiny_run(wild, {"--set", arms + "1e38}}}", "--set", "claims=[]"}));
  ASSERT_EQ(a.code, 0) << a.err;
  ASSERT_EQ(b.code, 0) << b.err;
  const Column column{"accuracy", "target", "all"};
  const Results calm_results = read_results(calm, read_manifest(calm));
  const Results wild_results = read_results(wild, read_manifest(wild));
  EXPECT_EQ(calm_results.by_seed("good", column, "confirm"),
            wild_results.by_seed("good", column, "confirm"));
  for (const double value : wild_results.by_seed("bad", column, "confirm")) {
    EXPECT_TRUE(std::isnan(value));
  }
  for (const RunResult& run : wild_results.runs()) {
    EXPECT_EQ(run.status, run.arm == "bad" ? "diverged" : "done");
  }
  EXPECT_NE(b.out.find("diverged"), std::string::npos) << b.out;
  bool frozen = false;
  const LogReader log = LogReader::open(wild + "/packs/pack_0001.h5");
  for (const LogAttribute& attribute : log.attributes()) {
    if (attribute.name == "frozen_cause") {
      for (const std::string& cause : std::get<std::vector<std::string>>(attribute.value)) {
        frozen = frozen || cause.find("not finite") != std::string::npos;
      }
    }
  }
  EXPECT_TRUE(frozen);
}

}  // namespace
}  // namespace tightrope
