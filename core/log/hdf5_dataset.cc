// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/log/hdf5_detail.h"

namespace tightrope::hdf5 {

using internal::Call;
using internal::check;

namespace {

constexpr int kMaximumRank = 10;

Handle space_of(const Dataset& dataset) {
  return Handle(check(H5Dget_space(dataset.id()), "read the shape of", dataset.where()));
}

// Extents, or maximal extents when `limits`.
LogShape extents(const Dataset& dataset, bool limits) {
  const Handle space = space_of(dataset);
  const int rank =
      check(H5Sget_simple_extent_ndims(space.id()), "read the shape of", dataset.where());
  if (rank > kMaximumRank || H5Sget_simple_extent_type(space.id()) == H5S_NULL) {
    throw IoError(fmt::format("{}: rank {} is not part of a log", dataset.where(), rank));
  }
  std::vector<hsize_t> now(static_cast<std::size_t>(rank)), most(now);
  check(H5Sget_simple_extent_dims(space.id(), now.data(), most.data()), "read the shape of",
        dataset.where());
  const auto& chosen = limits ? most : now;
  LogShape shape(chosen.begin(), chosen.end());
  for (std::uint64_t& extent : shape) {
    if (extent == H5S_UNLIMITED) extent = kUnlimited;
  }
  return shape;
}

// The file dataspace with the block selected; whole when scalar.
Handle selection(const Dataset& dataset, const LogShape& offset, const LogShape& count) {
  Handle space = space_of(dataset);
  if (!count.empty()) {
    const std::vector<hsize_t> start(offset.begin(), offset.end());
    const std::vector<hsize_t> extent(count.begin(), count.end());
    check(H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, start.data(), nullptr, extent.data(),
                              nullptr),
          "select a block of", dataset.where());
  }
  return space;
}

std::string link_name(Id object) {
  const ssize_t length = H5Iget_name(object, nullptr, 0);
  if (length <= 0) return "";
  std::string name(static_cast<std::size_t>(length) + 1, '\0');
  H5Iget_name(object, name.data(), name.size());
  name.pop_back();
  return name.substr(name.rfind('/') + 1);
}

// HDF5 converts texts in a buffer that it clears before every use, 1 MiB unless told otherwise.
Handle text_transfer(std::size_t count) {
  constexpr std::size_t kBytes = 32;  // at least one text in memory and in the file
  Handle list(H5Pcreate(H5P_DATASET_XFER));
  H5Pset_buffer(list.id(), std::clamp<std::size_t>(count, 1, 1 << 15) * kBytes, nullptr, nullptr);
  return list;
}

std::uint64_t address_of(Id object) {
  H5O_info_t info;
  if (H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0) return 0;
  return info.addr;
}

struct ScaleSearch {
  const std::map<std::uint64_t, std::string>* known;
  std::string name;
};

herr_t first_scale(hid_t, unsigned, hid_t scale, void* data) {
  auto& search = *static_cast<ScaleSearch*>(data);
  const auto found = search.known->find(address_of(scale));
  search.name = found != search.known->end() ? found->second : link_name(scale);
  return search.name.empty() ? -1 : 1;  // HDF5 finds no name where the way to the scale is damaged
}

}  // namespace

LogType Dataset::type() const {
  const Call call;
  const Handle type(check(H5Dget_type(id()), "read the type of", where_));
  return internal::element_type(type.id(), where_);
}

LogShape Dataset::shape() const {
  const Call call;
  return extents(*this, false);
}

LogShape Dataset::maximum() const {
  const Call call;
  return extents(*this, true);
}

LogShape Dataset::chunk() const {
  const Call call;
  const Handle list(check(H5Dget_create_plist(id()), "read the layout of", where_));
  if (H5Pget_layout(list.id()) != H5D_CHUNKED) return {};
  std::vector<hsize_t> chunk(kMaximumRank);
  const int rank = H5Pget_chunk(list.id(), kMaximumRank, chunk.data());
  check(rank, "read the layout of", where_);
  return LogShape(chunk.begin(), chunk.begin() + std::min(rank, kMaximumRank));
}

void Dataset::extend(const LogShape& shape) {
  const Call call;
  const std::vector<hsize_t> extent(shape.begin(), shape.end());
  check(H5Dset_extent(id(), extent.data()), "append rows to", where_);
}

