// SPDX-License-Identifier: Apache-2.0
// Checkpoint files: writing without a moment at which none is whole, and choosing one to load.
#include "core/log/checkpoint.h"

#include <unistd.h>

#include <cerrno>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/log/files.h"

namespace tightrope {

namespace {

constexpr std::uint64_t kMaximumBytes = std::uint64_t{64} << 30;

std::string previous_of(const std::string& path) { return path + ".previous"; }

// A second name for the present checkpoint, so that PATH exists at every moment.
void keep_previous(const std::string& path) {
  if (!file_exists(path)) return;
  const std::string step = path + ".previous.tmp";
  remove_file(step);
  if (::link(path.c_str(), step.c_str()) != 0) {
    // File systems without hard links: between this and the next rename only `previous` exists.
    rename_file(path, previous_of(path));
    return;
  }
  rename_file(step, previous_of(path));
}

Checkpoint read(const std::string& path, std::uint64_t config_hash) {
  Checkpoint checkpoint = decode(read_whole_file(path, kMaximumBytes), path);
  TR_REQUIRE(checkpoint.config_hash() == config_hash,
             "{}: belongs to another configuration ({} instead of {}); start anew with --fresh",
             path, hex(checkpoint.config_hash()), hex(config_hash));
  return checkpoint;
}

// Out of the way, so that the next save does not keep it as the previous one.
void set_aside(const std::string& path) {
  if (!file_exists(path)) return;
  rename_file(path, path + ".damaged");
  sync_folder_of(path);
}

}  // namespace

void save_checkpoint(const std::string& path, const Checkpoint& checkpoint) {
  const std::string temporary = path + ".tmp";
  try {
    write_file_synced(temporary, encode(checkpoint));
  } catch (const IoError&) {
    ::unlink(temporary.c_str());  // makes room; the older checkpoints stay
    throw;
  }
  keep_previous(path);
  rename_file(temporary, path);
  sync_folder_of(path);
}

std::optional<LoadedCheckpoint> load_checkpoint(const std::string& path,
                                                std::uint64_t config_hash) {
  const bool newest = file_exists(path);
  const bool previous = file_exists(previous_of(path));
  if (!newest && !previous) return {};
  std::string problem = fmt::format("{} is missing", path);
  if (newest) {
    try {
      return LoadedCheckpoint{read(path, config_hash), ""};
    } catch (const IoError& error) {
      problem = error.what();
    }
  }
  if (!previous) throw IoError(fmt::format("no usable checkpoint: {}; no previous one", problem));
  try {
    Checkpoint checkpoint = read(previous_of(path), config_hash);
    set_aside(path);
    return LoadedCheckpoint{std::move(checkpoint), fmt::format("warning: {}; continuing from {}",
                                                               problem, previous_of(path))};
  } catch (const IoError& error) {
    throw IoError(fmt::format("no usable checkpoint: {}; {}", problem, error.what()));
  }
}

void remove_checkpoints(const std::string& path) {
  for (const char* suffix : {"", ".previous", ".tmp", ".previous.tmp", ".damaged"}) {
    remove_file(path + suffix);
  }
}

}  // namespace tightrope
