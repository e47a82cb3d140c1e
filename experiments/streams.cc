// SPDX-License-Identifier: Apache-2.0
#include "experiments/streams.h"

#include <algorithm>

namespace tightrope {
namespace {

const char* varied_by(Purpose purpose) {
  switch (purpose) {
    case Purpose::kWorld:
    case Purpose::kDriftPath:
      return "world";
    case Purpose::kInitial:
      return "init";
    case Purpose::kSampling:
      return "sampling";
    default:
      return "data";
  }
}

}  // namespace

Stream lane_stream(const Experiment& experiment, Purpose purpose, std::int64_t seed) {
  const auto& varies = experiment.seed_varies;
  const bool varied = std::find(varies.begin(), varies.end(), varied_by(purpose)) != varies.end();
  return Stream(static_cast<std::uint64_t>(experiment.seed), purpose,
                varied ? static_cast<std::uint64_t>(seed) + 1 : 0);
}

}  // namespace tightrope
