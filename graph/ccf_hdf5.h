// SPDX-License-Identifier: Apache-2.0
// A CCF file as arrays in HDF5, one row per record; it opens with
// xarray.open_dataset(path, engine="h5netcdf"). Variables: docs/file-format.md.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/log/hdf5.h"
#include "graph/ccf_names.h"

namespace tightrope {

// Writes `records` records of `counterfactuals` counterfactuals each, all with image, site and
// attributes, into a new file. Throws IoError; a file that was not closed is not whole.
class CcfHdf5Writer {
 public:
  // `shown_as`: the name of the file in messages.
  CcfHdf5Writer(const std::string& path, const std::string& shown_as, const CcfNames& names,
                std::int64_t records, int counterfactuals);
  ~CcfHdf5Writer();
  // Rows behind those written before.
  void write(std::span<const CcfRecord> records);
  // Puts the rest into the file; throws InternalError unless every record was written.
  void close();

 private:
  void abandon();

  const CcfNames& names_;
  std::uint64_t records_, counterfactuals_;
  std::uint64_t written_ = 0;
  hdf5::File file_;
  std::vector<hdf5::Dataset> variables_;
};

// Reads such a file, a block of rows at a time.
class CcfHdf5Reader {
 public:
  // Throws InputError when a variable is missing, has another shape, or a name is unknown to the
  // world; IoError when the file is damaged.
  CcfHdf5Reader(const std::string& path, const CcfNames& names);
  ~CcfHdf5Reader();

  std::uint64_t records() const { return records_; }
  // The next row, not checked by check_record yet. Throws InputError "variable: ..." for a code
  // outside its range; false behind the last row. The row counts as read either way.
  bool next(CcfRecord& record);

 private:
  struct Block;
  void open_variables();
  void read_block();
  int code(const char* name, const std::vector<int>& of, std::int32_t value) const;
  CcfReport report(std::size_t at, int disease, int category,
                   const std::vector<std::uint8_t>& slots, const char* name) const;

  std::string path_;
  const CcfNames& names_;
  std::uint64_t records_ = 0, counterfactuals_ = 0, row_ = 0;
  bool has_image_ = false, has_site_ = false, has_attributes_ = false;
  std::vector<int> disease_, category_, attribute_;  // the file's index -> the world's
  hdf5::File file_;
  std::unique_ptr<Block> block_;
};

}  // namespace tightrope
