// SPDX-License-Identifier: Apache-2.0
// The safetensors format: u64 length of the header, the header (JSON, padded with spaces to a
// multiple of 8 bytes), then the tensors' numbers, little-endian and row-major, without gaps.
// https://github.com/huggingface/safetensors
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tightrope {

struct NamedTensor {
  std::string name;  // distinct within a file, not "__metadata__"
  std::vector<std::int64_t> shape;
  std::span<const float> values;  // as many as the shape says
};

// Writes and replaces by a rename. `metadata`: texts by name. Throws IoError when the disk refuses.
void write_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                       const std::vector<std::pair<std::string, std::string>>& metadata);

}  // namespace tightrope
