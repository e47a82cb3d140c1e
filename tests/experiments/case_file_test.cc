// SPDX-License-Identifier: Apache-2.0
// Experiments on the cases of a file: the same numbers as on simulated ones, and what is refused.
#include "experiments/case_file.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/experiments/tiny_lane.h"

namespace tightrope {
namespace {

using namespace engine_test;
using ::testing::HasSubstr;

const std::atomic<bool> kGoOn{false};

// The data of a stage of tiny.yaml, one nearest counterfactual per case.
// The folder must not have it yet.
std::string stage_file(const TemporaryFolder& folder, const std::string& stage,
                       const std::vector<std::string>& more = {}, const std::string& n = "64") {
  std::vector<std::string> args = {
      "dataset",           "make", kTiny,     "--out", folder / stage, "--n", n,
      "--counterfactuals", "1",    "--stage", stage,   "--quiet"};
  args.insert(args.end(), more.begin(), more.end());
  const Said said = engine(args);
  EXPECT_EQ(said.code, 0) << said.err;
  return folder / stage + "/ccf.";
}

std::string data(const std::string& file, const std::string& more = "") {
  return "{cases: 64, environment: source, file: " + file + more + "}";
}

std::vector<float> trained(std::size_t stage, const std::vector<std::string>& sets) {
  const Trained t = tiny_lane(stage, sets);
  t.lane->advance(20, kGoOn);
  EXPECT_LT(t.lane->frozen().step, 0);
  return {t.lane->parameters().begin(), t.lane->parameters().end()};
}

TEST(CaseFile, SupervisedTrainingIsThatOfTheSimulatedCases) {
  for (const std::string diagnosis : {"generative", "rule"}) {
    const std::string world =
        "world={type: concept, graph: cxr, sites: 2, diagnosis: " + diagnosis + "}";
    const TemporaryFolder folder;
    const std::string file = stage_file(folder, "sft", {"--set", world});
    const std::vector<float> simulated = trained(0, {world});
    for (const std::string format : {"jsonl", "h5"}) {
      EXPECT_EQ(trained(0, {world, "sft.data=" + data(file + format)}), simulated) << format;
    }
    EXPECT_NE(trained(0, {world, "seed=1"}), simulated);
  }
}

// What the tests above compare would be equal, too, if the file were not read.
TEST(CaseFile, OtherCasesTrainOtherPolicies) {
  const TemporaryFolder folder, elsewhere;
  const std::string own = stage_file(folder, "rft") + "h5";
  const std::string other = stage_file(elsewhere, "rft", {"--seed", "5"}) + "h5";
  const auto pairs = [](const std::string& cases, const std::string& counterfactuals) {
    return trained(1, {"rft.optimizer={type: cpo, beta: 0.3}", "rft.data=" + data(cases),
                       "rft.expert={type: dataset, file: " + counterfactuals + "}"});
  };
  EXPECT_NE(pairs(own, own), pairs(other, other));
  const auto rollouts = [](const std::string& file) {
    return trained(1, {"rft.optimizer={type: grpo, num_generations: 4}", "rft.reward=exact_match",
                       "rft.data=" + data(file)});
  };
  EXPECT_NE(rollouts(own), rollouts(other));
}

// One counterfactual leaves the expert nothing to draw: the pairs are those that made the file.
TEST(CaseFile, CounterfactualTrainingIsThatOfTheExpertThatMadeTheFile) {
  const TemporaryFolder folder;
  const std::string file = stage_file(folder, "rft");
  const std::string cpo = "rft.optimizer={type: cpo, beta: 0.3}";
  const std::vector<float> simulated =
      trained(1, {cpo, "rft.expert={type: concept_graph, propose: nearest, neighbours: 1}"});
  for (const std::string format : {"jsonl", "h5"}) {
    const std::string expert = "rft.expert={type: dataset, file: " + file + format + "}";
    EXPECT_EQ(trained(1, {cpo, "rft.data=" + data(file + format), expert}), simulated) << format;
  }
  EXPECT_NE(trained(1, {cpo, "rft.expert={type: random}"}), simulated);
}

// Rollouts take the file's cases, too.
TEST(CaseFile, RolloutsAreThoseOfTheSimulatedCases) {
  const TemporaryFolder folder;
  const std::string file = stage_file(folder, "sft");
  const std::vector<std::string> grpo = {"sft.optimizer={type: grpo, num_generations: 4}",
                                         "sft.reward=exact_match"};
  std::vector<std::string> stored = grpo;
  stored.push_back("sft.data=" + data(file + "h5"));
  EXPECT_EQ(trained(0, stored), trained(0, grpo));
}

std::vector<std::string> file_run(const std::string& out, const std::string& file,
                                  const std::vector<std::string>& more = {}) {
  std::vector<std::string> args = tiny_run(
      out, {"--set", "rft.data=" + data(file), "--set",
            "sweep={arms: {random: {}, counterfactual: {rft.optimizer: cpo, rft.expert: {type: "
            "dataset, file: " +
                file + "}}}}"});
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

TEST(CaseFile, AStoppedRunResumesAndAChangedFileIsAnotherRun) {
  const TemporaryFolder folder, texts;
  const std::string file = stage_file(folder, "rft") + "jsonl";
  const std::vector<std::string> longer = {"--set", "rft.steps=400"};
  const Said whole = engine(file_run(folder / "whole", file, longer));
  ASSERT_EQ(whole.code, 0) << whole.err;
  {
    Engine process(file_run(folder / "part", file, longer), texts);
    ASSERT_TRUE(process.wait_for(folder / "part/packs/pack_0001.h5.ckpt")) << process.err();
    process.signal(SIGTERM);
    ASSERT_EQ(process.wait(), 75) << process.err();
  }
  std::vector<std::string> resumed = file_run(folder / "part", file, longer);
  resumed.push_back("--resume");
  const std::string content = read_text(file);
  write_file(file, content + content.substr(0, content.find('\n')));  // one record more
  const Said other = engine(resumed);
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("belongs to another plan"));
  write_file(file, content);
  const Said same = engine(resumed);
  ASSERT_EQ(same.code, 0) << same.err;
  expect_same_run(folder / "part", folder / "whole");
}

std::string error_of(const std::vector<std::string>& sets) {
  return log_test::message_of<InputError>([&] { tiny_lane(1, sets); });
}

TEST(CaseFile, ErrorsComeBeforeTheRunAndNameTheirPlace) {
  const TemporaryFolder folder;
  const std::string file = stage_file(folder, "rft") + "jsonl";
  EXPECT_EQ(error_of({"rft.data=" + data(file)}), "(nothing thrown)");
  EXPECT_EQ(error_of({"rft.data={cases: 65, environment: source, file: " + file + "}"}),
            "--set rft.data={cases: 65, environment: source, file: " + file +
                "}: "
                "stages.1.data.file: " +
                file + ": 64 records, cases = 65 are asked for");
  EXPECT_THAT(error_of({"rft.data=" + data(file), "world={type: concept, graph: cxr, sites: 2}"}),
              HasSubstr("record 1 (line 1): "));
  const std::string sites = error_of({"rft.data=" + data(file), "world.sites=1"});
  EXPECT_THAT(sites, HasSubstr("site: 1, must be an integer in [0, 0]"));
  const std::string channels = error_of({"rft.data=" + data(file), "world.nuisance_channels=2"});
  EXPECT_THAT(channels, HasSubstr("stages.1.data.file: " + file +
                                  ": record 1 (line 1): image: 12 "
                                  "numbers, the world's images have 14 channels"));
  const std::string expert = "rft.expert={type: dataset, file: " + file + "}";
  EXPECT_THAT(error_of({expert}), HasSubstr("stages.1.expert: this expert looks cases up by their "
                                            "id: they must come from a file"));
  const std::string sft = stage_file(folder, "sft", {"--seed", "1"}) + "jsonl";
  EXPECT_THAT(error_of({"rft.data=" + data(file), "rft.expert={type: dataset, file: " + sft + "}"}),
              HasSubstr("stages.1.expert: " + sft + ": record "));
  EXPECT_THAT(error_of({"rft.data=" + data(file), expert, "rft.optimizer=grpo",
                        "rft.reward={type: learned}"}),
              HasSubstr("fitted to pairs of fresh cases"));
}

TEST(CaseFile, MalformedRecordsAreSkippedOnRequestAndSaid) {
  const TemporaryFolder folder;
  const std::string file = stage_file(folder, "rft", {}, "70") + "jsonl";
  std::string text = read_text(file);
  text.insert(text.find('\n') + 1, "{\"dicom_id\": 3\n");
  write_file(file, text);
  const Said said = engine(file_run(folder / "run", file));
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr(file + ": record 2 (line 2): not JSON"));
  EXPECT_FALSE(fs::exists(folder / "run"));
  const Said skipped = engine(
      tiny_run(folder / "run", {"--set", "rft.data=" + data(file, ", skip_malformed: true")}));
  EXPECT_EQ(skipped.code, 0) << skipped.err;
  EXPECT_THAT(skipped.out + skipped.err,
              HasSubstr(file + ": 1 malformed records of the first 65 left out"));
}

// `sample` shows the file's cases with the file's counterfactuals.
TEST(CaseFile, SampleShowsTheFilesRecords) {
  const TemporaryFolder folder;
  const std::string file =
      stage_file(folder, "rft", {"--seed", "5", "--set", "seed_varies=[data]"});
  const Said said = engine({"sample", kTiny, "--stage", "rft", "--n", "2", "--json", "--set",
                            "sweep=null", "--set", "tables=[]", "--set", "claims=[]", "--set",
                            "seed_varies=[data]", "--set", "rft.data=" + data(file + "jsonl"),
                            "--set", "rft.expert={type: dataset, file: " + file + "h5}"});
  ASSERT_EQ(said.code, 0) << said.err;
  const nlohmann::json told = nlohmann::json::parse(said.out);
  std::istringstream lines(read_text(file + "jsonl"));
  for (std::size_t n = 0; n < 2; ++n) {
    std::string line;
    std::getline(lines, line);
    const nlohmann::json record = nlohmann::json::parse(line);
    EXPECT_EQ(told[n]["disease"], record["diagnose"]);
    EXPECT_EQ(told[n]["image"].get<std::vector<float>>(),
              record["image"].get<std::vector<float>>());
    EXPECT_EQ(told[n]["counterfactual"]["disease"], record["counterfact"].begin().key());
  }
}

TEST(CaseFile, CasesCarryTheirIds) {
  const TemporaryFolder folder;
  Stage stage;
  stage.file = stage_file(folder, "sft") + "h5";
  stage.cases = 10;
  const auto experiment = check_file(load_experiment_tree(kTiny, {})).plan.experiment(0);
  const WorldContext context(*experiment, 0);
  const Cases cases = read_case_file(stage, context.world());
  ASSERT_EQ(cases.id.size(), 10U);
  EXPECT_EQ(cases.id[9], "d00000009");
  Cases copy;
  copy.resize(3, cases.attributes, cases.channels);
  copy_case(cases, 9, copy, 1);
  EXPECT_EQ(copy.id, (std::vector<std::string>{"", "d00000009", ""}));
}

}  // namespace
}  // namespace tightrope
