// SPDX-License-Identifier: Apache-2.0
// A probe is a fixed set of contexts on which distributions are logged during training: cases of an
// environment, read along their factual trajectories. Registered like every component.
#pragma once

#include "core/api/cases.h"
#include "core/api/world.h"
#include "core/random/stream.h"
#include "core/registry/registry.h"

namespace tightrope {

class Probe {
 public:
  virtual ~Probe() = default;
  // Makes `out` `count` cases of `environment`. Case r depends on (stream, r) alone, so that fewer
  // probes are the first of more; `stream` has purpose kProbe and is the same for all arms of a
  // seed. Throws InputError where the environment has no such cases.
  virtual void draw(const World& world, const Environment& environment, const Stream& stream,
                    int count, Cases& out) const = 0;
};

template <>
struct InterfaceName<Probe> {
  static constexpr auto value = "probe";
};

}  // namespace tightrope
