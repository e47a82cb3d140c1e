// SPDX-License-Identifier: Apache-2.0
// Bytes of a checkpoint and back.
#include <bit>
#include <cstring>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/log/checkpoint.h"

namespace tightrope {

static_assert(std::endian::native == std::endian::little);

namespace {

constexpr char kMagic[] = "TRCKPT\r\n";
constexpr std::size_t kMagicBytes = 8;
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = kMagicBytes + 4 + 4 + 8 + 8 + 8;
constexpr std::size_t kChecksumOffset = kHeaderBytes - 8;

template <typename T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& bytes, const std::string& text) {
  put(bytes, static_cast<std::uint32_t>(text.size()));
  bytes += text;
}

struct PutArray {
  std::string& bytes;
  template <typename T>
  void operator()(const std::vector<T>& values) const {
    put(bytes, static_cast<std::uint64_t>(values.size()));
    if constexpr (std::is_same_v<T, std::string>) {
      for (const std::string& value : values) put_text(bytes, value);
    } else {
      bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    }
  }
};

// Reads forward and refuses to pass the end.
class Cursor {
 public:
  Cursor(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size()) throw IoError(fmt::format("{}: its entries are damaged", where_));
    const std::string_view result = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return result;
  }
  template <typename T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string text() { return std::string(take(number<std::uint32_t>())); }
  template <typename T>
  std::vector<T> array() {
    const auto count = number<std::uint64_t>();
    std::vector<T> values;
    if constexpr (std::is_same_v<T, std::string>) {
      for (std::uint64_t i = 0; i < count; ++i) values.push_back(text());
    } else {
      if (count > bytes_.size() / sizeof(T)) take(bytes_.size() + 1);
      values.resize(count);
      if (count > 0) std::memcpy(values.data(), take(count * sizeof(T)).data(), count * sizeof(T));
    }
    return values;
  }
  bool done() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
  const std::string& where_;
};

Checkpoint::Value read_value(Cursor& cursor, std::uint8_t kind, const std::string& where) {
  switch (kind) {
    case 0:
      return cursor.array<std::uint8_t>();
    case 1:
      return cursor.array<float>();
    case 2:
      return cursor.array<double>();
    case 3:
      return cursor.array<std::int64_t>();
    case 4:
      return cursor.array<std::string>();
    default:
      throw IoError(fmt::format("{}: unknown kind of entry {}", where, kind));
  }
}

std::uint64_t checksum(std::string_view bytes) {
  const std::uint64_t header = hash64(bytes.substr(0, kChecksumOffset));
  return hash64(bytes.substr(kHeaderBytes), header);
}

}  // namespace

template <typename T>
const std::vector<T>& Checkpoint::get(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw IoError(fmt::format("the checkpoint has no '{}'", name));
  const auto* values = std::get_if<std::vector<T>>(&found->second);
  if (values == nullptr) {
    throw IoError(fmt::format("'{}' in the checkpoint is of another type", name));
  }
  return *values;
}

template const std::vector<std::uint8_t>& Checkpoint::get(const std::string&) const;
template const std::vector<float>& Checkpoint::get(const std::string&) const;
template const std::vector<double>& Checkpoint::get(const std::string&) const;
template const std::vector<std::int64_t>& Checkpoint::get(const std::string&) const;
template const std::vector<std::string>& Checkpoint::get(const std::string&) const;

std::string encode(const Checkpoint& checkpoint) {
  std::string payload;
  for (const auto& [name, value] : checkpoint.values()) {
    put(payload, static_cast<std::uint8_t>(value.index()));
    put_text(payload, name);
    std::visit(PutArray{payload}, value);
  }
  std::string bytes(kMagic, kMagicBytes);
  put(bytes, kVersion);
  put(bytes, static_cast<std::uint32_t>(checkpoint.values().size()));
  put(bytes, checkpoint.config_hash());
  put(bytes, static_cast<std::uint64_t>(payload.size()));
  put(bytes, hash64(payload, hash64(bytes)));
  return bytes + payload;
}

Checkpoint decode(const std::string& bytes, const std::string& where) {
  if (bytes.size() < kHeaderBytes) {
    throw IoError(
        fmt::format("{}: truncated: {} bytes are less than a header", where, bytes.size()));
  }
  Cursor cursor(bytes, where);
  if (cursor.take(kMagicBytes) != std::string_view(kMagic, kMagicBytes)) {
    throw IoError(fmt::format("{}: not a checkpoint", where));
  }
  const auto version = cursor.number<std::uint32_t>();
  const auto entries = cursor.number<std::uint32_t>();
  Checkpoint checkpoint(cursor.number<std::uint64_t>());
  const auto payload = cursor.number<std::uint64_t>();
  const auto expected = cursor.number<std::uint64_t>();
  if (version > kVersion) {
    throw IoError(
        fmt::format("{}: version {} is newer than this program's {}", where, version, kVersion));
  }
  if (payload != bytes.size() - kHeaderBytes) {
    throw IoError(fmt::format("{}: truncated or damaged: {} bytes of content instead of {}", where,
                              bytes.size() - kHeaderBytes, payload));
  }
  if (checksum(bytes) != expected) {
    throw IoError(fmt::format("{}: damaged: its checksum does not match its content", where));
  }
  for (std::uint32_t i = 0; i < entries; ++i) {
    const auto kind = cursor.number<std::uint8_t>();
    const std::string name = cursor.text();
    checkpoint.set(name, read_value(cursor, kind, where));
  }
  if (!cursor.done()) throw IoError(fmt::format("{}: bytes after its last entry", where));
  return checkpoint;
}

}  // namespace tightrope
