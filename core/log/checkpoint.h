// SPDX-License-Identifier: Apache-2.0
// A checkpoint: named arrays and texts in one small binary file, with a checksum over everything.
// Two are kept (`PATH` and `PATH.previous`); a kill at any moment leaves at least one whole.
//
// File: "TRCKPT\r\n", u32 version, u32 entries, u64 configuration hash, u64 payload bytes,
// u64 hash64(header before it, then payload), payload. Entry: u8 kind, u32 length and bytes of the
// name, u64 count, data. Little endian.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tightrope {

class Checkpoint {
 public:
  using Value = std::variant<std::vector<std::uint8_t>, std::vector<float>, std::vector<double>,
                             std::vector<std::int64_t>, std::vector<std::string>>;

  // `config_hash`: of everything that makes a continuation valid; compared on loading.
  explicit Checkpoint(std::uint64_t config_hash = 0) : config_hash_(config_hash) {}

  std::uint64_t config_hash() const { return config_hash_; }
  // Sets or replaces an entry.
  void set(const std::string& name, Value value) { values_[name] = std::move(value); }
  bool has(const std::string& name) const { return values_.count(name) > 0; }

  // The entry of this name and type (T: uint8_t, float, double, int64_t, std::string); IoError
  // when it is absent or of another type.
  template <typename T>
  const std::vector<T>& get(const std::string& name) const;

  const std::map<std::string, Value>& values() const { return values_; }

 private:
  std::uint64_t config_hash_;
  std::map<std::string, Value> values_;
};

// The file's bytes, and back. `where` names the source in the IoError for truncated, altered, newer
// or foreign bytes; a checkpoint with any flipped bit is refused.
std::string encode(const Checkpoint& checkpoint);
Checkpoint decode(const std::string& bytes, const std::string& where);

// Writes PATH.tmp, puts it on the disk, keeps the present PATH as PATH.previous, renames, puts the
// folder on the disk. Save the log first (LogWriter::save does). IoError when the disk refuses; the
// older checkpoints are then still there.
void save_checkpoint(const std::string& path, const Checkpoint& checkpoint);

struct LoadedCheckpoint {
  Checkpoint checkpoint;
  // Non-empty when the newest one was unusable and the previous one is returned; to be shown.
  std::string warning;
};

// The newest usable checkpoint; nothing when neither file exists. A damaged newest one is moved to
// PATH.damaged. IoError when none is usable, InputError when it belongs to another configuration.
std::optional<LoadedCheckpoint> load_checkpoint(const std::string& path, std::uint64_t config_hash);

// Removes PATH, PATH.previous and leftovers: after the pack is finished.
void remove_checkpoints(const std::string& path);

}  // namespace tightrope
