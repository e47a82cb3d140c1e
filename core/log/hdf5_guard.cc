// SPDX-License-Identifier: Apache-2.0
// What stands between a hostile file and the memory: where values lie and how much they can be.
#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"
#include "core/log/hdf5_detail.h"

namespace tightrope::hdf5 {

using internal::Call;
using internal::check;

namespace {

constexpr std::uint64_t kDeflateRatio = 1032;

Handle creation_list(const Dataset& dataset) {
  return Handle(check(H5Dget_create_plist(dataset.id()), "read the layout of", dataset.where()));
}

H5Z_filter_t filter_of(const Handle& list, int index, const std::string& where) {
  unsigned flags = 0, config = 0;
  std::size_t values = 0;
  return static_cast<H5Z_filter_t>(
      check(H5Pget_filter2(list.id(), static_cast<unsigned>(index), &flags, &values, nullptr, 0,
                           nullptr, &config),
            "read the filters of", where));
}

struct Budget {
  std::uint64_t left;
  bool exceeded = false;
};

// Allocates texts for HDF5 until the budget is used up; then the read fails.
void* allocate(std::size_t size, void* data) {
  auto& budget = *static_cast<Budget*>(data);
  budget.exceeded = size > budget.left;
  if (budget.exceeded) return nullptr;
  budget.left -= size;
  return std::malloc(size);
}

void release(void* memory, void*) { std::free(memory); }

bool lies_inside(haddr_t address, hsize_t size, std::uint64_t file_size) {
  return address != HADDR_UNDEF && address <= file_size && size <= file_size - address;
}

bool chunks_are_stored(const Dataset& dataset, const LogShape& step, const LogShape& begin,
                       const LogShape& end, std::uint64_t file_size) {
  std::vector<hsize_t> corner(begin.begin(), begin.end());
  for (;;) {
    unsigned mask = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t size = 0;
    check(H5Dget_chunk_info_by_coord(dataset.id(), corner.data(), &mask, &address, &size),
          "find the values of", dataset.where());
    if (!lies_inside(address, size, file_size)) return false;
    std::size_t axis = end.size();
    while (axis > 0 && corner[axis - 1] + step[axis - 1] >= end[axis - 1]) {
      --axis;
      corner[axis] = begin[axis];
    }
    if (axis == 0) return true;
    corner[axis - 1] += step[axis - 1];
  }
}

// HDF5 keeps the chunks of appended rows row by row, whatever the place of their axis, and 1.10
// looks them up by coordinates as if their axis were not in front: so they are counted.
bool rows_are_stored(const Dataset& dataset, const LogShape& step, std::size_t rows,
                     const LogShape& begin, const LogShape& end, std::uint64_t file_size) {
  std::uint64_t per_row = 1;
  for (std::size_t axis = 0; axis < end.size(); ++axis) {
    if (axis != rows) per_row *= (end[axis] + step[axis] - 1) / step[axis];
  }
  const std::uint64_t first = begin[rows] / step[rows] * per_row;
  const std::uint64_t last = (end[rows] + step[rows] - 1) / step[rows] * per_row;
  const Handle space(check(H5Dget_space(dataset.id()), "read the shape of", dataset.where()));
  hsize_t stored = 0;
  check(H5Dget_num_chunks(dataset.id(), space.id(), &stored), "count the rows of", dataset.where());
  if (stored < last) return false;
  std::vector<hsize_t> corner(end.size());
  for (std::uint64_t i = first; i < last; ++i) {
    unsigned mask = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t size = 0;
    check(H5Dget_chunk_info(dataset.id(), space.id(), i, corner.data(), &mask, &address, &size),
          "find the rows of", dataset.where());
    if (!lies_inside(address, size, file_size)) return false;
  }
  return true;
}

}  // namespace

void Dataset::require_plain_storage() const {
  const Call call;
  const Handle list = creation_list(*this);
  const H5D_layout_t layout = H5Pget_layout(list.id());
  const bool own = layout == H5D_COMPACT || layout == H5D_CONTIGUOUS || layout == H5D_CHUNKED;
  if (!own || H5Pget_external_count(list.id()) != 0) {
    throw IoError(fmt::format("{}: its values lie outside of the file; not read", where_));
  }
  const int filters = check(H5Pget_nfilters(list.id()), "read the filters of", where_);
  for (int i = 0; i < filters; ++i) {
    const H5Z_filter_t filter = filter_of(list, i, where_);
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE &&
        filter != H5Z_FILTER_FLETCHER32) {
      throw IoError(fmt::format("{}: filter {} is not part of a log", where_, int{filter}));
    }
  }
}

std::uint64_t Dataset::stored_bytes() const {
  const Call call;
  return H5Dget_storage_size(id());
}

std::uint64_t Dataset::most_value_bytes() const {
  const Call call;
  const Handle list = creation_list(*this);
  std::uint64_t ratio = 1;
  for (int i = 0; i < H5Pget_nfilters(list.id()); ++i) {
    if (filter_of(list, i, where_) == H5Z_FILTER_DEFLATE) ratio = kDeflateRatio;
  }
  return stored_bytes() * ratio;
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> Dataset::contiguous_range() const {
  const Call call;
  if (!chunk().empty()) return {};
  const haddr_t address = H5Dget_offset(id());
  if (address == HADDR_UNDEF) return {};
  return std::pair{std::uint64_t{address}, stored_bytes()};
}

bool Dataset::is_stored(const LogShape& begin, const LogShape& end, std::uint64_t file_size) const {
  const Call call;
  const LogShape step = chunk();
  if (step.empty()) {
    const haddr_t address = H5Dget_offset(id());
    return address != HADDR_UNDEF && address + H5Dget_storage_size(id()) <= file_size;
  }
  if (std::find(end.begin(), end.end(), 0) != end.end()) return true;
  const LogShape most = maximum();
  const auto rows = std::find(most.begin(), most.end(), kUnlimited) - most.begin();
  if (rows == std::ssize(most)) return chunks_are_stored(*this, step, begin, end, file_size);
  return rows_are_stored(*this, step, static_cast<std::size_t>(rows), begin, end, file_size);
}

std::vector<std::string> Dataset::read_strings(std::uint64_t limit) const {
  const Call call;
  const Handle space(check(H5Dget_space(id()), "read the shape of", where_));
  const hssize_t count = check(H5Sget_simple_extent_npoints(space.id()), "read", where_);
  std::vector<char*> pointers(static_cast<std::size_t>(count), nullptr);
  const Handle element = internal::memory_type(LogType::kString);
  const Handle transfer(check(H5Pcreate(H5P_DATASET_XFER), "read", where_));
  // HDF5 clears its buffer before every use, 1 MiB unless told otherwise; a text takes 32 bytes.
  const auto buffer = std::clamp<std::size_t>(pointers.size(), 1, 1 << 15) * 32;
  check(H5Pset_buffer(transfer.id(), buffer, nullptr, nullptr), "read", where_);
  Budget budget{limit};
  check(H5Pset_vlen_mem_manager(transfer.id(), allocate, &budget, release, nullptr), "read",
        where_);
  const herr_t done = H5Dread(id(), element.id(), H5S_ALL, H5S_ALL, transfer.id(), pointers.data());
  std::vector<std::string> values;
  if (done >= 0) {
    for (const char* pointer : pointers) values.emplace_back(pointer == nullptr ? "" : pointer);
  }
  for (char* pointer : pointers) std::free(pointer);
  if (budget.exceeded) {
    throw IoError(fmt::format("{}: its texts are longer than {} bytes; not read", where_, limit));
  }
  check(done, "read", where_);
  return values;
}

}  // namespace tightrope::hdf5
