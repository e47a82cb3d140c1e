// SPDX-License-Identifier: Apache-2.0
// The params struct of components without settings.
#pragma once

#include "core/config/schema.h"

namespace tightrope {

struct NoParams {
  static Schema<NoParams> schema() { return {}; }
};

}  // namespace tightrope
