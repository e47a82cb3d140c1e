// SPDX-License-Identifier: Apache-2.0
// The options of `world: {type: concept, ...}`, shared by both laws of the diagnosis.
#pragma once

#include <cstdint>
#include <string>

#include "core/config/schema.h"
#include "graph/concept_graph.h"

namespace tightrope {

// Category (in the sense of a graph file) of the attributes that depend on the site alone. They are
// part of the world's graph, without edges, so that the indices of graph and vocabulary agree.
inline constexpr const char* kSpuriousCategory = "acquisition";

// Defaults: the prototype's preset; of the rule law, the second prototype's.
struct ConceptParams {
  std::string graph = "cxr";  // cxr | toy | synthetic | path of a graph file
  std::string diagnosis = "generative";
  std::int64_t sites = 3;
  double confounding = 2.5;
  double tail = 0.96;
  double association = 0.8;
  double exclusion = 0.02;
  double base = 0.12;
  double base_jitter = 0;
  std::int64_t spurious = 4;
  double spurious_high = 0.9;
  double spurious_low = 0.1;
  double mention = 0.9;
  double mention_absent = 0;
  double mention_absent_discriminating = 0.1;
  std::int64_t max_mentions = 18;
  double style = 0.8;
  std::string report_from = "latent";
  std::string image_code = "polarity";
  double polarity = 0.94;
  double signal = 1;
  double noise = 0.35;
  double noise_discriminating = 0.4;
  double noise_spurious = 0.2;
  std::int64_t nuisance_channels = 0;
  double entangled_threshold = 0.25;

  // diagnosis: rule
  std::string rule = "xor";
  double deciding = 0.5;
  double flip = 0.02;
};

Schema<ConceptParams> concept_schema();

}  // namespace tightrope
