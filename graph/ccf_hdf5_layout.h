// SPDX-License-Identifier: Apache-2.0
// The variables of a CCF file in HDF5. Shared by its writer and its reader only.
#pragma once

#include <string>
#include <vector>

#include "core/log/hdf5.h"
#include "graph/ccf_names.h"

namespace tightrope::ccf {

// Rows that are written, stored and read together.
inline constexpr std::uint64_t kRows = 1024;

struct Dimension {
  std::string name;
  std::uint64_t length;
  std::vector<std::string> labels;  // empty: no coordinate
  std::string long_name;            // of the coordinate
};

// All have the dimension `record` first.
enum class Content {
  kDicomId,
  kSid,
  kPid,
  kDisease,
  kCategory,
  kReport,
  kOtherDisease,
  kOtherCategory,
  kOtherReport,
  kImage,
  kSite,
  kAttributes
};

struct Variable {
  Content content;
  std::string name;
  LogType type;
  std::vector<std::string> dims;
  std::string long_name;
  bool ours;  // a file of others may lack it
};

// What a file for this vocabulary has; those of categories in worlds that have them.
std::vector<Variable> variables(const Vocabulary& vocabulary);
std::vector<Dimension> dimensions(const CcfShape& shape, std::uint64_t records,
                                  std::uint64_t counterfactuals);

}  // namespace tightrope::ccf
