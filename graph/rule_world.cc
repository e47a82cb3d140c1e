// SPDX-License-Identifier: Apache-2.0
#include "graph/rule_world.h"

#include "graph/rule_distance.h"
#include "graph/rule_environment.h"
#include "graph/rule_shape.h"
#include "graph/rule_tables.h"

namespace tightrope {
namespace {

class RuleWorld final : public World {
 public:
  RuleWorld(const ConceptParams& params, const ConceptGraph& graph, const Stream& stream)
      : shape_(make_rule_shape(params, graph)),
        basis_(std::make_shared<RuleBasis>(
            RuleBasis{*shape_.structure.graph, Vocabulary(rule_names(shape_))})),
        base_(make_rule_tables(shape_, stream)) {}

  const Vocabulary& vocabulary() const override { return basis_->vocabulary; }
  int max_mentions() const override {
    return static_cast<int>(shape_.structure.params.max_mentions);
  }
  int sites() const override { return static_cast<int>(shape_.structure.params.sites); }
  int channels() const override { return shape_.structure.channels; }
  const WorldParams& base() const override { return base_; }

  std::shared_ptr<const Environment> environment(const WorldParams& params) const override {
    return std::make_shared<RuleEnvironment>(basis_, compile_rule_law(shape_, params),
                                             params.at("reward").values);
  }

  std::vector<MechanismDistance> distances(const WorldParams& old_params,
                                           const WorldParams& new_params) const override {
    return rule_distances(shape_, compile_rule_law(shape_, old_params),
                          compile_rule_law(shape_, new_params));
  }

  std::vector<std::uint8_t> entangled() const override {
    std::vector<std::uint8_t> out(shape_.category_of.size());
    for (std::size_t z = 0; z < out.size(); ++z) {
      out[z] = shape_.member[shape_.category_of[z]][1] >= 0 ? 1 : 0;
    }
    return out;
  }

 private:
  RuleShape shape_;
  std::shared_ptr<const RuleBasis> basis_;
  WorldParams base_;
};

}  // namespace

std::shared_ptr<const World> make_rule_world(const ConceptParams& params, const ConceptGraph& graph,
                                             const Stream& stream) {
  return std::make_shared<RuleWorld>(params, graph, stream);
}

}  // namespace tightrope
