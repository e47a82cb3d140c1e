// SPDX-License-Identifier: Apache-2.0
// `world: {type: concept, ...}`: a concept graph as a causal world with an exact oracle.
#include <memory>
#include <optional>
#include <utility>

#include "core/base/check.h"
#include "core/registry/registry.h"
#include "graph/concept_params.h"
#include "graph/concept_tables.h"
#include "graph/generative_distance.h"
#include "graph/generative_environment.h"
#include "graph/rule_world.h"

namespace tightrope {
namespace {

class GenerativeWorld final : public World {
 public:
  GenerativeWorld(ConceptStructure structure, WorldParams base)
      : structure_(std::move(structure)), base_(std::move(base)) {}

  const Vocabulary& vocabulary() const override { return *structure_.vocabulary; }
  int max_mentions() const override { return static_cast<int>(structure_.params.max_mentions); }
  int sites() const override { return static_cast<int>(structure_.params.sites); }
  int channels() const override { return structure_.channels; }
  const WorldParams& base() const override { return base_; }

  std::shared_ptr<const Environment> environment(const WorldParams& params) const override {
    return std::make_shared<GenerativeEnvironment>(structure_.graph, structure_.vocabulary,
                                                   generative_law(structure_, params),
                                                   params.at("reward").values);
  }

  std::vector<MechanismDistance> distances(const WorldParams& old_params,
                                           const WorldParams& new_params) const override {
    return generative_distances(generative_law(structure_, old_params),
                                generative_law(structure_, new_params), structure_.spurious);
  }

  std::vector<std::uint8_t> entangled() const override {
    std::vector<std::uint8_t> out(structure_.graph->diseases(), 0);
    for (const auto& [i, j] : structure_.pairs) out[i] = out[j] = 1;
    return out;
  }

 private:
  ConceptStructure structure_;
  WorldParams base_;
};

class ConceptWorld final : public WorldModel {
 public:
  using Params = ConceptParams;
  static Schema<Params> schema() { return concept_schema(); }

  // A graph file is read here, once, so that its mistakes show before anything runs.
  explicit ConceptWorld(Params params) : params_(std::move(params)) {
    if (params_.graph != "synthetic") file_ = load_graph(params_.graph);
  }

  std::shared_ptr<const World> make(const Stream& stream) const override {
    const ConceptGraph graph = file_ ? *file_ : named_graph(params_, stream);
    if (params_.diagnosis == "rule") return make_rule_world(params_, graph, stream);
    ConceptStructure structure = concept_structure(params_, graph);
    WorldParams base = concept_tables(structure, stream);
    return std::make_shared<const GenerativeWorld>(std::move(structure), std::move(base));
  }

 private:
  Params params_;
  std::optional<ConceptGraph> file_;
};

TR_REGISTER(WorldModel, ConceptWorld, "concept",
            "a concept graph as a causal world: site, disease, attributes, image, report",
            "arXiv 2505.13081 (the graph); the causal model and its oracle are ours");

}  // namespace
}  // namespace tightrope
