// SPDX-License-Identifier: Apache-2.0
// Content hashes: stable across machines and runs, used for run ids, segments and checkpoints.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tightrope {

// FNV-1a, 64 bits, of the bytes.
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0xcbf29ce484222325ULL);

// One hash of two, in this order.
std::uint64_t combined_hash(std::uint64_t first, std::uint64_t second);

// hash64 over the raw bytes of a float or double array.
std::uint64_t hash64(std::span<const float> values);
std::uint64_t hash64(std::span<const double> values);

// 16 lower-case hexadecimal digits.
std::string hex(std::uint64_t value);

}  // namespace tightrope
