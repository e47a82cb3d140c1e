// SPDX-License-Identifier: Apache-2.0
// The logs of a run folder, opened when they are asked for; the few asked for last stay open.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "analysis/collect/run_index.h"

namespace tightrope {

// How the segments of one pack ended.
struct PackEnds {
  std::vector<std::string> status;  // "done", "diverged"
  std::vector<std::string> cause;
  std::vector<std::int64_t> step;  // -1: not frozen
};

struct OpenPack {
  LogReader log;
  PackEnds ends;
  // Places of this pack's axes among those of a collection, by "group/axis"; kept by who collects.
  std::map<std::string, std::vector<std::uint64_t>> places;
};

class PackLogs {
 public:
  explicit PackLogs(const RunIndex& index) : index_(index) {}
  // The finished log of a pack; valid until the next call. Throws IoError for a damaged one, and
  // for one whose lanes are fewer than the manifest says.
  OpenPack& open(const std::string& pack);

 private:
  static constexpr std::size_t kOpen =
      4;  // each keeps its blocks read last, up to 1 MiB a variable
  const RunIndex& index_;
  std::list<std::pair<std::string, OpenPack>> recent_;
};

}  // namespace tightrope
