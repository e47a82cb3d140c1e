// SPDX-License-Identifier: Apache-2.0
// Counter-based random streams as values: Philox4x32-10 of Random123. Nothing draws from a global
// generator; copying a Draws forks it, and a fork replays the same numbers. The integer code is
// the same on host and device.
#pragma once

#include <Random123/philox.h>

#include <cmath>
#include <cstdint>
#include <span>

#include "core/base/host_device.h"

namespace tightrope {

// What a stream is for. Purposes have separate keys, so that two policies can be compared on the
// same data and drift path (common random numbers). Never renumber: logs depend on it.
enum class Purpose : std::uint32_t {
  kWorld = 1,        // the numbers of the world (priors, links, which attributes are spurious)
  kDriftPath = 2,    // random paths of drift processes
  kData = 3,         // training cases
  kEvaluation = 4,   // evaluation cases
  kProbe = 5,        // probe cases
  kExpert = 6,       // alternative trajectories
  kForm = 7,         // full, direct or truncated training sequences
  kOrder = 8,        // order of cases within an epoch
  kInitial = 9,      // initial weights
  kSampling = 10,    // tokens sampled from a policy
  kStatistics = 11,  // bootstrap and permutation draws
  kSweep = 12,       // settings of a random search
  kCalibration = 13  // drift-free samples that a detector is calibrated on
};

// Consecutive draws at one counter (step, row). A value: copy it to fork.
class Draws {
 public:
  TR_HOST_DEVICE Draws(std::uint32_t key0, std::uint32_t key1, std::uint32_t step,
                       std::uint32_t row)
      : key_{key0, key1}, step_(step), row_(row) {}

  // A uniform 32-bit integer.
  TR_HOST_DEVICE std::uint32_t bits() {
    if (used_ == 4) refill();
    return block_[used_++];
  }

  // Uniform on [0, 1), 32 bits of resolution shifted by half a unit: never 0, never 1.
  TR_HOST_DEVICE double uniform() { return (static_cast<double>(bits()) + 0.5) * 0x1p-32; }

  // Standard normal by Box-Muller; each call uses two draws and returns one number.
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(uniform()));
    return radius * std::cos(6.283185307179586476925 * uniform());
  }

  TR_HOST_DEVICE bool bernoulli(double probability) { return uniform() < probability; }

  // Uniform on 0..count-1 by multiply-shift (bias below count / 2^32).
  TR_HOST_DEVICE std::uint32_t below(std::uint32_t count) {
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(bits()) * count) >> 32);
  }

  // Index drawn proportionally to non-negative weights, by inverse CDF in index order. The last
  // index with positive weight takes the rounding remainder. At least one weight must be positive.
  int categorical(std::span<const double> weights);

 private:
  TR_HOST_DEVICE void refill() {
    const r123::Philox4x32::ctr_type counter = {{step_, row_, block_index_++, 0}};
    const r123::Philox4x32::key_type key = {{key_[0], key_[1]}};
    const r123::Philox4x32::ctr_type out = r123::Philox4x32()(counter, key);
    for (int i = 0; i < 4; ++i) block_[i] = out[i];
    used_ = 0;
  }

  std::uint32_t key_[2];
  std::uint32_t step_;
  std::uint32_t row_;
  std::uint32_t block_index_ = 0;
  std::uint32_t block_[4] = {};
  int used_ = 4;
};

// A named random stream: key = (experiment seed and purpose, lane seed), counter = (step, row,
// draw).
struct Stream {
  std::uint32_t key0 = 0;
  std::uint32_t key1 = 0;

  Stream() = default;
  Stream(std::uint64_t experiment_seed, Purpose purpose, std::uint64_t lane_seed);

  // A stream with a key of its own below this one, told apart by `tag` (for example a stage's
  // name hash): independent of the parent and of siblings.
  Stream child(std::uint64_t tag) const;

  TR_HOST_DEVICE Draws at(std::uint32_t step, std::uint32_t row = 0) const {
    return Draws(key0, key1, step, row);
  }
};

}  // namespace tightrope
