// SPDX-License-Identifier: Apache-2.0
// `tightrope dataset make` and `check`.
#include <gmock/gmock.h>

#include <cstring>

#include "core/base/hash.h"
#include "core/config/yaml.h"
#include "experiments/dataset_maker.h"
#include "experiments/runner.h"
#include "experiments/streams.h"
#include "experiments/training_set.h"
#include "graph/ccf_reader.h"
#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

using namespace engine_test;
using ::testing::HasSubstr;

std::vector<std::string> make(const std::string& out, std::vector<std::string> more = {}) {
  std::vector<std::string> args = {"dataset", "make", kTiny, "--out", out, "--quiet"};
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

std::shared_ptr<const Experiment> tiny(const std::string& world) {
  return check_file(load_experiment_tree(kTiny, {"world=" + world})).plan.experiment(0);
}

const std::vector<std::string> kWorlds = {"{type: concept, graph: cxr, sites: 2}",
                                          "{type: concept, graph: cxr, diagnosis: rule, sites: 2}"};

// The files hold the cases that the stage draws, to the bit, and the pairs of the expert that the
// paper's recipe names: here drawn by their own code.
TEST(Dataset, HoldsTheStagesCasesAndTheNearestCounterfactuals) {
  for (const std::string& text : kWorlds) {
    SCOPED_TRACE(text);
    const TemporaryFolder folder;
    const Said said =
        engine(make(folder / "ccf", {"--n", "3000", "--stage", "rft", "--set", "world=" + text}));
    ASSERT_EQ(said.code, 0) << said.err;
    const auto experiment = tiny(text);
    const Stage& stage = experiment->stages[1];
    WorldContext context(*experiment, 0);
    const World& world = context.world();
    const auto law = context.environment("source");
    const TrainingStreams streams = training_streams(*experiment, stage, 0);
    Cases cases;
    law->sample(streams.data, 0, 0, 1500, cases);
    Problems problems;
    const auto expert = Registry<Expert>::get().build(
        parse_yaml("{type: concept_graph, report: edit, propose: nearest, neighbours: 2}", "test"),
        "expert", problems);
    ExpertContext asked{world, *law, cases, {}};
    for (const std::string name : {"ccf.jsonl", "ccf.h5"}) {
      CcfReader reader(folder / "ccf" + "/" + name, world, {.complete = true});
      Cases one;
      one.resize(1, cases.attributes, cases.channels);
      one.id.resize(1);
      for (int n = 0; n < 1500; ++n) {
        CcfRecord record;
        ASSERT_TRUE(reader.next(record));
        set_case(record, one, 0);
        ASSERT_EQ(one.site[0], cases.site[n]);
        ASSERT_EQ(one.category[0], cases.category[n]);
        ASSERT_EQ(one.disease[0], cases.disease[n]);
        ASSERT_TRUE(std::ranges::equal(one.attribute, cases.attributes_of(n)));
        ASSERT_TRUE(std::ranges::equal(one.report, cases.report_of(n)));
        ASSERT_EQ(std::memcmp(one.image.data(), cases.image_of(n).data(), 4 * one.image.size()), 0);
        ASSERT_EQ(record.counterfactuals.size(), 2U);
        std::vector<int> proposed;
        for (int k = 0; k < 2; ++k) {
          asked.excluded = proposed;
          const Stream stream = k == 0 ? streams.expert : streams.expert.child(1);
          const Pair pair = expert->propose(asked, n, true, stream, 0);
          const CcfReport& other = record.counterfactuals[k];
          ASSERT_EQ(pair.rejected.tokens,
                    make_trajectory(world.vocabulary(), other.slot, other.category, other.disease)
                        .tokens);
          proposed.push_back(pair.rejected_disease);
        }
      }
      CcfRecord record;
      EXPECT_FALSE(reader.next(record));
    }
  }
}

TEST(Dataset, BytesDoNotDependOnThreadsOrTime) {
  const TemporaryFolder folder;
  for (const std::string threads : {"1", "3"}) {
    const Said said = engine(make(folder / threads, {"--n", "9000", "--threads", threads}));
    ASSERT_EQ(said.code, 0) << said.err;
    EXPECT_THAT(said.out, HasSubstr("4500 records with 2 counterfactuals each"));
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // nor on the time
  }
  for (const std::string name : {"/ccf.jsonl", "/ccf.h5"}) {
    const std::string one = read_text(folder / "1" + name);
    EXPECT_GT(one.size(), 100000U);
    EXPECT_EQ(hash64(one), hash64(read_text(folder / "3" + name))) << name;
  }
}

TEST(Dataset, OptionsAreChecked) {
  const TemporaryFolder folder;
  const auto error = [&](const std::vector<std::string>& more) {
    const Said said = engine(make(folder / "ccf", more));
    EXPECT_EQ(said.code, 2) << said.err;
    EXPECT_FALSE(fs::exists(folder / "ccf"));
    return said.err;
  };
  EXPECT_THAT(error({"--n", "3"}), HasSubstr("--n 3: counts counterfactual trajectories, expected "
                                             "a positive multiple of --counterfactuals 2"));
  EXPECT_THAT(error({"--seed", "-2"}), HasSubstr("--seed -2: expected at least 0"));
  EXPECT_THAT(error({"--n", "0"}), HasSubstr("--n 0"));
  EXPECT_THAT(error({"--n", "8", "--counterfactuals", "4"}),
              HasSubstr("--counterfactuals 4: the world has 4 diseases, at most 3 are others"));
  EXPECT_THAT(error({"--environment", "sorce"}), HasSubstr("did you mean \"source\"?"));
  EXPECT_THAT(error({"--stage", "rtf"}), HasSubstr("did you mean \"rft\"?"));
  EXPECT_THAT(error({"--arm", "randm"}), HasSubstr("did you mean \"random\"?"));
  const Said bandit = engine(
      {"dataset", "make", std::string(TIGHTROPE_SOURCE_DIR) + "/tests/experiments/bandit_ppo.yaml",
       "--out", folder / "ccf"});
  EXPECT_EQ(bandit.code, 2);
  EXPECT_THAT(bandit.err, HasSubstr("needs a world with a concept graph"));
  ASSERT_EQ(engine(make(folder / "ccf", {"--n", "8"})).code, 0);
  const Said again = engine(make(folder / "ccf", {"--n", "8"}));
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("the folder is not empty"));
}

