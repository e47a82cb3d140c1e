// SPDX-License-Identifier: Apache-2.0
// Components from outside the tree: a shared library whose files register themselves as every
// component does, and that says once, in one of them,
//
//   TR_PLUGIN
//
// It is built against this source tree and loaded by `tightrope COMMAND ... --plugin FILE`.
#pragma once

#include "core/registry/registry.h"
#include "tightrope_version.h"

// What the library was built for; read from the file before anything in it runs.
#define TR_PLUGIN                                                                    \
  extern "C" {                                                                       \
  [[gnu::used]] extern const char tightrope_plugin[];                                \
  const char tightrope_plugin[] = "tightrope-plugin version=" TIGHTROPE_VERSION ";"; \
  }
