// SPDX-License-Identifier: Apache-2.0
// A rule world at one stream time: sampling, oracle and alternative reports on one RuleLaw.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "graph/concept_environment.h"
#include "graph/rule_law.h"
#include "graph/rule_marginals.h"

namespace tightrope {

// What every environment of one rule world shares.
struct RuleBasis {
  ConceptGraph graph;
  Vocabulary vocabulary;
};

class RuleEnvironment final : public ConceptEnvironment {
 public:
  RuleEnvironment(std::shared_ptr<const RuleBasis> basis, RuleLaw law,
                  std::vector<double> reward = {});

  void sample(const Stream& stream, std::uint32_t step, std::uint32_t first_row, int count,
              Cases& out) const override;
  // One row per prefix up to, not including, <eos>; after the diagnosis the belief is one-hot and
  // <eos> is certain.
  void oracle(std::span<const float> image, std::span<const Token> tokens,
              OracleTrace& out) const override;
  void oracle_log_prob(std::span<const float> image, std::span<const Token> tokens,
                       std::span<double> log_prob) const override;
  void belief_of_image(std::span<const float> image, std::span<double> belief) const override;
  void joint_of_image(std::span<const float> image, std::span<double> joint) const override;
  Trajectory write(std::span<const float> image, Draws& draws) const override;
  std::vector<double> disease_prior() const override;
  std::vector<double> disease_prior_by_site() const override;

  const ConceptGraph& graph() const override { return basis_->graph; }
  const Vocabulary& vocabulary() const override { return basis_->vocabulary; }
  // The graph's plan i -> j on all slots but the deciding findings of j's category; of these the
  // fewest are changed that make the rule say j (xor: one of the two at random; and: every missing
  // one, or one of the two at random; one: the first).
  AlternativeReport edit(const Cases& cases, int n, int j, Draws& draws) const override;
  // Attributes are coupled monotonely from theta[u, g_i] to theta[u, g_j], changed ones are
  // reported afresh; the deciding findings of g_j are drawn from their law given (u, g_j, z = j).
  // Where the cap must cut, deciding findings stay.
  AlternativeReport structural(const Cases& cases, int n, int j, Draws& draws) const override;
  std::vector<float> structural_image(const Cases& cases, int n, int j,
                                      Draws& draws) const override;

  const RuleLaw& law() const { return law_; }

 private:
  void sample_case(Draws draws, int n, Cases& out) const;
  const RuleMarginals& marginals() const;  // computed when first asked for
  void decide_structurally(int u, int j, std::span<Slot> report, Draws& draws) const;
  void decide_by_edit(int u, int j, std::span<Slot> report, Draws& draws) const;
  void cap_keeping_deciding(int g, std::span<Slot> report) const;
  // What the reader sees as present when the attribute goes from `before` to `after` in channel k.
  double reading(double v, int k, bool before, bool after, Draws& draws) const;
  Slot synonym(int u, int k, Draws& draws) const;

  std::shared_ptr<const RuleBasis> basis_;
  RuleLaw law_;
  mutable std::once_flag marginals_once_;
  mutable std::optional<RuleMarginals> marginals_;
};

}  // namespace tightrope
