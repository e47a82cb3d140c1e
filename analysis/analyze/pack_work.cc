// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/pack_work.h"

#include <thread>

#include "core/log/files.h"

namespace tightrope {
namespace {

// Hands out (pack, block) to the threads.
class Work {
 public:
  Work(const std::vector<std::string>& paths, const AnalyzeOptions& options, const TellPack& tell)
      : paths_(paths), options_(options), tell_(tell) {}

  void loop() {
    for (;;) {
      std::shared_ptr<PackJob> job;
      std::string path;
      try {
        std::size_t block = 0;
        if (!next(job, block, path)) return;
        const bool last = job->run(block);
        say_bytes(path, file_size(path) / job->blocks());
        if (last) say(PackEvent::kWritten, path);
      } catch (const IoError& error) {
        if (job && !job->give_up()) continue;  // another block of it failed before
        say(PackEvent::kFailed, path, error.what());
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        at_ = paths_.size();
        job_.reset();
      }
    }
  }

  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  bool next(std::shared_ptr<PackJob>& job, std::size_t& block, std::string& path) {
    const std::lock_guard lock(mutex_);
    for (;;) {
      if (job_) {
        if (const auto taken = job_->take()) {
          job = job_;
          block = *taken;
          path = job->path();
          return true;
        }
        job_.reset();
      }
      if (at_ == paths_.size()) return false;
      path = paths_[at_++];
      if (is_up_to_date(path, options_)) {
        remove_log_leftovers(analysis_path(path));  // of an analysis that was killed
        say_bytes(path, file_size(path));
        say(PackEvent::kSkipped, path);
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
      say(PackEvent::kWaiting, path, reason.what());
    }
  }
  void say(PackEvent event, const std::string& path, const std::string& text = "") {
    const std::lock_guard lock(saying_);
    tell_(event, path, text);
  }
  void say_bytes(const std::string& path, std::uint64_t bytes) {
    say(PackEvent::kBytes, path, std::to_string(bytes));
  }

  const std::vector<std::string>& paths_;
  const AnalyzeOptions& options_;
  const TellPack& tell_;
  std::mutex mutex_, saying_;
  std::size_t at_ = 0;
  std::shared_ptr<PackJob> job_;  // the pack that blocks are taken of
  std::exception_ptr failure_;
};

}  // namespace

void analyze_packs(const std::vector<std::string>& paths, const AnalyzeOptions& options,
                   const TellPack& tell) {
  Work work(paths, options, tell);
  std::vector<std::thread> others;
  for (int t = 1; t < options.threads; ++t) others.emplace_back([&] { work.loop(); });
  work.loop();
  for (std::thread& thread : others) thread.join();
  work.rethrow();
}

}  // namespace tightrope
