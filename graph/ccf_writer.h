// SPDX-License-Identifier: Apache-2.0
// Writes one CCF data set in both formats: FOLDER/ccf.jsonl and FOLDER/ccf.h5.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/ccf_hdf5.h"

namespace tightrope {

// The files are FOLDER/ccf.*.partial until finish() renames them: a finished name is a whole file.
// Without finish(), the partial files are removed; a kill leaves them behind, and a later writer
// replaces them. Throws IoError when the disk is full or the folder not writable.
class CcfWriter {
 public:
  // `records` of `counterfactuals` counterfactuals each; `names` must outlive the writer. Makes the
  // folder. Throws InputError when it holds anything but partial files.
  CcfWriter(const std::string& folder, const CcfNames& names, std::int64_t records,
            int counterfactuals);
  CcfWriter(const CcfWriter&) = delete;
  CcfWriter& operator=(const CcfWriter&) = delete;
  ~CcfWriter();

  // Records behind those written before; `lines` are theirs by append_ccf_line.
  void write(std::span<const CcfRecord> records, const std::string& lines);
  // Puts both files on the disk under their final names.
  void finish();
  // The names after finish().
  std::vector<std::string> paths() const { return {lines_path(), arrays_path()}; }

 private:
  std::string lines_path() const { return folder_ + "/ccf.jsonl"; }
  std::string arrays_path() const { return folder_ + "/ccf.h5"; }
  void append(const std::string& bytes) const;
  void discard();  // closes and removes the partial files

  std::string folder_;
  int file_ = -1;
  std::unique_ptr<CcfHdf5Writer> arrays_;
};

}  // namespace tightrope
