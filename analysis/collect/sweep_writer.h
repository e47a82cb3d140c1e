// SPDX-License-Identifier: Apache-2.0
// Writes the variables of sweep.h5, run by run, in blocks of a few MiB.
#pragma once

#include <map>
#include <string>

#include "analysis/collect/sweep_layout.h"
#include "core/log/hdf5.h"

namespace tightrope {

class SweepWriter {
 public:
  // `root` of a file that was built from layout.schema().
  SweepWriter(const SweepLayout& layout, hdf5::Group root);

  // The values of every run at their own coordinates; `status` per run.
  void write_runs(const RunIndex& index, const std::vector<std::string>& status);
  // Run r's part of a group at a stage's place (groups with stages), from a lane of a pack; null
  // where there is no log. Numbers that are not there are NaN, -1 or, of u8, 0; texts are empty.
  void write_stage(const std::string& group, std::size_t r, std::size_t stage, OpenPack* open,
                   std::uint64_t lane);
  // Run r's own values in meta: per stage the segment and how it ended.
  void write_meta(std::size_t r, const std::string& config,
                  const std::vector<std::string>& segments,
                  const std::vector<std::int64_t>& frozen_steps,
                  const std::vector<std::string>& causes);

 private:
  hdf5::Dataset& dataset(const std::string& path);
  template <class T>
  void write_numbers(const std::string& group, const SweepLayout::Variable& variable,
                     const LogShape& prefix, OpenPack* open, std::uint64_t lane);
  void write_texts(const std::string& group, const SweepLayout::Variable& variable,
                   const LogShape& prefix, OpenPack* open, std::uint64_t lane);

  const SweepLayout& layout_;
  hdf5::Group root_;
  std::map<std::string, hdf5::Dataset> datasets_;
};

}  // namespace tightrope
