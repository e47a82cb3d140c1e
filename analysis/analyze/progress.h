// SPDX-License-Identifier: Apache-2.0
// One live line on a terminal, plain lines every few seconds otherwise.
#pragma once

#include <cstdint>
#include <mutex>

namespace tightrope {

// Counts packs and the bytes of their logs; for several threads.
class AnalyzeProgress {
 public:
  AnalyzeProgress(std::size_t packs, std::uint64_t bytes);
  ~AnalyzeProgress();
  void add_bytes(std::uint64_t bytes);
  void pack_done();

 private:
  void draw(bool now);
  void wipe();

  std::mutex mutex_;
  std::size_t packs_, packs_done_ = 0;
  std::uint64_t bytes_, bytes_done_ = 0;
  bool terminal_, open_ = false;
  double started_, drawn_;
};

}  // namespace tightrope
