// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace tightrope {
namespace {

double now_seconds() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

}  // namespace

AnalyzeProgress::AnalyzeProgress(std::size_t packs, std::uint64_t bytes)
    : packs_(packs),
      bytes_(bytes),
      terminal_(isatty(STDERR_FILENO) == 1 && std::getenv("CI") == nullptr),
      started_(now_seconds()),
      drawn_(started_) {}

AnalyzeProgress::~AnalyzeProgress() { wipe(); }

void AnalyzeProgress::add_bytes(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  bytes_done_ += bytes;
  draw(false);
}

void AnalyzeProgress::pack_done() {
  const std::lock_guard lock(mutex_);
  ++packs_done_;
  draw(packs_done_ == packs_);
}

void AnalyzeProgress::draw(bool now) {
  const double time = now_seconds();
  if (!now && time - drawn_ < (terminal_ ? 0.1 : 5.0)) return;
  drawn_ = time;
  const double rate = static_cast<double>(bytes_done_) / std::max(1e-6, time - started_);
  const double left = static_cast<double>(bytes_ - std::min(bytes_, bytes_done_));
  const std::string line =
      fmt::format("{}/{} packs  {:.0f} MB/s  ETA {}", packs_done_, packs_, rate / 1e6,
                  rate > 0 ? fmt::format("{:.0f} s", left / rate) : "-");
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", line.c_str());
  std::fflush(stderr);
  open_ = terminal_;
}

void AnalyzeProgress::wipe() {
  if (open_) std::fprintf(stderr, "\r\033[K");
  open_ = false;
}

}  // namespace tightrope
