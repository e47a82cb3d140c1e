// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/analyzer.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>

#include "analysis/analyze/child_processes.h"
#include "analysis/analyze/pack_work.h"
#include "analysis/analyze/progress.h"
#include "core/base/check.h"
#include "core/log/files.h"
#include "core/log/lock.h"

namespace tightrope {
namespace {

// Gathers what became of the packs.
class Report {
 public:
  Report(std::size_t packs, std::uint64_t bytes) : progress_(packs, bytes) {}

  void tell(PackEvent event, const std::string& path, const std::string& text) {
    if (event == PackEvent::kBytes) {
      progress_.add_bytes(std::stoull(text));
      return;
    }
    progress_.pack_done();
    if (event == PackEvent::kWritten) report_.written.push_back(analysis_path(path));
    if (event == PackEvent::kSkipped) report_.skipped.push_back(analysis_path(path));
    if (event == PackEvent::kWaiting) report_.waiting.push_back(text);
    if (event == PackEvent::kFailed) report_.failed.push_back(text);
  }

  AnalyzeReport sorted() {
    for (auto* list : {&report_.written, &report_.skipped, &report_.waiting, &report_.failed}) {
      std::sort(list->begin(), list->end());
    }
    return std::move(report_);
  }

 private:
  AnalyzeProgress progress_;
  AnalyzeReport report_;
};

// Messages of a child besides PackEvent: the exception that ends the whole work.
constexpr int kInputError = 100, kOtherError = 101;

// Each pack in one child process, with its share of the threads.
void analyze_in_children(const std::vector<std::string>& paths, int children,
                         const AnalyzeOptions& options, Report& report) {
  AnalyzeOptions share = options;
  share.threads = options.threads / children;
  std::exception_ptr failure;
  const auto analyze = [&](std::size_t pack, const SendMessage& send) {
    try {
      analyze_pack(paths[pack], share, [&](PackEvent event, const std::string& text) {
        send(static_cast<int>(event), text);
      });
    } catch (const InputError& error) {
      send(kInputError, error.what());
    } catch (const std::exception& error) {
      send(kOtherError, error.what());
    }
  };
  const auto received = [&](std::size_t pack, int kind, const std::string& text) {
    if (kind == kInputError && !failure) failure = std::make_exception_ptr(InputError(text));
    if (kind == kOtherError && !failure) failure = std::make_exception_ptr(InternalError(text));
    if (kind < kInputError) report.tell(static_cast<PackEvent>(kind), paths[pack], text);
    return kind < kInputError;
  };
  const auto died = [&](std::size_t pack, const std::string& how) {
    remove_log_leftovers(analysis_path(paths[pack]));
    report.tell(
        PackEvent::kFailed, paths[pack],
        fmt::format("{}: the process that analysed it ended early ({}): the log is damaged, "
                    "or the memory does not suffice",
                    paths[pack], how));
  };
  run_in_children(paths.size(), children, {analyze, received, died});
  if (failure) std::rethrow_exception(failure);
}

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
  const FolderLock lock = FolderLock::claim_part(folder + "/packs/.analysis.lock", false);
  std::uint64_t bytes = 0;
  for (const std::string& path : paths) bytes += file_size(path);
  Report report(paths.size(), bytes);
  const int children = std::min(options.threads, static_cast<int>(paths.size()));
  analyze_in_children(paths, children, options, report);
  return report.sorted();
}

}  // namespace tightrope
