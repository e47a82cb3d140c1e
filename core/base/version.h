// SPDX-License-Identifier: Apache-2.0
// Which program wrote a file: the project's version and the revision of its source.
#pragma once

#include <string_view>

namespace tightrope {

// The project's version, for example "0.1.0".
std::string_view program_version();

// The git revision at the last build, 12 hexadecimal digits, with "-dirty" behind it when the tree
// had changes; "unknown" outside a git tree.
std::string_view program_revision();

}  // namespace tightrope
