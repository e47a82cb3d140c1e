// SPDX-License-Identifier: Apache-2.0
// Components inside components: what a schema's rule says when the inner one cannot be built.
#pragma once

#include <functional>
#include <string>

#include "core/config/problems.h"

namespace tightrope {

// Runs `build`; the text of the ConfigError that it throws, or an empty string. Positions before
// `key`, where the nested part stands, are left out: the outer problem has its own.
inline std::string nested_violation(const std::string& key, const std::function<void()>& build) {
  try {
    build();
  } catch (const ConfigError& error) {
    std::string text = error.what();
    const std::size_t at = text.rfind(": " + key);
    return at == std::string::npos ? text : text.substr(at + 2);
  }
  return "";
}

}  // namespace tightrope
