// SPDX-License-Identifier: Apache-2.0
#include "experiments/plan_runner.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/log/lock.h"
#include "experiments/output_folder.h"
#include "experiments/pack_builder.h"
#include "experiments/progress.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;

enum class PackEnd { kDone, kFailed, kWaiting };

class PlanRunner {
 public:
  PlanRunner(const CheckedExperiment& checked, std::string folder, bool resume,
             const RunOptions& options)
      : checked_(checked),
        folder_(std::move(folder)),
        resume_(resume),
        options_(options),
        builder_(checked.plan, folder_),
        mine_(options.shard ? packs_of(checked.plan, *options.shard)
                            : std::vector<std::uint8_t>(checked.plan.packs().size(), 1)) {
    threads_ = options.threads > 0
                   ? options.threads
                   : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  }

  RunOutcome run() {
    make_folder(folder_ + "/packs");
    if (options_.shard && !options_.resume) refuse_begun();
    if (!options_.shard) refuse_claimed();
    const std::vector<Pack>& packs = checked_.plan.packs();
    std::int64_t total = 0, skipped = 0;
    for (std::size_t p = 0; p < packs.size(); ++p) {
      if (mine_[p] == 0) continue;
      total += pack_steps(packs[p]);
      if (resume_ && builder_.finished(packs[p])) skipped += pack_steps(packs[p]);
    }
    Progress progress(total, skipped, options_.quiet);
    std::vector<PackEnd> ends(packs.size(), PackEnd::kDone);
    RunOutcome out;
    out.folder = folder_;
    for (std::size_t p = 0; p < packs.size(); ++p) {
      if (mine_[p] == 0) continue;
      ends[p] = run_pack(p, ends, progress);
      out.failed_packs += ends[p] == PackEnd::kFailed ? 1 : 0;
      out.waiting_packs += ends[p] == PackEnd::kWaiting ? 1 : 0;
    }
    progress.finish();
    finish(out);
    return out;
  }

 private:
  std::int64_t pack_steps(const Pack& pack) {
    const int point = checked_.plan.segments()[pack.segments.front()].point;
    auto& steps = steps_[{point, pack.stage}];
    if (steps == 0) {
      steps = checked_.plan.experiment(point)->stages[static_cast<std::size_t>(pack.stage)].steps;
    }
    return steps * static_cast<std::int64_t>(pack.segments.size());
  }

  void refuse_begun() const {
    for (std::size_t p = 0; p < mine_.size(); ++p) {
      const std::string log = builder_.log_path(checked_.plan.packs()[p]);
      const bool begun = log_state(log) != LogState::kNone || fs::exists(log + ".failed") ||
                         fs::exists(log + ".ckpt");
      TR_REQUIRE(mine_[p] == 0 || !begun,
                 "--out {}: {} of this shard has begun here before; --resume continues", folder_,
                 checked_.plan.packs()[p].name);
    }
  }

  // Where locks do not pass between hosts, only the claims on packs tell of a worker at work.
  void refuse_claimed() const {
    for (const Pack& pack : checked_.plan.packs()) {
      const std::string claim = builder_.log_path(pack) + ".lock";
      if (fs::exists(claim) && !builder_.finished(pack)) FolderLock::claim_part(claim, false);
    }
  }

  PackEnd parents_end(const Pack& pack, const std::vector<PackEnd>& ends) const {
    const std::vector<Segment>& segments = checked_.plan.segments();
    for (const int s : pack.segments) {
      if (segments[s].parent < 0) continue;
      const PackEnd end = ends[segments[segments[s].parent].pack];
      if (end != PackEnd::kDone) return end;
    }
    return PackEnd::kDone;
  }

  // What the claim says of another process that has it; nothing when it is ours.
  std::string claim(const Pack& pack, std::optional<FolderLock>& lock) const {
    if (!options_.shard) return "";
    try {
      lock.emplace(FolderLock::claim_part(builder_.log_path(pack) + ".lock", options_.take_over));
      return "";
    } catch (const InputError& error) {
      return error.what();
    }
  }

