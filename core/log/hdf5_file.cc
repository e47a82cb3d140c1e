// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/log/hdf5_detail.h"

namespace tightrope::hdf5 {

using internal::Call;
using internal::check;

namespace {

constexpr unsigned kTracked = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
constexpr std::size_t kMaximumChildren = 10000;
// Metadata whose checksum fails are read again, because a writer may be at work: HDF5 sleeps 1 ns,
// 2 ns, 4 ns ... between. Its own 100 attempts would not end on a damaged file; these take 17 ms.
constexpr unsigned kSwmrAttempts = 24;

Handle access_list() {
  Handle access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_libver_bounds(access.id(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  return access;
}

Handle dataset_list(LogType type, const LogShape& shape, const DatasetOptions& options,
                    const std::string& where) {
  Handle list(check(H5Pcreate(H5P_DATASET_CREATE), "create", where));
  H5Pset_obj_track_times(list.id(), options.times);
  H5Pset_attr_creation_order(list.id(), kTracked);
  if (!options.chunk.empty()) {
    const std::vector<hsize_t> chunk(options.chunk.begin(), options.chunk.end());
    check(H5Pset_chunk(list.id(), static_cast<int>(shape.size()), chunk.data()), "create", where);
    if (options.compress) {
      check(H5Pset_shuffle(list.id()), "create", where);
      check(H5Pset_deflate(list.id(), 1), "create", where);
    }
    check(H5Pset_fletcher32(list.id()), "create", where);
  }
  if (options.fill && type != LogType::kString) {
    check(H5Pset_fill_value(list.id(), H5T_NATIVE_DOUBLE, &*options.fill), "create", where);
  }
  return list;
}

Handle dataset_access(bool write_through, const std::string& where) {
  Handle list(check(H5Pcreate(H5P_DATASET_ACCESS), "open", where));
  if (write_through) check(H5Pset_chunk_cache(list.id(), 0, 0, 0), "open", where);
  return list;
}

struct Link {
  std::int64_t order = 0;  // of creation
  std::string name;
  auto operator<=>(const Link&) const = default;
};

herr_t collect_link(hid_t, const char* name, const H5L_info_t* info, void* data) {
  auto& links = *static_cast<std::vector<Link>*>(data);
  // Soft and external links are not part of a log; following them could leave the file.
  if (info->type == H5L_TYPE_HARD) links.push_back({info->corder_valid ? info->corder : 0, name});
  return 0;
}

// The hard links of a group in creation order; by name where a file of another program lacks it.
// In native order, sorted here: asked for another order, HDF5 1.10 gathers the links of a large
// group first, and where one of them is damaged it frees what it never made.
std::vector<Link> links_of(Id group, const std::string& where) {
  std::vector<Link> links;
  if (H5Literate(group, H5_INDEX_CRT_ORDER, H5_ITER_NATIVE, nullptr, collect_link, &links) < 0) {
    links.clear();
    check(H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, collect_link, &links), "list",
          where);
  }
  std::sort(links.begin(), links.end());
  return links;
}

}  // namespace

Group Group::create_group(const std::string& name) {
  const Call call;
  const std::string where = where_ + name + "/";
  const Handle list(H5Pcreate(H5P_GROUP_CREATE));
  H5Pset_link_creation_order(list.id(), kTracked);
  H5Pset_attr_creation_order(list.id(), kTracked);
  return {Handle(check(H5Gcreate2(id(), name.c_str(), H5P_DEFAULT, list.id(), H5P_DEFAULT),
                       "create group", where)),
          where};
}

Group Group::open_group(const std::string& name) const {
  const Call call;
  const std::string where = where_ + name + "/";
  return {Handle(check(H5Gopen2(id(), name.c_str(), H5P_DEFAULT), "open group", where)), where};
}

Dataset Group::create_dataset(const std::string& name, LogType type, const LogShape& shape,
                              const DatasetOptions& options) {
  const Call call;
  const std::string where = where_ + name;
  const Handle element = internal::memory_type(type);
  const Handle space = internal::simple_space(shape, options.maximum, where);
  const Handle list = dataset_list(type, shape, options, where);
  const Handle access = dataset_access(options.write_through, where);
  return {Handle(check(H5Dcreate2(id(), name.c_str(), element.id(), space.id(), H5P_DEFAULT,
                                  list.id(), access.id()),
                       "create", where)),
          where};
}

Dataset Group::open_dataset(const std::string& name, bool write_through) const {
  const Call call;
  const std::string where = where_ + name;
  const Handle list = dataset_access(write_through, where);
  return {Handle(check(H5Dopen2(id(), name.c_str(), list.id()), "open", where)), where};
}

bool Group::has(const std::string& name) const {
  const Call call;
  return H5Lexists(id(), name.c_str(), H5P_DEFAULT) > 0;
}

std::vector<Group::Child> Group::children(Origin origin) const {
  const Call call;
  H5G_info_t info;
  check(H5Gget_info(id(), &info), "list", where_);
  if (origin == Origin::kLog && info.storage_type == H5G_STORAGE_TYPE_SYMBOL_TABLE) {
    throw IoError(fmt::format("{}: is written in HDF5's old format, which a log never is", where_));
  }
  if (info.nlinks > kMaximumChildren) {
    throw IoError(fmt::format("{}: {} entries are too many for a log", where_, info.nlinks));
  }
  std::vector<Child> result;
  for (const auto& [order, name] : links_of(id(), where_)) {
    const Handle child(check(H5Oopen(id(), name.c_str(), H5P_DEFAULT), "open", where_ + name));
    const H5I_type_t kind = H5Iget_type(child.id());
    H5O_info_t object;
    check(H5Oget_info2(child.id(), &object, H5O_INFO_BASIC), "open", where_ + name);
    if (origin == Origin::kLog &&
        object.rc != 1) {  // a link in a circle, or one object under many names
      throw IoError(
          fmt::format("{}{}: {} links lead to it; a log has one", where_, name, object.rc));
    }
    if (kind == H5I_GROUP || kind == H5I_DATASET) result.push_back({name, kind == H5I_GROUP});
  }
  return result;
}

File File::create(const std::string& path, const std::string& shown_as, bool times) {
  const Call call;
  const std::string shown = shown_as.empty() ? path : shown_as;
  const Handle access = access_list();
  const Handle list(H5Pcreate(H5P_FILE_CREATE));
  H5Pset_obj_track_times(list.id(), times);
  H5Pset_link_creation_order(list.id(), kTracked);
  H5Pset_attr_creation_order(list.id(), kTracked);
  Handle file(
      check(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, list.id(), access.id()), "create", shown));
  return {std::move(file), shown};
}

File File::open(const std::string& path, bool swmr) {
  const Call call;
  const unsigned flags = swmr ? H5F_ACC_RDONLY | H5F_ACC_SWMR_READ : H5F_ACC_RDONLY;
  const Handle access(check(H5Pcreate(H5P_FILE_ACCESS), "open", path));
  check(H5Pset_metadata_read_attempts(access.id(), swmr ? kSwmrAttempts : 1), "open", path);
  return {Handle(check(H5Fopen(path.c_str(), flags, access.id()), "open", path)), path};
}

File File::open_for_writing(const std::string& path) {
  const Call call;
  const Handle access = access_list();
  return {Handle(check(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.id()), "open for writing", path)),
          path};
}

Group File::root() const {
  const Call call;
  const std::string where = path_ + ":/";
  return {Handle(check(H5Gopen2(handle_.id(), "/", H5P_DEFAULT), "open group", where)), where};
}

void File::start_swmr() {
  const Call call;
  check(H5Fstart_swmr_write(handle_.id()), "start SWMR writing of", path_);
}

void File::flush() {
  const Call call;
  check(H5Fflush(handle_.id(), H5F_SCOPE_GLOBAL), "flush", path_);
}

void File::close() {
  const Call call;
  const Id id = handle_.id();
  const ssize_t open =
      H5Fget_obj_count(id, H5F_OBJ_DATASET | H5F_OBJ_GROUP | H5F_OBJ_ATTR | H5F_OBJ_LOCAL);
  if (open != 0) {
    throw InternalError(fmt::format("{}: closed with {} objects open", path_, open));
  }
  handle_.release();
  check(H5Fclose(id), "close", path_);
}

}  // namespace tightrope::hdf5
