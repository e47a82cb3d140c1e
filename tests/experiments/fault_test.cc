// SPDX-License-Identifier: Apache-2.0
// Signals, locks and broken files: what the engine says and what it leaves behind.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

using namespace engine_test;
using ::testing::AllOf;
using ::testing::HasSubstr;

// One uninterrupted run, shared by the tests of this file.
const std::string& reference() {
  static const TemporaryFolder folder;
  static const std::string out = [] {
    const Said said = engine(tiny_run(folder / "run"));
    EXPECT_EQ(said.code, 0) << said.err;
    return folder / "run";
  }();
  return out;
}

// A copy of the finished reference run in `folder`.
std::string finished_copy(const TemporaryFolder& folder) {
  const std::string out = folder / "run";
  fs::copy(reference(), out, fs::copy_options::recursive);
  return out;
}

// A run in `folder` that a signal stopped in its first stage after a checkpoint or two.
std::string stopped_run(const TemporaryFolder& folder, int number = SIGTERM) {
  const TemporaryFolder texts;
  const std::string out = folder / "run";
  Engine process(tiny_run(out, {"--set", "sft.steps=400"}), texts);
  EXPECT_TRUE(process.wait_for(out + "/packs/pack_0000.h5.ckpt.previous")) << process.err();
  process.signal(number);
  EXPECT_EQ(process.wait(), 75) << process.err();
  EXPECT_THAT(process.err(), HasSubstr("stopped early; the same command with --resume continues"));
  return out;
}

std::vector<std::string> long_run(const std::string& out, std::vector<std::string> more = {}) {
  more.insert(more.end(), {"--set", "sft.steps=400"});
  return tiny_run(out, more);
}

void expect_resumes_to_the_same(const std::string& out) {
  const TemporaryFolder fresh;
  const Said whole = engine(long_run(fresh / "run"));
  ASSERT_EQ(whole.code, 0) << whole.err;
  const Said resumed = engine(long_run(out, {"--resume"}));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  expect_same_run(out, fresh / "run");
}

TEST(Signal, StopsWithinTwoSecondsAndResumes) {
  for (const int number : {SIGINT, SIGTERM}) {
    const TemporaryFolder folder, texts;
    const std::string out = folder / "run";
    Engine process(long_run(out), texts);
    ASSERT_TRUE(process.wait_for(out + "/packs/pack_0000.h5.partial")) << process.err();
    const auto begin = std::chrono::steady_clock::now();
    process.signal(number);
    EXPECT_EQ(process.wait(), 75) << process.err();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(took.count(), 2.0);
    EXPECT_THAT(process.err(), HasSubstr("the same command with --resume continues"));
    expect_resumes_to_the_same(out);
  }
}

TEST(Lock, ASecondProcessIsTurnedAway) {
  const TemporaryFolder folder, texts;
  const std::string out = folder / "run";
  Engine first(tiny_run(out, {"--set", "sft.steps=100000"}), texts);
  ASSERT_TRUE(first.wait_for(out + "/packs/pack_0000.h5.partial")) << first.err();
  const Said second = engine(tiny_run(out, {"--resume", "--set", "sft.steps=100000"}));
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(second.err, AllOf(HasSubstr(out), HasSubstr("has been writing here since")));
  const Said fresh = engine(tiny_run(out, {"--fresh"}));
  EXPECT_EQ(fresh.code, 2);
  EXPECT_THAT(fresh.err, HasSubstr("has been writing here since"));
  EXPECT_TRUE(first.running());
  first.signal(SIGTERM);
  EXPECT_EQ(first.wait(), 75);
}

TEST(Output, FoldersThatAreNotOurs) {
  const TemporaryFolder folder;
  write_file(folder / "notes.txt", "mine");
  const Said foreign = engine(tiny_run(folder.path()));
  EXPECT_EQ(foreign.code, 2);
  EXPECT_EQ(foreign.err, "--out " + folder.path() +
                             ": the folder is not empty and holds no run; choose another\n");
  const Said fresh = engine(tiny_run(folder.path(), {"--fresh"}));
  EXPECT_EQ(fresh.code, 2);
  EXPECT_EQ(read_text(folder / "notes.txt"), "mine");
  const Said file = engine(tiny_run(folder / "notes.txt"));
  EXPECT_EQ(file.code, 2);
  EXPECT_EQ(file.err, "--out " + folder.path() + "/notes.txt: a file of this name exists\n");
  const Said below = engine(tiny_run(folder / "notes.txt/run"));
  EXPECT_NE(below.code, 0);
  EXPECT_THAT(below.err, HasSubstr("cannot make the folder " + folder.path() + "/notes.txt/run"));
  const Said read_only = engine(tiny_run("/proc/tightrope"));
  EXPECT_NE(read_only.code, 0);
  EXPECT_THAT(read_only.err, HasSubstr("cannot make the folder /proc/tightrope"));
}

