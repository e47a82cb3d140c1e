// SPDX-License-Identifier: Apache-2.0
// Workers that share a run folder, at the same time and in any order, killed and resumed: the same
// bits as one process gives.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>

#include "core/log/lock.h"
#include "experiments/runner.h"
#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

using namespace engine_test;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Six seeds in packs of two: three independent parts, each an SFT pack and two arms.
std::vector<std::string> settings() {
  return {"--set", "seeds=0..5", "--set", "pack=2", "--threads", "1", "--quiet"};
}

std::vector<std::string> worker(const std::string& shard, const std::string& out,
                                const std::vector<std::string>& more = {}) {
  std::vector<std::string> args = {"worker", "--shard", shard, "--out", out, kTiny};
  const std::vector<std::string> sets = settings();
  args.insert(args.end(), sets.begin(), sets.end());
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

// The folder's collection.
std::string collected(const std::string& folder) {
  const std::string command =
      std::string(TIGHTROPE_BINARY_DIR) + "/tightrope-reader collect " + folder + " > /dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0);
  return folder + "/sweep.h5";
}

// The whole run by one process; made once.
const std::string& whole() {
  static const TemporaryFolder* folder = new TemporaryFolder;
  static const std::string* out = [] {
    auto* path = new std::string(*folder / "run");
    std::vector<std::string> args = {"run", kTiny, "--out", *path};
    const std::vector<std::string> sets = settings();
    args.insert(args.end(), sets.begin(), sets.end());
    const Said said = engine(args);
    EXPECT_EQ(said.code, 0) << said.err;
    return path;
  }();
  return *out;
}

// The first log of a folder's plan that is not there.
std::string unfinished_log(const std::string& folder) {
  for (int pack = 0;; ++pack) {
    const std::string log = fmt::format("{}/packs/pack_{:04}.h5", folder, pack);
    if (!fs::exists(log)) return log;
  }
}

std::vector<std::string> litter(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(".tmp") || name.find(".lock") != std::string::npos) out.push_back(name);
  }
  return out;
}

TEST(Worker, ThreeAtOnceGiveWhatOneGives) {
  const TemporaryFolder folder, a, b, c;
  const std::string out = folder / "run";
  {
    Engine first(worker("0/3", out), a), second(worker("1/3", out), b),
        third(worker("2/3", out), c);
    EXPECT_EQ(first.wait(), 0) << first.err();
    EXPECT_EQ(second.wait(), 0) << second.err();
    EXPECT_EQ(third.wait(), 0) << third.err();
  }
  expect_same_run(out, whole());
  EXPECT_EQ(read_text(out + "/config.yaml"), read_text(whole() + "/config.yaml"));
  EXPECT_EQ(read_text(out + "/run.json"), read_text(whole() + "/run.json"));
  expect_same_log(collected(out), collected(whole()), false);
  // The folder's own lock stays, empty: those who share it do not remove it.
  EXPECT_THAT(litter(out), ::testing::ElementsAre(".tightrope.lock"));
}

TEST(Worker, OneAfterTheOtherInAnyOrder) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const Said last = engine(worker("2/3", out));
  EXPECT_EQ(last.code, 0) << last.err;
  EXPECT_THAT(last.out, HasSubstr("3 of 9 packs of the run are done"));
  EXPECT_FALSE(fs::exists(out + "/results.csv"));
  EXPECT_EQ(engine(worker("0/3", out)).code, 0);
  // The last one needs no file: the folder has it. It makes the tables.
  const Said middle =
      engine({"worker", "--shard", "1/3", "--out", out, "--threads", "1", "--quiet"});
  EXPECT_EQ(middle.code, 0) << middle.err;
  EXPECT_THAT(middle.out, AllOf(HasSubstr("9 of 9 packs"), HasSubstr("results.csv")));
  expect_same_run(out, whole());
}

TEST(Worker, KilledOnesResume) {
  const TemporaryFolder folder, texts;
  const std::string out = folder / "run";
  int kills = 0;
  for (const char* after : {"run.json", "packs/pack_0000.h5.partial", "packs/pack_0000.h5.ckpt",
                            "packs/pack_0000.h5", "packs/pack_0003.h5.ckpt"}) {
    Engine process(worker("0/3", out, {"--resume"}), texts);
    process.wait_for(out + "/" + after);
    process.signal(SIGKILL);
    kills += process.wait() == -SIGKILL ? 1 : 0;
  }
  EXPECT_GE(kills, 2);
  for (const char* shard : {"1/3", "0/3", "2/3"}) {
    const Said said = engine(worker(shard, out, {"--resume"}));
    EXPECT_EQ(said.code, 0) << said.err;
  }
  expect_same_run(out, whole());
}

