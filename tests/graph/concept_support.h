// SPDX-License-Identifier: Apache-2.0
// Worlds of the shipped graph for tests, built as a configuration builds them.
#pragma once

#include <memory>
#include <string>

#include "core/api/world.h"
#include "core/config/yaml.h"
#include "graph/concept_environment.h"

namespace tightrope::test {

// `options` as in `{type: concept, OPTIONS}`.
inline std::shared_ptr<const World> concept_world(const std::string& options, int seed = 0) {
  Problems problems;
  const auto model = Registry<WorldModel>::get().build(
      parse_yaml("{type: concept, " + options + "}", "test"), "world", problems);
  problems.throw_if_any();
  return model->make(Stream(7, Purpose::kWorld, seed));
}

inline std::shared_ptr<const ConceptEnvironment> environment_of(const World& world,
                                                                const WorldParams& params) {
  return std::dynamic_pointer_cast<const ConceptEnvironment>(world.environment(params));
}

// The drifted target of the prototype: uniform prior, link cut, style reversed.
inline WorldParams target_of(const World& world) {
  WorldParams params = world.base();
  for (double& p : params.at("prior").values) p = 1.0 / world.vocabulary().diseases();
  params.at("confounding").values[0] = 0;
  for (double& p : params.at("synonym").values) p = 1 - p;
  return params;
}

}  // namespace tightrope::test
