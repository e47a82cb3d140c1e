// SPDX-License-Identifier: Apache-2.0
// Two samples out of files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/measures/pool.h"

namespace tightrope {

// Where one sample stands. Of a text table or an HDF5 file; "-" is the standard input.
struct SampleSource {
  std::string path;
  std::vector<std::string> columns;     // one for each dimension; empty: the only one there is
  std::string header = "auto";          // of a text table: auto, present, absent
  std::optional<std::int64_t> segment;  // of an HDF5 variable [segment, step]

  std::string text() const;  // "loss.csv column before"
};

// Reads both whole. `labels`: cells of a text table are words, not numbers. Throws InputError
// naming the place for what cannot be read, for columns of different lengths in one sample and for
// samples of different dimensions.
Pool read_pool(const SampleSource& first, const SampleSource& second, bool labels);

}  // namespace tightrope
