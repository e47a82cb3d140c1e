// SPDX-License-Identifier: Apache-2.0
// Streams a CCF file, JSON lines or HDF5 (told apart by its first bytes), record by record. Memory:
// one line of at most kLongestLine bytes or 1024 rows, and at most 32 bytes per record for its id.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/ccf_record.h"

namespace tightrope {

// Numbers that were seen: open addressing, at most half full.
class NumberSet {
 public:
  // False when the number was there already.
  bool insert(std::uint64_t number);

 private:
  void grow();
  std::vector<std::uint64_t> slots_;
  std::size_t size_ = 0;
};

class CcfReader;

// Warns of the malformed records that `reader` skipped, if there are any: once a process for the
// same number in the same file, because every lane reads it again.
void warn_of_skipped(const CcfReader& reader);

struct CcfReading {
  bool skip_malformed = false;  // go on behind a malformed record
  bool complete = false;        // a record without image, site and attributes is malformed
  // Called with the text of every malformed record, before it is skipped or thrown.
  std::function<void(const std::string&)> on_malformed = {};
};

class CcfReader {
 public:
  static constexpr std::size_t kLongestLine = std::size_t{1} << 20;

  // `world` must outlive the reader. Throws InputError when the file cannot be opened or
  // does not fit the world as a whole (names and shapes of HDF5).
  CcfReader(const std::string& path, const World& world, CcfReading reading = {});
  ~CcfReader();

  // The next record that is good; false at the end of the file. A malformed one throws InputError
  // "FILE: record N (line N): key: what is wrong", N from 1, unless it is to be skipped. A dicom_id
  // that an earlier record had is malformed, too (told by its 64-bit hash).
  bool next(CcfRecord& record);

  std::int64_t records() const { return records_; }  // read so far, good or not
  std::int64_t malformed() const { return malformed_; }
  const std::string& path() const { return path_; }

 private:
  struct Source;
  void check(const CcfRecord& record);

  std::string path_;
  CcfReading reading_;
  std::unique_ptr<Source> source_;
  NumberSet ids_;
  std::int64_t records_ = 0;
  std::int64_t malformed_ = 0;
};

}  // namespace tightrope
