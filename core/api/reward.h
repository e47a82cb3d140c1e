// SPDX-License-Identifier: Apache-2.0
// A reward model scores a finished trajectory of a case: what reinforcement learning maximises. It
// may be the truth, a part of it, learned from pairs, or wrong on purpose.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/api/cases.h"
#include "core/api/expert.h"
#include "core/api/world.h"
#include "core/registry/registry.h"

namespace tightrope {

struct RewardContext {
  const World& world;
  const Environment& environment;  // the environment that the case came from
  const Cases& cases;
};

class RewardModel {
 public:
  virtual ~RewardModel() = default;
  // Pairs of the stage's expert that fit() learns from; 0 for models that learn nothing.
  virtual int pairs() const { return 0; }
  // Called once at the stage's start, deterministic: the numbers that score() needs besides its
  // options (weights, an index); the caller owns them and keeps them in checkpoints. Throws
  // InputError when the options do not fit the world.
  virtual std::vector<double> fit(const World& world, std::span<const Pair> pairs) const {
    static_cast<void>(world);
    static_cast<void>(pairs);
    return {};
  }
  // The score of `trajectory` for case n, finite, no unit. Draws nothing. `fitted` is what fit()
  // gave.
  virtual double score(const RewardContext& context, int n, const Trajectory& trajectory,
                       std::span<const double> fitted) const = 0;
};

template <>
struct InterfaceName<RewardModel> {
  static constexpr auto value = "reward";
};

}  // namespace tightrope
