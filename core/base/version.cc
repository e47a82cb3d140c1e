// SPDX-License-Identifier: Apache-2.0
#include "core/base/version.h"

#include "tightrope_version.h"

namespace tightrope {

std::string_view program_version() { return TIGHTROPE_VERSION; }

std::string_view program_revision() { return TIGHTROPE_REVISION; }

}  // namespace tightrope
