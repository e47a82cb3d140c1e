// SPDX-License-Identifier: Apache-2.0
#include "core/base/hash.h"

#include <fmt/format.h>

namespace tightrope {

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t hash = seed;
  for (unsigned char byte : bytes) {
    hash ^= byte;
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

std::uint64_t combined_hash(std::uint64_t first, std::uint64_t second) {
  return hash64({reinterpret_cast<const char*>(&second), sizeof second}, first);
}

std::uint64_t hash64(std::span<const float> values) {
  return hash64({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

std::uint64_t hash64(std::span<const double> values) {
  return hash64({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

}  // namespace tightrope
