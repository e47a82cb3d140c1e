// SPDX-License-Identifier: Apache-2.0
#include "graph/ccf_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "core/base/check.h"
#include "core/log/files.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;
const std::string kPartial = ".partial";

void claim(const std::string& folder) {
  std::error_code error;
  TR_REQUIRE(!fs::exists(folder, error) || fs::is_directory(folder, error),
             "--out {}: a file of this name exists", folder);
  fs::create_directories(folder, error);
  if (error) throw IoError("cannot make the folder " + folder + ": " + error.message());
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    TR_REQUIRE(name == "ccf.jsonl" + kPartial || name == "ccf.h5" + kPartial,
               "--out {}: the folder is not empty ({}); choose another", folder, name);
  }
}

}  // namespace

CcfWriter::CcfWriter(const std::string& folder, const CcfNames& names, std::int64_t records,
                     int counterfactuals)
    : folder_(folder) {
  claim(folder);
  const std::string partial = lines_path() + kPartial;
  file_ = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) throw_io_error("create", partial, errno);
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    ::close(file_);
    throw InputError(fmt::format("--out {}: another process is writing here", folder));
  }
  try {
    if (::ftruncate(file_, 0) != 0) throw_io_error("write", partial, errno);
    arrays_ = std::make_unique<CcfHdf5Writer>(arrays_path() + kPartial, arrays_path(), names,
                                              records, counterfactuals);
  } catch (...) {
    discard();
    throw;
  }
}

CcfWriter::~CcfWriter() { discard(); }

void CcfWriter::discard() {
  arrays_.reset();
  if (file_ >= 0) ::close(file_);
  for (const std::string& path : paths()) {
    std::error_code ignored;
    fs::remove(path + kPartial, ignored);
  }
}

void CcfWriter::append(const std::string& bytes) const {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::write(file_, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_io_error("write", lines_path(), errno);
    done += static_cast<std::size_t>(count);
  }
}

void CcfWriter::write(std::span<const CcfRecord> records, const std::string& lines) {
  append(lines);
  arrays_->write(records);
}

void CcfWriter::finish() {
  arrays_->close();
  arrays_.reset();
  if (::fsync(file_) != 0) throw_io_error("put on the disk", lines_path(), errno);
  sync_file(arrays_path() + kPartial);
  for (const std::string& path : paths()) rename_file(path + kPartial, path);
  sync_folder_of(lines_path());
}

}  // namespace tightrope
