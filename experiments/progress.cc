// SPDX-License-Identifier: Apache-2.0
#include "experiments/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace tightrope {
namespace {

double now_seconds() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace

Progress::Progress(std::int64_t total, std::int64_t skipped, bool quiet, Words words)
    : total_(std::max<std::int64_t>(1, total)),
      done_(skipped),
      skipped_(skipped),
      quiet_(quiet),
      words_(std::move(words)),
      terminal_(isatty(STDERR_FILENO) == 1 && std::getenv("CI") == nullptr),
      started_(now_seconds()) {}

Progress::~Progress() { finish(); }

void Progress::update(std::int64_t more, const std::string& what, double headline) {
  done_ += more;
  const double now = now_seconds();
  if (quiet_ || now - drawn_ < (terminal_ ? 0.1 : 5.0)) return;
  drawn_ = now;
  draw(what, headline);
}

void Progress::draw(const std::string& what, double headline) {
  const double elapsed = std::max(1e-6, now_seconds() - started_);
  const double rate = static_cast<double>(done_ - skipped_) / elapsed;
  std::string line =
      fmt::format("{:3.0f} %  {}/{} {}  {:.0f} {}  {}  ETA {}",
                  100.0 * static_cast<double>(done_) / static_cast<double>(total_), done_, total_,
                  words_.things, rate, words_.rate, what,
                  rate > 0 ? duration_text(static_cast<double>(total_ - done_) / rate) : "-");
  if (std::isfinite(headline)) line += fmt::format("  accuracy {:.3f}", headline);
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", line.c_str());
  std::fflush(stderr);
  open_ = terminal_;
}

void Progress::finish() {
  if (open_) std::fprintf(stderr, "\r\033[K");
  open_ = false;
}

}  // namespace tightrope