TEST(Worker, AShardThatBeganIsResumedOnRequestOnly) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  ASSERT_EQ(engine(worker("0/3", out)).code, 0);
  const Said again = engine(worker("0/3", out));
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("of this shard has begun here before; --resume continues"));
  EXPECT_EQ(engine(worker("0/3", out, {"--resume"})).code, 0);
  // Another number of shards may go on with the rest.
  EXPECT_EQ(engine(worker("0/1", out, {"--resume"})).code, 0);
  expect_same_run(out, whole());
}

TEST(Worker, APackThatAnotherProcessWritesIsLeftToIt) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  fs::create_directories(out + "/packs");
  {
    const FolderLock held = FolderLock::claim_part(out + "/packs/pack_0000.h5.lock", false);
    // A folder with packs and no run is refused; a worker makes the run first.
    EXPECT_EQ(engine(worker("0/3", out)).code, 2);
    fs::remove_all(out + "/packs");
  }
  ASSERT_EQ(engine(worker("1/3", out)).code, 0);
  {
    const FolderLock held = FolderLock::claim_part(out + "/packs/pack_0000.h5.lock", false);
    const Said said = engine(worker("0/3", out));
    EXPECT_EQ(said.code, 75) << said.err;
    EXPECT_THAT(said.out, AllOf(HasSubstr("pack_0000: left to another process"),
                                HasSubstr("the stage before it is left to another process")));
    EXPECT_THAT(said.err, HasSubstr("3 packs of this shard are left to other processes"));
  }
  EXPECT_EQ(engine(worker("0/3", out)).code, 0);
}

TEST(Worker, AClaimOfAnotherHostIsTakenOverOnRequest) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  ASSERT_EQ(engine(worker("1/3", out)).code, 0);
  write_file(out + "/packs/pack_0000.h5.lock", "elsewhere\n17\n1\nlong_ago\n");
  const Said said = engine(worker("0/3", out));
  EXPECT_EQ(said.code, 75);
  EXPECT_THAT(said.out, HasSubstr("claimed by process 17 on host elsewhere since long_ago"));
  EXPECT_EQ(engine(worker("0/3", out, {"--take-over"})).code, 0);
}

TEST(Worker, SaysWhyItLeavesTheTables) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  fs::create_directories(out);
  ASSERT_EQ(engine(worker("0/2", out)).code, 0);
  write_file(out + "/tables.lock", "elsewhere\n17\n1\nlong_ago\n");
  const Said said = engine(worker("1/2", out));
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("the tables are left to another process"),
                              HasSubstr("claimed by process 17 on host elsewhere"),
                              HasSubstr("tables.lock")));
  EXPECT_FALSE(fs::exists(out + "/tables"));
  EXPECT_EQ(engine(worker("1/2", out, {"--resume", "--take-over"})).code, 0);
  EXPECT_TRUE(fs::exists(out + "/tables"));
}

TEST(Worker, RunsAndWorkersExcludeEachOther) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  ASSERT_EQ(engine(worker("1/3", out)).code, 0);
  std::vector<std::string> run = {"run", kTiny, "--out", out, "--resume"};
  const std::vector<std::string> sets = settings();
  run.insert(run.end(), sets.begin(), sets.end());
  {
    const FolderLock shared = FolderLock::share(out);
    const FolderLock second = FolderLock::share(out);
    const Said said = engine(run);
    EXPECT_EQ(said.code, 2);
    EXPECT_THAT(said.err, HasSubstr("workers are writing here"));
  }
  {
    const FolderLock alone = FolderLock::claim(out);
    const Said said = engine(worker("0/3", out));
    EXPECT_EQ(said.code, 2);
    EXPECT_THAT(said.err, HasSubstr("has been writing here since"));
  }
  // Where locks do not pass between hosts: the claim on a pack that is not finished.
  write_file(out + "/packs/pack_0000.h5.lock", "elsewhere\n17\n1\nlong_ago\n");
  const Said said = engine(run);
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("claimed by process 17 on host elsewhere since long_ago"));
  fs::remove(out + "/packs/pack_0000.h5.lock");
  EXPECT_EQ(engine(run).code, 0);  // and may finish what workers began
  expect_same_run(out, whole());
}

TEST(Worker, AnotherPlanOrOtherTablesAreRefused) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  ASSERT_EQ(engine(worker("1/3", out)).code, 0);
  const Said other = engine(worker("0/3", out, {"--set", "sft.steps=61"}));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("belongs to another plan"));
  const Said tables = engine(worker("0/3", out, {"--set", "claims=[]"}));
  EXPECT_EQ(tables.code, 2);
  EXPECT_THAT(tables.err, HasSubstr("manifest.jsonl differs from this file's plan"));
  EXPECT_EQ(engine(worker("0/3", out)).code, 0);
}

