// SPDX-License-Identifier: Apache-2.0
// Builds the HDF5 objects of a schema. Shared by the sources that write files
// for netCDF readers only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/log/hdf5.h"
#include "core/log/schema.h"

namespace tightrope::internal {

// netCDF's text for a dimension without coordinate; the length follows, ten characters wide.
inline constexpr char kBareDimension[] = "This is a netCDF dimension but not a netCDF variable.";

// Extents of a variable with `rows` along its appended dimension.
LogShape variable_shape(const LogGroup& group, const LogVariable& variable, std::uint64_t rows);

using LogDatasets = std::map<std::string, hdf5::Dataset>;  // by "group/name"

// Creates all groups, dimensions and variables with their attributes; every axis gets a dimension
// scale. Values of fixed coordinates are written, everything else is empty. Gives all data sets,
// open and written through.
LogDatasets build_log(hdf5::File& file, const LogSchema& schema);

// "group/name" of the data sets of a schema that HDF5 keeps in one piece, without a checksum: texts
// and single values.
std::vector<std::string> unchunked_datasets(const LogSchema& schema);

}  // namespace tightrope::internal
