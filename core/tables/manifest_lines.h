// SPDX-License-Identifier: Apache-2.0
// The lines of a run folder's plan, for every reader of it.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace tightrope {

// Calls `take` with every line of FOLDER/manifest.jsonl, keys in the order of the file, and returns
// their number. Throws InputError where FOLDER has none, and IoError with file and line for a file
// above 1 GiB, broken JSON, and for what `take` refuses by IoError, InputError or an exception of
// the JSON library.
int read_manifest_lines(const std::string& folder,
                        const std::function<void(const nlohmann::ordered_json&)>& take);

}  // namespace tightrope
