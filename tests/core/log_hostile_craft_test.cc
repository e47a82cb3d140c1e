// SPDX-License-Identifier: Apache-2.0
// Files that HDF5 finds in order and that are no log: links in circles, enormous claims, foreign
// types, values that lie elsewhere.
#include <gmock/gmock.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <sys/stat.h>

#include "core/log/hdf5.h"
#include "tests/core/log_hostile_support.h"

namespace tightrope {
namespace {

using log_test::outcome_text;
using log_test::TemporaryFolder;

// An open file with `schema_version` and a group "g"; closes itself.
struct Crafted {
  explicit Crafted(const std::string& path, bool latest = true, bool version = true) {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (latest) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    if (version) attribute(H5T_NATIVE_INT64, "schema_version", 1);
    group = H5Gcreate2(file, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  }
  ~Crafted() {
    H5Gclose(group);
    H5Fclose(file);
  }
  void attribute(hid_t type, const char* name, std::int64_t value) const {
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t made = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(made, H5T_NATIVE_INT64, &value);
    H5Aclose(made);
    H5Sclose(space);
  }
  // A data set "x" of this type and shape in the group.
  void dataset(hid_t type, const std::vector<hsize_t>& shape, hid_t list = H5P_DEFAULT,
               const std::vector<hsize_t>& most = {}, const void* values = nullptr) const {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(),
                                         most.empty() ? nullptr : most.data());
    const hid_t made = H5Dcreate2(group, "x", type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    if (values != nullptr) H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(made);
    H5Sclose(space);
    if (list != H5P_DEFAULT) H5Pclose(list);
  }
  hid_t file = -1, group = -1;
};

hid_t chunks(const std::vector<hsize_t>& shape) {
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(list, static_cast<int>(shape.size()), shape.data());
  return list;
}

hid_t text_type(std::size_t size) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, size);
  return type;
}

struct Case {
  const char* name;
  std::function<void(const std::string& path)> make;
  const char* said;  // in the message; "" where the file may be read
};

std::vector<Case> links() {
  return {
      {"a hard link to the root",
       [](const std::string& path) {
         const Crafted c(path);
         H5Lcreate_hard(c.file, "/", c.group, "round", H5P_DEFAULT, H5P_DEFAULT);
       },
       "links lead to it"},
      {"a group that holds itself",
       [](const std::string& path) {
         const Crafted c(path);
         H5Lcreate_hard(c.file, "g", c.group, "round", H5P_DEFAULT, H5P_DEFAULT);
       },
       "links lead to it"},
      {"a data set of two names",
       [](const std::string& path) {
         const Crafted c(path);
         c.dataset(H5T_IEEE_F64LE, {3});
         H5Lcreate_hard(c.group, "x", c.group, "y", H5P_DEFAULT, H5P_DEFAULT);
       },
       "links lead to it"},
      {"soft links in a circle",
       [](const std::string& path) {
         const Crafted c(path);
         H5Lcreate_soft("/g/b", c.group, "a", H5P_DEFAULT, H5P_DEFAULT);
         H5Lcreate_soft("/g/a", c.group, "b", H5P_DEFAULT, H5P_DEFAULT);
         H5Lcreate_soft("/", c.file, "up", H5P_DEFAULT, H5P_DEFAULT);
       },
       ""},
      {"an external link",
       [](const std::string& path) {
         const Crafted c(path);
         H5Lcreate_external("/dev/zero", "/", c.file, "out", H5P_DEFAULT, H5P_DEFAULT);
       },
       ""},
      {"20,000 groups",
       [](const std::string& path) {
         const Crafted c(path);
         for (int i = 0; i < 20000; ++i) {
           H5Gclose(H5Gcreate2(c.file, std::to_string(i).c_str(), H5P_DEFAULT, H5P_DEFAULT,
                               H5P_DEFAULT));
         }
       },
       "too many"},
      {"a named type and a group in a group",
       [](const std::string& path) {
         const Crafted c(path);
         const hid_t type = H5Tcopy(H5T_IEEE_F64LE);
         H5Tcommit2(c.group, "type", type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
         H5Tclose(type);
         H5Gclose(H5Gcreate2(c.group, "inner", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
       },
       ""},
  };
}

std::vector<Case> sizes() {
  constexpr hsize_t kHuge = hsize_t{1} << 40;
  return {
      {"8 EiB, contiguous, never written",
       [](const std::string& path) { Crafted(path).dataset(H5T_IEEE_F64LE, {hsize_t{1} << 50}); },
       "claims more than"},
      {"1 GiB, contiguous, never written",
       [](const std::string& path) { Crafted(path).dataset(H5T_IEEE_F64LE, {hsize_t{1} << 27}); },
       "claims more than"},
      {"1 GiB in chunks that are not there",
       [](const std::string& path) {
         Crafted(path).dataset(H5T_IEEE_F64LE, {hsize_t{1} << 27}, chunks({1024}));
       },
       "claims more than"},
      {"extents whose product overflows",
       [kHuge](const std::string& path) {
         Crafted(path).dataset(H5T_IEEE_F64LE, {kHuge, kHuge, kHuge}, chunks({8, 8, 8}));
       },
       "claims more than"},
      {"a chunk of 1 GiB",
       [](const std::string& path) {
         Crafted(path).dataset(H5T_IEEE_F64LE, {4}, chunks({hsize_t{1} << 27}), {H5S_UNLIMITED});
       },
       "claims more than 67108864 bytes"},
      {"2^30 texts",
       [](const std::string& path) {
         const hid_t type = text_type(H5T_VARIABLE);
         Crafted(path).dataset(type, {hsize_t{1} << 30});
         H5Tclose(type);
       },
       "claims more than"},
      {"extent 0 beside an enormous one",
       [kHuge](const std::string& path) {
         Crafted(path).dataset(H5T_IEEE_F64LE, {kHuge, 0}, chunks({8, 8}),
                               {H5S_UNLIMITED, H5S_UNLIMITED});
       },
       ""},
      {"rank 12",
       [](const std::string& path) {
         Crafted(path).dataset(H5T_IEEE_F64LE, std::vector<hsize_t>(12, 1));
       },
       "rank 12"},
      {"no dataspace",
       [](const std::string& path) {
         const Crafted c(path);
         const hid_t space = H5Screate(H5S_NULL);
         H5Dclose(H5Dcreate2(c.group, "x", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT,
                             H5P_DEFAULT));
         H5Sclose(space);
       },
       "not part of a log"},
      {"gzip that unpacks to 512 MiB",
       [](const std::string& path) {
         const Crafted c(path);
         constexpr hsize_t kChunk = hsize_t{1} << 26;
         const hid_t list = chunks({kChunk});
         H5Pset_deflate(list, 9);
         c.dataset(H5T_NATIVE_UINT8, {kChunk * 8}, list);
         const std::vector<std::uint8_t> zeros(kChunk);
         const hid_t made = H5Dopen2(c.group, "x", H5P_DEFAULT);
         const hid_t file = H5Dget_space(made), memory = H5Screate_simple(1, &kChunk, nullptr);
         const hsize_t start = 0;
         H5Sselect_hyperslab(file, H5S_SELECT_SET, &start, nullptr, &kChunk, nullptr);
         H5Dwrite(made, H5T_NATIVE_UINT8, memory, file, H5P_DEFAULT, zeros.data());
         H5Sclose(memory);
         H5Sclose(file);
         H5Dclose(made);
       },
       "claims more than"},
      {"100,000 references to one text of 1 MB",
       [](const std::string& path) {
         const Crafted c(path);
         const hid_t type = text_type(H5T_VARIABLE);
         constexpr hsize_t kCount = 100000;
         c.dataset(type, {kCount});
         const std::string text(1000000, 'x');
         const hid_t made = H5Dopen2(c.group, "x", H5P_DEFAULT);
         const hid_t file = H5Dget_space(made), memory = H5Screate(H5S_SCALAR);
         const hsize_t start = 0, one = 1;
         H5Sselect_hyperslab(file, H5S_SELECT_SET, &start, nullptr, &one, nullptr);
         const char* pointer = text.c_str();
         H5Dwrite(made, type, memory, file, H5P_DEFAULT, &pointer);
         const haddr_t at = H5Dget_offset(made);
         H5Sclose(memory);
         H5Sclose(file);
         H5Dclose(made);
         H5Tclose(type);
         H5Fflush(c.file, H5F_SCOPE_GLOBAL);
         std::fstream bytes(path, std::ios::in | std::ios::out | std::ios::binary);
         std::array<char, 16> reference{};
         bytes.seekg(static_cast<std::streamoff>(at));
         bytes.read(reference.data(), 16);
         bytes.seekp(static_cast<std::streamoff>(at));
         for (hsize_t i = 0; i < kCount; ++i) bytes.write(reference.data(), 16);
       },
       "its texts are longer than"},
      {"an attribute of 2^21 numbers",
       [](const std::string& path) {
         const Crafted c(path);
         const hsize_t count = hsize_t{1} << 21;
         const hid_t space = H5Screate_simple(1, &count, nullptr);
         H5Aclose(H5Acreate2(c.file, "many", H5T_NATIVE_INT64, space, H5P_DEFAULT, H5P_DEFAULT));
         H5Sclose(space);
       },
       "2097152 elements"},
      {"a text attribute of 20 MB",
       [](const std::string& path) {
         hdf5::File file = hdf5::File::create(path);
         file.root().set_attribute("schema_version", std::int64_t{1});
         file.root().set_attribute("long", std::string(20000000, 'x'));
         file.close();
       },
       ""},
  };
}

std::vector<Case> types() {
  const auto of = [](hid_t type) {
    return [type](const std::string& path) { Crafted(path).dataset(type, {4}); };
  };
  return {
      {"16-bit integers", of(H5T_STD_I16LE), "data type that is not part of a log"},
      {"unsigned 64-bit integers", of(H5T_STD_U64LE), "data type that is not part of a log"},
      {"bit fields", of(H5T_STD_B8LE), "data type that is not part of a log"},
      {"references", of(H5T_STD_REF_OBJ), "data type that is not part of a log"},
      {"big-endian numbers", of(H5T_IEEE_F64BE), ""},
      {"booleans",
       [](const std::string& path) {
         const hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
         std::int8_t value = 0;
         H5Tenum_insert(type, "FALSE", &value);
         value = 1;
         H5Tenum_insert(type, "TRUE", &value);
         Crafted(path).dataset(type, {4});
         H5Tclose(type);
       },
       "data type that is not part of a log"},
      {"compounds",
       [](const std::string& path) {
         const hid_t type = H5Tcreate(H5T_COMPOUND, 16);
         H5Tinsert(type, "a", 0, H5T_NATIVE_DOUBLE);
         H5Tinsert(type, "b", 8, H5T_NATIVE_DOUBLE);
         Crafted(path).dataset(type, {4});
         H5Tclose(type);
       },
       "data type that is not part of a log"},
      {"texts of fixed length",
       [](const std::string& path) {
         const hid_t type = text_type(1000000);
         Crafted(path).dataset(type, {4});
         H5Tclose(type);
       },
       "data type that is not part of a log"},
      {"sequences",
       [](const std::string& path) {
         const hid_t type = H5Tvlen_create(H5T_NATIVE_INT);
         Crafted(path).dataset(type, {4});
         H5Tclose(type);
       },
       "data type that is not part of a log"},
      {"a data set without scales",
       [](const std::string& path) {
         const std::array<double, 3> values{1, 2, 3};
         Crafted(path).dataset(H5T_NATIVE_DOUBLE, {3}, H5P_DEFAULT, {}, values.data());
       },
       ""},
  };
}

std::vector<Case> elsewhere() {
  return {
      {"values in another file",
       [](const std::string& path) {
         const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
         H5Pset_external(list, "/etc/passwd", 0, 64);
         Crafted(path).dataset(H5T_NATIVE_UINT8, {64}, list);
       },
       "outside of the file"},
      {"a virtual data set",
       [](const std::string& path) {
         const hsize_t count = 8;
         const hid_t space = H5Screate_simple(1, &count, nullptr);
         const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
         H5Pset_virtual(list, space, "/dev/zero", "/x", space);
         H5Sclose(space);
         Crafted(path).dataset(H5T_NATIVE_DOUBLE, {count}, list);
       },
       "outside of the file"},
      {"a filter of a plug-in",
       [](const std::string& path) {
         const hid_t list = chunks({4});
         H5Pset_filter(list, 32015, H5Z_FLAG_OPTIONAL, 0, nullptr);
         Crafted(path).dataset(H5T_NATIVE_DOUBLE, {4}, list);
       },
       "filter 32015"},
      {"a filter that logs have not",
       [](const std::string& path) {
         const hid_t list = chunks({4});
         H5Pset_nbit(list);
         Crafted(path).dataset(H5T_NATIVE_DOUBLE, {4}, list);
       },
       "filter 5"},
      {"a dimension list that leads nowhere",
       [](const std::string& path) {
         const Crafted c(path);
         c.dataset(H5T_NATIVE_DOUBLE, {4});
         const hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ);
         const hsize_t one = 1;
         const hid_t space = H5Screate_simple(1, &one, nullptr);
         const hid_t made = H5Dopen2(c.group, "x", H5P_DEFAULT);
         const hid_t list =
             H5Acreate2(made, "DIMENSION_LIST", type, space, H5P_DEFAULT, H5P_DEFAULT);
         hobj_ref_t nowhere = 77;
         hvl_t sequence{1, &nowhere};
         H5Awrite(list, type, &sequence);
         H5Aclose(list);
         H5Dclose(made);
         H5Sclose(space);
         H5Tclose(type);
       },
       "read the dimensions of"},
  };
}

std::vector<Case> foreign() {
  const auto version = [](std::int64_t number) {
    return [number](const std::string& path) {
      Crafted(path, true, false).attribute(H5T_NATIVE_INT64, "schema_version", number);
    };
  };
  return {
      {"HDF5's old format", [](const std::string& path) { Crafted(path, false); }, "superblock"},
      {"no schema version", [](const std::string& path) { Crafted(path, true, false); },
       "not a tightrope log"},
      {"a newer schema", version(kLogSchemaVersion + 1), "newer than this program"},
      {"an absurd schema", version(std::int64_t{1} << 62), "newer than this program"},
      {"a negative schema", version(-1), "schema_version is damaged"},
      {"a schema version in words",
       [](const std::string& path) {
         hdf5::File file = hdf5::File::create(path);
         file.root().set_attribute("schema_version", std::string("one"));
         file.close();
       },
       "schema_version is damaged"},
      {"a seal of odd length",
       [](const std::string& path) {
         hdf5::File file = hdf5::File::create(path);
         file.root().set_attribute("schema_version", std::int64_t{1});
         file.root().set_attribute("seal", std::int64_t{1});
         file.root().set_attribute("seal_ranges", std::vector<std::int64_t>{5});
         file.close();
       },
       "its seal"},
      {"a seal over 2^62 bytes",
       [](const std::string& path) {
         hdf5::File file = hdf5::File::create(path);
         file.root().set_attribute("schema_version", std::int64_t{1});
         file.root().set_attribute("seal", std::int64_t{1});
         file.root().set_attribute("seal_ranges",
                                   std::vector<std::int64_t>{0, std::int64_t{1} << 62});
         file.close();
       },
       "its seal"},
      {"a folder", [](const std::string& path) { std::filesystem::create_directory(path); },
       "not a file"},
      {"a device",
       [](const std::string& path) { std::filesystem::create_symlink("/dev/zero", path); },
       "not a file"},
      {"a pipe", [](const std::string& path) { ::mkfifo(path.c_str(), 0600); }, "not a file"},
      {"a link to itself",
       [](const std::string& path) { std::filesystem::create_symlink(path, path); }, "cannot open"},
      {"text", [](const std::string& path) { std::ofstream(path) << "experiment: x\n"; },
       "not an HDF5 file"},
      {"the signature alone",
       [](const std::string& path) { std::ofstream(path) << "\x89HDF\r\n\x1a\n\x03"; },
       "cannot open"},
  };
}

TEST(LogHostile, CraftedFilesAreRefusedOrRead) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  int count = 0;
  for (const auto& cases : {links(), sizes(), types(), elsewhere(), foreign()}) {
    for (const Case& c : cases) {
      const TemporaryFolder folder;
      const std::string path = folder / "crafted.h5", report = folder / "report";
      c.make(path);
      const log_test::Outcome outcome = log_test::outcome_of(
          [&]() -> std::string {
            try {
              log_test::content_of(path);
            } catch (const std::exception& error) {
              std::ofstream(report) << error.what();
              throw;
            }
            return "read";
          },
          "read", path);
      const auto expected = *c.said == 0 ? log_test::kSame : log_test::kRefused;
      std::string text;
      std::getline(std::ifstream(report), text);
      EXPECT_EQ(outcome, expected) << c.name << ": " << outcome_text(outcome) << ": " << text;
      EXPECT_THAT(text, ::testing::HasSubstr(c.said)) << c.name;
      ++count;
    }
  }
  EXPECT_GE(count, 45);
}

}  // namespace
}  // namespace tightrope