TEST(Worker, ATuningIsFinishedBeforeWhatFollows) {
  const TemporaryFolder folder;
  const std::string out = folder / "run", one = folder / "one";
  const std::vector<std::string> tune = {"--set",
                                         "tune={grid: {rft.stepper.lr: [0.01, 0.02]}, on: "
                                         "accuracy(source), choose: largest}",
                                         "--set",
                                         "seeds={explore: 0..1, confirm: 2..3}",
                                         "--set",
                                         "pack=1",
                                         "--set",
                                         "claims=[]",
                                         "--threads",
                                         "1",
                                         "--quiet"};
  const auto with = [&](std::vector<std::string> args) {
    args.insert(args.end(), tune.begin(), tune.end());
    return engine(args);
  };
  const Said early = with({"worker", "--shard", "1/2", "--out", out, kTiny});
  EXPECT_EQ(early.code, 75) << early.err;
  EXPECT_THAT(early.out, HasSubstr("of the tuning are done; what follows waits"));
  const std::string note = unfinished_log(out + "/tuning") + ".failed";  // of shard 0/2
  write_file(note, "no memory\n");
  const Said failed = with({"worker", "--shard", "1/2", "--out", out, kTiny, "--resume"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.err, HasSubstr("tuning failed in another shard"));
  fs::remove(note);
  EXPECT_EQ(with({"worker", "--shard", "0/2", "--out", out, kTiny}).code, 0);
  EXPECT_EQ(with({"worker", "--shard", "1/2", "--out", out, kTiny, "--resume"}).code, 0);
  ASSERT_EQ(with({"run", kTiny, "--out", one}).code, 0);
  expect_same_run(out, one);
  EXPECT_EQ(read_text(out + "/tuning/chosen.md"), read_text(one + "/tuning/chosen.md"));
}

TEST(Worker, BadArgumentsAreNamed) {
  for (const char* shard : {"3/3", "-1/3", "1", "1/0", "a/b", "1/2/3", "", "0/"}) {
    const Said said = engine(worker(shard, "nowhere"));
    EXPECT_EQ(said.code, 2) << shard;
    EXPECT_THAT(said.err, HasSubstr("expected i/n with 0 <= i < n")) << shard;
  }
  const TemporaryFolder folder;
  const Said empty = engine({"worker", "--shard", "0/2", "--out", folder / "run"});
  EXPECT_EQ(empty.code, 2);
  EXPECT_THAT(empty.err, HasSubstr("no run has begun here; name the experiment file"));
}

CheckedExperiment checked(const std::vector<std::string>& sets) {
  return check_file(load_experiment_tree(kTiny, sets));
}

TEST(Shard, EveryPackBelongsToOneShardWithAllItNeeds) {
  for (const int pack : {1, 2, 3, 16}) {
    const CheckedExperiment experiment = checked({"seeds=0..6", "pack=" + std::to_string(pack)});
    const Plan& plan = experiment.plan;
    for (const int count : {1, 2, 3, 5, 50}) {
      std::vector<int> shard_of(plan.packs().size(), -1);
      for (int i = 0; i < count; ++i) {
        const std::vector<std::uint8_t> mine = packs_of(plan, {i, count});
        for (std::size_t p = 0; p < mine.size(); ++p) {
          if (mine[p] == 0) continue;
          EXPECT_EQ(shard_of[p], -1) << p;
          shard_of[p] = i;
        }
      }
      for (const Segment& segment : plan.segments()) {
        ASSERT_GE(shard_of[segment.pack], 0);
        for (const int other : {segment.parent, segment.reference}) {
          if (other < 0) continue;
          EXPECT_EQ(shard_of[plan.segments()[other].pack], shard_of[segment.pack]);
        }
      }
    }
  }
}

TEST(Shard, PartsAreSpreadByTheirWork) {
  // Seven seeds alone: seven equal parts. Three shards: 3, 2 and 2 of them.
  const Plan plan = checked({"seeds=0..6", "pack=1"}).plan;
  const std::vector<PlanPart> parts = independent_parts(plan);
  ASSERT_EQ(parts.size(), 7U);
  std::map<int, int> sizes;
  for (const PlanPart& part : parts) EXPECT_EQ(part.work, parts[0].work);
  for (int i = 0; i < 3; ++i) {
    const std::vector<std::uint8_t> mine = packs_of(plan, {i, 3});
    ++sizes[static_cast<int>(std::count(mine.begin(), mine.end(), 1))];
  }
  EXPECT_EQ(sizes, (std::map<int, int>{{6, 2}, {9, 1}}));
  // All seeds in one pack: the arms hang on it together.
  EXPECT_EQ(independent_parts(checked({"seeds=0..6", "pack=16"}).plan).size(), 1U);
}

}  // namespace
}  // namespace tightrope