TEST(Output, AnExistingRunIsNeverReplacedUnasked) {
  const TemporaryFolder folder;
  const std::string out = finished_copy(folder);
  const Said again = engine(tiny_run(out));
  EXPECT_EQ(again.code, 2);
  EXPECT_EQ(again.err, "--out " + out +
                           ": the folder already holds a run; --resume continues it, --fresh "
                           "replaces it\n");
  for (const char* set : {"sft.steps=70", "pack=1", "seeds=0..2", "evaluate.cases=41"}) {
    const Said other = engine(tiny_run(out, {"--resume", "--set", set}));
    EXPECT_EQ(other.code, 2) << set;
    EXPECT_THAT(other.err, AllOf(HasSubstr("--resume: " + out + " belongs to another plan (hash "),
                                 HasSubstr("use the settings it was started with, or --fresh")))
        << set;
  }
  expect_same_run(out, reference());
  EXPECT_EQ(engine(tiny_run(out, {"--resume"})).code, 0);
  expect_same_run(out, reference());
  EXPECT_EQ(engine(tiny_run(out, {"--fresh"})).code, 0);
  expect_same_run(out, reference());
}

TEST(Output, ADamagedRunFileIsSaid) {
  const TemporaryFolder folder;
  const std::string out = finished_copy(folder);
  write_file(out + "/run.json", "{\"exper");
  const Said said = engine(tiny_run(out, {"--resume"}));
  EXPECT_EQ(said.code, 2);
  EXPECT_EQ(said.err, "--resume: " + out + "/run.json is damaged; --fresh starts over\n");
  expect_same_log(out + "/packs/pack_0000.h5", reference() + "/packs/pack_0000.h5", false);
}

TEST(Checkpoint, ATruncatedOneFallsBackWithAWarning) {
  const TemporaryFolder folder;
  const std::string out = stopped_run(folder);
  const std::string newest = out + "/packs/pack_0000.h5.ckpt";
  fs::resize_file(newest, fs::file_size(newest) / 2);
  const TemporaryFolder fresh;
  ASSERT_EQ(engine(long_run(fresh / "run")).code, 0);
  const Said resumed = engine(long_run(out, {"--resume"}));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err + resumed.out, AllOf(HasSubstr(newest), HasSubstr("previous")));
  expect_same_run(out, fresh / "run");
}

TEST(Checkpoint, TwoDamagedOnesAreAnError) {
  const TemporaryFolder folder;
  const std::string out = stopped_run(folder);
  const std::string newest = out + "/packs/pack_0000.h5.ckpt";
  for (const std::string& path : {newest, newest + ".previous"}) {
    ASSERT_TRUE(fs::exists(path)) << path;
    fs::resize_file(path, 20);
  }
  const Said resumed = engine(long_run(out, {"--resume"}));
  EXPECT_EQ(resumed.code, 1);
  EXPECT_THAT(resumed.err + resumed.out, AllOf(HasSubstr("pack_0000"), HasSubstr(newest)));
}

TEST(Log, ACorruptedFinishedOneIsNamedAndTheOthersStay) {
  const TemporaryFolder folder;
  const std::string out = finished_copy(folder);
  const std::string victim = out + "/packs/pack_0001.h5";
  fs::resize_file(victim, fs::file_size(victim) / 2);
  const Said resumed = engine(tiny_run(out, {"--resume"}));
  EXPECT_EQ(resumed.code, 1);
  EXPECT_THAT(resumed.err, HasSubstr(victim));
  for (const char* log : {"/packs/pack_0000.h5", "/packs/pack_0002.h5"}) {
    expect_same_log(out + log, reference() + log, false);
  }
  fs::remove(victim);  // what the message advises
  EXPECT_THAT(resumed.err, HasSubstr("delete it"));
  EXPECT_EQ(engine(tiny_run(out, {"--resume"})).code, 0);
  expect_same_run(out, reference());
}

TEST(Disk, FullDiskFailsThePackAndResumes) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const auto full = [] {
    ::signal(SIGXFSZ, SIG_IGN);  // writes then fail like on a full disk
    const rlimit limit{60000, 60000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  };
  const Said said = engine(tiny_run(out), full);
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.err + said.out, HasSubstr("pack_0000"));
  EXPECT_THAT(said.err, HasSubstr("packs failed; see " + out + "/packs/*.failed"));
  EXPECT_FALSE(files_ending(out + "/packs", ".failed").empty());
  const Said unasked = engine(tiny_run(out, {"--resume"}));
  EXPECT_EQ(unasked.code, 1);
  EXPECT_THAT(unasked.err + unasked.out, HasSubstr("--retry-failed tries again"));
  const Said retried = engine(tiny_run(out, {"--resume", "--retry-failed"}));
  EXPECT_EQ(retried.code, 0) << retried.err;
  expect_same_run(out, reference());
}

TEST(Disk, AFullOneBehindStandardOutputIsAnError) {
  const TemporaryFolder folder;
  const std::string command = fmt::format("{}/tightrope-engine list > /dev/full 2> {}",
                                          TIGHTROPE_BINARY_DIR, folder / "err");
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
  EXPECT_THAT(read_text(folder / "err"), HasSubstr("cannot write to standard output"));
}

TEST(Disk, AFullDiskAtTheStartIsSaid) {
  const TemporaryFolder folder;
  const Said said = engine(tiny_run(folder / "run"), [] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{300, 300};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  });
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.err, AllOf(HasSubstr("cannot write"), HasSubstr("disk full")));
}

}  // namespace
}  // namespace tightrope