  PackEnd run_pack(std::size_t p, const std::vector<PackEnd>& ends, Progress& progress) {
    const Pack& pack = checked_.plan.packs()[p];
    const auto say = [&](const std::string& why, PackEnd end) {
      progress.finish();
      spdlog::log(end == PackEnd::kFailed ? spdlog::level::err : spdlog::level::warn, "{}: {}",
                  pack.name, why);
      return end;
    };
    std::optional<FolderLock> lock;
    if (!(resume_ && builder_.finished(pack))) {
      const std::string held = claim(pack, lock);
      if (!held.empty()) return say("left to another process: " + held, PackEnd::kWaiting);
    }
    if (resume_ && builder_.finished(pack)) {
      if (!options_.shard || lock) remove_log_leftovers(builder_.log_path(pack));
      return PackEnd::kDone;
    }
    const PackEnd before = parents_end(pack, ends);
    if (before == PackEnd::kFailed) return say("skipped, the stage before it failed", before);
    if (before == PackEnd::kWaiting) {
      return say("the stage before it is left to another process", before);
    }
    const std::string note = builder_.log_path(pack) + ".failed";
    if (fs::exists(note)) {
      if (resume_ && !options_.retry_failed) {
        return say("failed in an earlier run; --retry-failed tries again (" + note + ")",
                   PackEnd::kFailed);
      }
      fs::remove(note);
    }
    try {
      train(pack, p, progress);
      return PackEnd::kDone;
    } catch (const InternalError&) {
      throw;
    } catch (const std::exception& error) {
      std::ofstream(note) << error.what() << '\n';
      return say(error.what(), PackEnd::kFailed);
    }
  }

  void train(const Pack& pack, std::size_t p, Progress& progress) {
    const PackInfo info{checked_.name, hex(checked_.plan.hash()), options_.device, threads_};
    const auto runner = builder_.build(pack, info);
    const std::string what =
        fmt::format("stage {} pack {}/{}", pack.stage + 1, p + 1, checked_.plan.packs().size());
    runner->run(resume_, threads_, [&](const PackProgress& now) {
      progress.update(now.lane_steps, what, now.headline);
    });
  }

  Results finished_results(const Manifest& manifest) const {
    try {
      return read_results(folder_, manifest);
    } catch (const IoError& error) {
      throw IoError(fmt::format(
          "{}\nthe other packs are untouched; to compute this one again delete it and run with "
          "--resume",
          error.what()));
    }
  }

  // A worker makes the tables when it finds every pack finished; another may do so at this moment.
  void finish(RunOutcome& out) const {
    const std::vector<Pack>& packs = checked_.plan.packs();
    out.packs = static_cast<int>(packs.size());
    out.finished_packs = static_cast<int>(std::count_if(
        packs.begin(), packs.end(), [&](const Pack& pack) { return builder_.finished(pack); }));
    out.noted_failures =
        static_cast<int>(std::count_if(packs.begin(), packs.end(), [&](const Pack& pack) {
          return !builder_.finished(pack) && fs::exists(builder_.log_path(pack) + ".failed");
        }));
    if (options_.shard && out.finished_packs < out.packs) return;
    const Manifest manifest = read_manifest(folder_);
    const Results results = finished_results(manifest);
    out.summary = summarise(manifest, results);
    for (const RunResult& run : results.runs()) {
      if (run.status == "diverged") ++out.diverged;
    }
    std::optional<FolderLock> lock;
    if (options_.shard) {
      try {
        lock.emplace(FolderLock::claim_part(folder_ + "/tables.lock", options_.take_over));
      } catch (const InputError& error) {
        spdlog::warn("the tables are left to another process: {}", error.what());
        return;
      }
    }
    out.paths = write_tables(folder_, out.summary, results);
  }

  const CheckedExperiment& checked_;
  std::string folder_;
  bool resume_;
  const RunOptions& options_;
  PackBuilder builder_;
  std::vector<std::uint8_t> mine_;
  int threads_;
  std::map<std::pair<int, int>, std::int64_t> steps_;
};

}  // namespace

RunOutcome run_packs(const CheckedExperiment& checked, const std::string& folder, bool resume,
                     const RunOptions& options) {
  return PlanRunner(checked, folder, resume, options).run();
}

}  // namespace tightrope
