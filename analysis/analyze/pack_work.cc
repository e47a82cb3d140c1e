// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/pack_work.h"

#include <new>
#include <thread>
#include <vector>

#include "core/log/files.h"

namespace tightrope {
namespace {

class Work {
 public:
  Work(PackJob& job, const TellPack& tell)
      : job_(job), tell_(tell), block_bytes_(file_size(job.path()) / job.blocks()) {}

  // Of every thread.
  void loop() {
    try {
      while (const auto block = job_.take()) {
        job_.run(*block);
        const std::lock_guard lock(mutex_);
        tell_(PackEvent::kBytes, std::to_string(block_bytes_));
      }
    } catch (...) {
      if (!job_.give_up()) return;  // another block of it failed before
      failure_ = std::current_exception();
    }
  }

  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  PackJob& job_;
  const TellPack& tell_;
  std::uint64_t block_bytes_;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

void work_on(PackJob& job, int threads, const TellPack& tell) {
  Work work(job, tell);
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back([&] { work.loop(); });
  work.loop();
  for (std::thread& thread : others) thread.join();
  work.rethrow();
}

}  // namespace

void analyze_pack(const std::string& path, const AnalyzeOptions& options, const TellPack& tell) {
  try {
    if (is_up_to_date(path, options)) {
      remove_log_leftovers(analysis_path(path));  // of an analysis that was killed
      tell(PackEvent::kBytes, std::to_string(file_size(path)));
      tell(PackEvent::kSkipped, "");
      return;
    }
    PackJob job(path, options);
    work_on(job, options.threads, tell);
    tell(PackEvent::kWritten, "");
  } catch (const TooEarly& reason) {
    if (!path.ends_with(".partial")) throw;
    tell(PackEvent::kWaiting, reason.what());
  } catch (const IoError& error) {
    tell(PackEvent::kFailed, error.what());
  } catch (const std::bad_alloc&) {
    tell(PackEvent::kFailed, path + ": the memory does not suffice");
  }
}

}  // namespace tightrope
