// SPDX-License-Identifier: Apache-2.0
// Building the layout of a flat parameter buffer, view after view.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/api/policy.h"

namespace tightrope {

// Appends a view behind the last one and returns its offset.
std::int64_t add_view(std::vector<ParameterView>& layout, const std::string& name,
                      std::vector<int> shape, bool decay = true,
                      ParameterPart part = ParameterPart::kBase);

// Elements of all views.
std::int64_t total_size(const std::vector<ParameterView>& layout);

}  // namespace tightrope
