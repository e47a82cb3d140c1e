// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/analyzer.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <thread>

#include "analysis/analyze/progress.h"
#include "core/base/check.h"
#include "core/log/files.h"

namespace tightrope {
namespace {

// Hands out (pack, block) to the threads and gathers what became of the packs.
class Work {
 public:
  Work(std::vector<std::string> paths, const AnalyzeOptions& options, std::uint64_t bytes)
      : paths_(std::move(paths)), options_(options), progress_(paths_.size(), bytes) {}

  void loop() {
    for (;;) {
      std::shared_ptr<PackJob> job;
      try {
        std::size_t block = 0;
        if (!next(job, block)) return;
        const bool last = job->run(block);
        progress_.add_bytes(file_size(job->path()) / job->blocks());
        if (last) finished(*job);
      } catch (const IoError& error) {
        if (job && !job->give_up()) continue;  // another block of it failed before
        progress_.pack_done();
        const std::lock_guard lock(mutex_);
        report_.failed.push_back(error.what());
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        at_ = paths_.size();
        job_.reset();
      }
    }
  }

  AnalyzeReport report() {
    if (failure_) std::rethrow_exception(failure_);
    return report_;
  }

 private:
  bool next(std::shared_ptr<PackJob>& job, std::size_t& block) {
    const std::lock_guard lock(mutex_);
    for (;;) {
      if (job_) {
        if (const auto taken = job_->take()) {
          job = job_;
          block = *taken;
          return true;
        }
        job_.reset();
      }
      if (at_ == paths_.size()) return false;
      const std::string path = paths_[at_++];
      if (is_up_to_date(path, options_)) {
        report_.skipped.push_back(analysis_path(path));
        progress_.add_bytes(file_size(path));
        progress_.pack_done();
      } else {
        open(path);
      }
    }
  }
  void open(const std::string& path) {
    try {
      job_ = std::make_shared<PackJob>(path, options_);
    } catch (const TooEarly& reason) {
      if (!path.ends_with(".partial")) throw;
      report_.waiting.push_back(reason.what());
      progress_.pack_done();
    }
  }
  void finished(const PackJob& job) {
    progress_.pack_done();
    const std::lock_guard lock(mutex_);
    report_.written.push_back(analysis_path(job.path()));
  }

  std::vector<std::string> paths_;
  const AnalyzeOptions& options_;
  AnalyzeProgress progress_;
  std::mutex mutex_;
  std::size_t at_ = 0;
  std::shared_ptr<PackJob> job_;  // the pack that blocks are taken of
  AnalyzeReport report_;
  std::exception_ptr failure_;
};

}  // namespace

std::vector<std::string> pack_logs(const std::string& folder) {
  static const std::regex name("(pack_[0-9]+)\\.h5(\\.partial)?");
  std::map<std::string, std::string> logs;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/packs", error)) {
    std::smatch match;
    const std::string file = entry.path().filename().string();
    if (!std::regex_match(file, match, name)) continue;
    std::string& log = logs[match[1]];
    if (log.empty() || !match[2].matched) log = entry.path().string();
  }
  TR_REQUIRE(std::filesystem::exists(folder), "{}: there is no such folder", folder);
  TR_REQUIRE(!logs.empty(), "{}: no logs packs/pack_*.h5 in this folder", folder);
  std::vector<std::string> out;
  for (const auto& [pack, path] : logs) out.push_back(path);
  return out;
}

AnalyzeReport analyze_folder(const std::string& folder, const AnalyzeOptions& options) {
  const std::vector<std::string> paths = pack_logs(folder);
  std::uint64_t bytes = 0;
  for (const std::string& path : paths) bytes += file_size(path);
  Work work(paths, options, bytes);
  std::vector<std::thread> others;
  for (int t = 1; t < options.threads; ++t) others.emplace_back([&] { work.loop(); });
  work.loop();
  for (std::thread& thread : others) thread.join();
  AnalyzeReport report = work.report();
  std::sort(report.written.begin(), report.written.end());
  return report;
}

}  // namespace tightrope
