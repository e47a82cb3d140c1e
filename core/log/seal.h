// SPDX-License-Identifier: Apache-2.0
// A checksum over what HDF5 puts none over. Metadata of its latest format and chunks with
// fletcher32 are covered; the heaps that hold texts (and the lists of dimensions) and values that
// are not chunked (scalars, references to texts) are not. A log carries two attributes of its root:
// `seal_ranges` [2k], first byte and length of these parts of the file, and `seal`, FNV-1a 64 over
// their bytes. Both are numbers in checksummed metadata, so that nothing unchecked is read before
// the parts have been compared.
#pragma once

#include <string>

#include "core/log/schema.h"

namespace tightrope {

namespace hdf5 {
class File;
}

inline constexpr char kSealAttribute[] = "seal";
inline constexpr char kSealRangesAttribute[] = "seal_ranges";

// Flushes `file`, which is open for writing at `path` and was built from `schema`, and seals it as
// it is now. Texts and unchunked values must not change afterwards. IoError when `path` cannot be
// read.
void seal_file(hdf5::File& file, const LogSchema& schema, const std::string& path);

// IoError when a sealed part differs from what was sealed. A file without a seal (of an older
// program) passes.
void check_seal(const hdf5::File& file, const std::string& path);

// IoError unless `path` is a regular file that starts as a log does: HDF5's signature and a
// superblock of version 2 or 3, whose metadata carry checksums.
void check_signature(const std::string& path);

}  // namespace tightrope
