// SPDX-License-Identifier: Apache-2.0
// The two attributes by which HDF5's dimension scales and their users know each other. The library
// attaches one axis of one variable at a time and reads and writes the scale's whole list for each,
// which took half of the time of making a file.
#include <hdf5.h>

#include <map>

#include "core/log/hdf5_detail.h"

namespace tightrope::hdf5 {

using internal::Call;
using internal::check;

namespace {

struct User {  // as H5DS lays it out in a file
  hobj_ref_t dataset;
  int dimension;
};

hobj_ref_t reference_to(const Dataset& dataset) {
  hobj_ref_t reference = 0;
  check(H5Rcreate(&reference, dataset.id(), ".", H5R_OBJECT, -1), "refer to", dataset.where());
  return reference;
}

void write_list(const Dataset& to, const char* name, const Handle& type, const void* values,
                std::size_t count) {
  const Handle space = internal::simple_space({count}, {}, to.where());
  const Handle attribute(
      check(H5Acreate2(to.id(), name, type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT),
            "attach a dimension scale to", to.where()));
  check(H5Awrite(attribute.id(), type.id(), values), "attach a dimension scale to", to.where());
}

}  // namespace

void attach_scales(std::span<const ScaledDataset> datasets) {
  const Call call;
  const Handle lists(check(H5Tvlen_create(H5T_STD_REF_OBJ), "create", "a type"));
  const Handle users(check(H5Tcreate(H5T_COMPOUND, sizeof(User)), "create", "a type"));
  H5Tinsert(users.id(), "dataset", HOFFSET(User, dataset), H5T_STD_REF_OBJ);
  H5Tinsert(users.id(), "dimension", HOFFSET(User, dimension), H5T_NATIVE_INT);
  std::vector<const Dataset*> scales;  // in the order of their first use: equal files, equal bytes
  std::map<const Dataset*, std::vector<User>> used;
  for (const ScaledDataset& each : datasets) {
    std::vector<hobj_ref_t> references;
    for (const Dataset* scale : each.scales) references.push_back(reference_to(*scale));
    std::vector<hvl_t> axes;
    for (hobj_ref_t& reference : references) axes.push_back({1, &reference});
    if (axes.empty()) continue;
    write_list(*each.dataset, "DIMENSION_LIST", lists, axes.data(), axes.size());
    const hobj_ref_t self = reference_to(*each.dataset);
    for (std::size_t axis = 0; axis < each.scales.size(); ++axis) {
      User user{};
      user.dataset = self;
      user.dimension = static_cast<int>(axis);
      std::vector<User>& list = used[each.scales[axis]];
      if (list.empty()) scales.push_back(each.scales[axis]);
      list.push_back(user);
    }
  }
  for (const Dataset* scale : scales) {
    const std::vector<User>& list = used[scale];
    write_list(*scale, "REFERENCE_LIST", users, list.data(), list.size());
  }
}

}  // namespace tightrope::hdf5
