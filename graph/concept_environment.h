// SPDX-License-Identifier: Apache-2.0
// What experts may ask of an environment built on a concept graph: alternative reports of a case.
#pragma once

#include <vector>

#include "core/api/world.h"
#include "graph/concept_graph.h"

namespace tightrope {

// An alternative report of one case, after the cap of mentions.
struct AlternativeReport {
  std::vector<Slot> report;  // [K]
  int category = -1;         // of the alternative disease in a rule world
};

class ConceptEnvironment : public Environment {
 public:
  // `reward` [Z, Z]: what a written diagnosis earns, by the case's; empty: 1 for the case's own.
  explicit ConceptEnvironment(std::vector<double> reward) : reward_(std::move(reward)) {}

  // 0 without a diagnosis.
  double reward(const Cases& cases, int n, std::span<const Token> tokens) const final;

  virtual const Vocabulary& vocabulary() const = 0;
  virtual const ConceptGraph& graph() const = 0;
  // The paper's rule, for a reader who has the report and the graph only: attributes associated
  // with i = z_n and not with j are dropped, those excluded by j are dropped, those associated with
  // j are added (synonym by the site's style); shared, irrelevant and spurious ones are kept. In a
  // rule world the deciding findings are also made to agree with j. Draws only synonyms (and, in a
  // rule world, which deciding finding flips).
  virtual AlternativeReport edit(const Cases& cases, int n, int j, Draws& draws) const = 0;
  // The structural counterfactual: the same exogenous noise pushed through the causal model under
  // do(z = j) with monotone coupling of every attribute; slots of unchanged attributes stay. What
  // no real system can have.
  virtual AlternativeReport structural(const Cases& cases, int n, int j, Draws& draws) const = 0;
  // The structural counterfactual of the image, [C]: the same noise under do(z = j), attributes
  // coupled monotonely, channels of unchanged attributes as they are. Throws InputError in a rule
  // world, where two members of a pair share their images.
  virtual std::vector<float> structural_image(const Cases& cases, int n, int j,
                                              Draws& draws) const = 0;

 private:
  std::vector<double> reward_;
};

}  // namespace tightrope