// A disk that is full, a signal and a kill leave no file that looks finished.
TEST(Dataset, NothingHalfWrittenLooksFinished) {
  const TemporaryFolder folder, texts;
  const Said full = engine(make(folder / "full", {"--n", "40000"}), [] {
    const rlimit limit{1 << 20, 1 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, SIG_IGN);
  });
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.err, HasSubstr("cannot write"));
  EXPECT_TRUE(fs::is_empty(folder / "full"));
  for (const int number : {SIGTERM, SIGKILL}) {
    const std::string out = folder / std::to_string(number);
    Engine process(make(out, {"--n", "2000000"}), texts);
    ASSERT_TRUE(process.wait_for(out + "/ccf.h5.partial")) << process.err();
    process.signal(number);
    EXPECT_EQ(process.wait(), number == SIGKILL ? -SIGKILL : 1) << process.err();
    EXPECT_FALSE(fs::exists(out + "/ccf.jsonl"));
    EXPECT_FALSE(fs::exists(out + "/ccf.h5"));
    if (number == SIGTERM) {
      EXPECT_TRUE(fs::is_empty(out));
    }
    EXPECT_EQ(engine(make(out, {"--n", "8"})).code, 0);
    EXPECT_TRUE(fs::exists(out + "/ccf.h5"));
  }
}

TEST(Dataset, CheckReportsEveryMalformedRecord) {
  const TemporaryFolder folder;
  ASSERT_EQ(engine(make(folder / "ccf", {"--n", "20"})).code, 0);
  const std::string file = folder / "ccf/ccf.jsonl";
  for (const std::string& good : {file, folder / "ccf/ccf.h5"}) {
    const Said said = engine({"dataset", "check", good, kTiny});
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(said.out, good +
                            ": 10 records, 0 malformed; the good ones have 20 counterfactuals, "
                            "10 have image, site and attributes\n");
  }
  std::string text = read_text(file);
  text.insert(text.find('\n') + 1, "\n{}\nnothing\n");
  write_file(file, text);
  const Said said = engine({"dataset", "check", file, kTiny, "--show", "2"});
  EXPECT_EQ(said.code, 2);
  EXPECT_EQ(said.err, file + ": record 2 (line 2): an empty line\n" + file +
                          ": record 3 (line 3): the key dicom_id is missing\n... and 1 more\n");
  EXPECT_THAT(said.out, HasSubstr("13 records, 3 malformed; the good ones have 20"));
}

}  // namespace
}  // namespace tightrope
