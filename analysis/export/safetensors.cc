// SPDX-License-Identifier: Apache-2.0
#include "analysis/export/safetensors.h"

#include <bit>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/base/check.h"
#include "core/log/files.h"

namespace tightrope {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

void write_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                       const std::vector<std::pair<std::string, std::string>>& metadata) {
  nlohmann::ordered_json header;
  header["__metadata__"] = nlohmann::ordered_json::object();
  for (const auto& [name, text] : metadata) header["__metadata__"][name] = text;
  std::uint64_t end = 0;
  for (const NamedTensor& tensor : tensors) {
    const std::int64_t count = std::accumulate(tensor.shape.begin(), tensor.shape.end(),
                                               std::int64_t{1}, std::multiplies<>());
    TR_CHECK(count == static_cast<std::int64_t>(tensor.values.size()),
             "tensor {}: {} numbers by its shape, {} values", tensor.name, count,
             tensor.values.size());
    TR_CHECK(!header.contains(tensor.name), "tensor {} twice", tensor.name);
    const std::uint64_t begin = end;
    end += tensor.values.size_bytes();
    header[tensor.name] = {
        {"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string bytes(sizeof(std::uint64_t), '\0');
  const std::uint64_t length = text.size();
  std::memcpy(bytes.data(), &length, sizeof length);
  bytes += text;
  for (const NamedTensor& tensor : tensors) {
    bytes.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size_bytes());
  }
  replace_file(path, bytes);
}

}  // namespace tightrope