void Dataset::write(const LogShape& offset, const LogShape& count, const void* data) {
  const Call call;
  const Handle memory = internal::simple_space(count, {}, where_);
  const Handle file = selection(*this, offset, count);
  const Handle element = internal::memory_type(type());
  check(H5Dwrite(id(), element.id(), memory.id(), file.id(), H5P_DEFAULT, data), "write rows to",
        where_);
}

void Dataset::read(const LogShape& offset, const LogShape& count, void* data,
                   std::optional<LogType> as) const {
  const Call call;
  const Handle memory = internal::simple_space(count, {}, where_);
  const Handle file = selection(*this, offset, count);
  const Handle element = internal::memory_type(as.value_or(type()));
  check(H5Dread(id(), element.id(), memory.id(), file.id(), H5P_DEFAULT, data), "read", where_);
}

void Dataset::write_strings(std::span<const std::string> values) {
  const Call call;
  std::vector<const char*> pointers;
  for (const std::string& value : values) pointers.push_back(value.c_str());
  const Handle element = internal::memory_type(LogType::kString);
  const Handle transfer = text_transfer(values.size());
  check(H5Dwrite(id(), element.id(), H5S_ALL, H5S_ALL, transfer.id(), pointers.data()), "write",
        where_);
}

void Dataset::write_strings(std::uint64_t offset, std::span<const std::string> values) {
  write_strings(LogShape{offset}, LogShape{values.size()}, values);
}

void Dataset::write_strings(const LogShape& offset, const LogShape& count,
                            std::span<const std::string> values) {
  const Call call;
  const Handle memory = internal::simple_space(count, {}, where_);
  const Handle file = selection(*this, offset, count);
  std::vector<const char*> pointers;
  for (const std::string& value : values) pointers.push_back(value.c_str());
  const Handle element = internal::memory_type(LogType::kString);
  check(H5Dwrite(id(), element.id(), memory.id(), file.id(), H5P_DEFAULT, pointers.data()),
        "write rows to", where_);
}

std::vector<std::string> Dataset::read_strings(std::uint64_t offset, std::uint64_t count) const {
  const Call call;
  const Handle memory = internal::simple_space({count}, {}, where_);
  const Handle file = selection(*this, {offset}, {count});
  std::vector<char*> pointers(count, nullptr);
  const Handle element = internal::memory_type(LogType::kString);
  check(H5Dread(id(), element.id(), memory.id(), file.id(), H5P_DEFAULT, pointers.data()), "read",
        where_);
  std::vector<std::string> values;
  for (const char* pointer : pointers) values.emplace_back(pointer == nullptr ? "" : pointer);
  H5Dvlen_reclaim(element.id(), memory.id(), H5P_DEFAULT, pointers.data());
  return values;
}

void Dataset::make_scale(const std::string& name) {
  const Call call;
  check(H5DSset_scale(id(), name.c_str()), "make a dimension scale of", where_);
}

void Dataset::attach_scale(unsigned axis, const Dataset& scale) {
  const Call call;
  check(H5DSattach_scale(id(), scale.id(), axis), "attach a dimension scale to", where_);
}

std::string Dataset::scale_name() const {
  const Call call;
  if (H5DSis_scale(id()) <= 0) return "";
  std::array<char, 128> name{};
  H5DSget_scale_name(id(), name.data(), name.size() - 1);
  return name.data();
}

std::uint64_t Dataset::address() const {
  const Call call;
  return address_of(id());
}

std::vector<std::string> Dataset::dimension_names(
    const std::map<std::uint64_t, std::string>& known) const {
  const Call call;
  std::vector<std::string> names(shape().size());
  if (H5DSis_scale(id()) > 0) {
    if (names.size() == 1) names[0] = link_name(id());
    return names;
  }
  for (std::size_t axis = 0; axis < names.size(); ++axis) {
    ScaleSearch search{&known, ""};
    check(H5DSiterate_scales(id(), static_cast<unsigned>(axis), nullptr, first_scale, &search),
          "read the dimensions of", where_);
    names[axis] = std::move(search.name);
  }
  return names;
}

}  // namespace tightrope::hdf5
