// SPDX-License-Identifier: Apache-2.0
// Merges the packs of a run folder into one file whose first dimension is the run.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace tightrope {

struct CollectOptions {
  std::string folder;
  std::string
      out;  // replaced by a rename when it is an earlier collection; another file is refused
  std::set<std::string> groups;  // of the packs, besides meta; empty: all
  bool partial = false;          // also when packs are not finished
};

struct CollectReport {
  std::size_t runs = 0, done = 0, diverged = 0, failed = 0, missing = 0, stages = 0;
  std::uint64_t bytes = 0;
};

// Two passes over the packs, the second a block of a few MiB at a time; memory does not grow with
// the lengths of the logs. Throws InputError for packs that are not finished (without `partial`) or
// do not fit together, IoError for damaged ones.
CollectReport collect(const CollectOptions& options);

}  // namespace tightrope
