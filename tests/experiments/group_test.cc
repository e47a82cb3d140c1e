// SPDX-License-Identifier: Apache-2.0
// Disease groups of an evaluation, and what must be said of wrong ones.
#include <cmath>

#include "core/tables/run_folder.h"
#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

using namespace engine_test;

TEST(Groups, AreThePlainMeansOfTheirDiseases) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const std::string groups =
      "evaluate={every: 60, cases: 40, groups: {two: [atelectasis, pneumonia]}}";
  const Said said = engine(tiny_run(
      out, {"--set", groups, "--set",
            "tables=[{name: tiny, columns: [\"accuracy(target, two)\", accuracy(target)]}]"}));
  ASSERT_EQ(said.code, 0) << said.err;
  const Results results = read_results(out, read_manifest(out));
  int compared = 0, different = 0;
  for (const RunResult& run : results.runs()) {
    for (const char* metric : {"accuracy", "kl_answer"}) {
      const auto value = [&](const char* subset) {
        return run.values.at({metric, "target", subset});
      };
      EXPECT_NEAR(value("two"), 0.5 * (value("atelectasis") + value("pneumonia")), 1e-15);
      different += value("two") != value("all") ? 1 : 0;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 8);
  EXPECT_GE(different, 6);
}

TEST(Groups, WrongOnesAreNamed) {
  const auto said = [](const std::string& groups) {
    return engine({"check", kTiny, "--set", "evaluate.groups=" + groups}).err;
  };
  EXPECT_NE(
      said("{g: [pneumnia]}").find("no disease is named \"pneumnia\"; did you mean \"pneumonia\"?"),
      std::string::npos)
      << said("{g: [pneumnia]}");
  EXPECT_NE(said("{single: [pneumonia]}").find("a subset of this name is there already"),
            std::string::npos);
  EXPECT_NE(said("{g: []}").find("expected a list of at least one disease"), std::string::npos);
  EXPECT_NE(said("[pneumonia]").find("expected a mapping"), std::string::npos);
}

}  // namespace
}  // namespace tightrope
