// SPDX-License-Identifier: Apache-2.0
#include "core/random/stream.h"

#include "core/base/check.h"

namespace tightrope {
namespace {

std::uint64_t mix(std::uint64_t x) {  // SplitMix64's finaliser: neighbouring seeds part at once
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

int Draws::categorical(std::span<const double> weights) {
  double total = 0;
  for (double weight : weights) total += weight;
  TR_CHECK(total > 0, "categorical draw needs a positive weight, sum {}", total);
  const double target = uniform() * total;
  double sum = 0;
  int last = 0;
  for (int i = 0; i < static_cast<int>(weights.size()); ++i) {
    if (weights[i] <= 0) continue;
    sum += weights[i];
    last = i;
    if (target < sum) return i;
  }
  return last;
}

Stream::Stream(std::uint64_t experiment_seed, Purpose purpose, std::uint64_t lane_seed) {
  const std::uint64_t key =
      mix(mix(mix(experiment_seed) ^ static_cast<std::uint64_t>(purpose)) ^ lane_seed);
  key0 = static_cast<std::uint32_t>(key);
  key1 = static_cast<std::uint32_t>(key >> 32);
}

Stream Stream::child(std::uint64_t tag) const {
  Stream out;
  const std::uint64_t key = mix(((static_cast<std::uint64_t>(key1) << 32) | key0) ^ mix(tag));
  out.key0 = static_cast<std::uint32_t>(key);
  out.key1 = static_cast<std::uint32_t>(key >> 32);
  return out;
}

}  // namespace tightrope
