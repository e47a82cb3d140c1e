// SPDX-License-Identifier: Apache-2.0
// Texts about a component, for `describe`, `explain` and the generated reference.
#pragma once

#include <string>

#include "core/registry/registry.h"

namespace tightrope {

// Looks a component up; throws InputError with the nearest name.
ComponentInfo find_component(const std::string& kind, const std::string& name);

// The schema as commented YAML that can be pasted into an experiment.
std::string describe_yaml(const ComponentInfo& info);

// One page of docs/reference.
std::string reference_page(const ComponentInfo& info);

}  // namespace tightrope
