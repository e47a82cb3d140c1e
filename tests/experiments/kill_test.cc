// SPDX-License-Identifier: Apache-2.0
// kill -9 of the engine at random moments, again and again until the run is done: everything it
// wrote must equal an uninterrupted run bit for bit.
#include <fmt/format.h>

#include "core/base/hash.h"
#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

using namespace engine_test;

// The n-th kill, seeded: after a share of a whole run's time, or shortly after a file appears,
// which finds the moments at which files are made and renamed.
struct Kill {
  double share = 0;   // of a whole run's time
  std::string after;  // file in the run folder; "" for the start
  double microseconds = 0;
};

Kill nth_kill(int n) {
  static const std::vector<std::string> files = {".tightrope.lock",
                                                 "run.json",
                                                 "manifest.jsonl",
                                                 "packs",
                                                 "packs/pack_0000.h5.partial",
                                                 "packs/pack_0000.h5.ckpt",
                                                 "packs/pack_0000.h5.policies",
                                                 "packs/pack_0000.h5",
                                                 "packs/pack_0001.h5.partial",
                                                 "packs/pack_0001.h5.ckpt",
                                                 "packs/pack_0002.h5.partial",
                                                 "packs/pack_0002.h5",
                                                 "results.csv"};
  const std::uint64_t draw = hash64(fmt::format("kill {}", n)) >> 20;
  const double uniform = static_cast<double>(draw % 10000) / 10000;
  if (n % 2 == 0) return {0.9 * uniform, "", 0};
  return {0, files[static_cast<std::size_t>(n / 2) % files.size()], 3000 * uniform};
}

struct Count {
  int kills = 0, runs = 0, opened = 0, before_checkpoint = 0, after_checkpoint = 0;
};

void check_partials(const std::string& folder, const std::string& reference, Count& count) {
  for (const std::string& name : files_ending(folder + "/packs", ".h5.partial")) {
    const std::string whole = name.substr(0, name.size() - std::string(".partial").size());
    expect_same_log(folder + "/packs/" + name, reference + "/packs/" + whole, true);
    ++count.opened;
  }
  const bool checkpoint = !files_ending(folder + "/packs", ".ckpt").empty();
  const bool finished = !files_ending(folder + "/packs", ".h5").empty();
  count.after_checkpoint += checkpoint ? 1 : 0;
  count.before_checkpoint += !checkpoint && !finished ? 1 : 0;
}

void run_with_kills(const std::string& reference, double whole_seconds, int& n, Count& count) {
  const TemporaryFolder folder, texts;
  const std::string out = folder / "run";
  ++count.runs;
  while (true) {
    const Kill kill = nth_kill(n++);
    Engine engine(tiny_run(out, {"--resume"}), texts);
    if (!kill.after.empty()) engine.wait_for(out + "/" + kill.after);
    const double seconds = kill.share * whole_seconds + kill.microseconds * 1e-6;
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    engine.signal(SIGKILL);
    const int code = engine.wait();
    if (code == 0) break;
    ASSERT_EQ(code, -SIGKILL) << engine.err();
    ++count.kills;
    check_partials(out, reference, count);
    if (::testing::Test::HasFailure()) return;
  }
  expect_same_run(out, reference);
}

TEST(Kill, RunsResumeToTheSameBits) {
  const TemporaryFolder reference, texts;
  const std::string whole = reference / "run";
  const auto begin = std::chrono::steady_clock::now();
  Engine first(tiny_run(whole), texts);
  ASSERT_EQ(first.wait(), 0) << first.err();
  const std::chrono::duration<double> once = std::chrono::steady_clock::now() - begin;
  Count count;
  int n = 0;
  // Until every kind of moment was met: how often a kill meets one depends on the machine.
  const auto enough = [&] {
    return count.kills >= 24 && count.opened >= 4 && count.before_checkpoint >= 1 &&
           count.after_checkpoint >= 5;
  };
  while (!enough() && !::testing::Test::HasFailure()) {
    run_with_kills(whole, once.count(), n, count);
    ASSERT_LT(n, 400) << "no progress";
  }
  const std::chrono::duration<double> all = std::chrono::steady_clock::now() - begin;
  fmt::print(
      "{} kills over {} runs in {:.1f} s: {} partial files opened, {} kills before the first "
      "checkpoint, {} with a checkpoint\n",
      count.kills, count.runs, all.count(), count.opened, count.before_checkpoint,
      count.after_checkpoint);
  EXPECT_GE(count.opened, 4);
  EXPECT_GE(count.before_checkpoint, 1);
  EXPECT_GE(count.after_checkpoint, 5);
}

}  // namespace
}  // namespace tightrope
