// SPDX-License-Identifier: Apache-2.0
// An environment of the generative law: sampling, exact oracle, alternative reports.
#pragma once

#include <memory>

#include "graph/concept_environment.h"
#include "graph/generative_law.h"
#include "graph/generative_oracle.h"
#include "graph/generative_sampler.h"

namespace tightrope {

class GenerativeEnvironment final : public ConceptEnvironment {
 public:
  // The graph has the vocabulary's attributes, spurious ones included, in the same order.
  GenerativeEnvironment(std::shared_ptr<const ConceptGraph> graph,
                        std::shared_ptr<const Vocabulary> vocabulary, GenerativeLaw law,
                        std::vector<double> reward = {});

  void sample(const Stream& stream, std::uint32_t step, std::uint32_t first_row, int count,
              Cases& out) const override;
  // A grammatical finding of probability zero: see GenerativeOracle.
  void oracle(std::span<const float> image, std::span<const Token> tokens,
              OracleTrace& out) const override;
  void oracle_log_prob(std::span<const float> image, std::span<const Token> tokens,
                       std::span<double> log_prob) const override;
  void belief_of_image(std::span<const float> image, std::span<double> belief) const override;
  void joint_of_image(std::span<const float> image, std::span<double> joint) const override;
  Trajectory write(std::span<const float> image, Draws& draws) const override;
  std::vector<double> disease_prior() const override;
  std::vector<double> disease_prior_by_site() const override { return law_.pi; }

  const ConceptGraph& graph() const override { return *graph_; }
  const Vocabulary& vocabulary() const override { return *vocabulary_; }
  AlternativeReport edit(const Cases& cases, int n, int j, Draws& draws) const override;
  AlternativeReport structural(const Cases& cases, int n, int j, Draws& draws) const override;
  std::vector<float> structural_image(const Cases& cases, int n, int j,
                                      Draws& draws) const override;

  const GenerativeLaw& law() const { return law_; }

 private:
  std::shared_ptr<const ConceptGraph> graph_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  GenerativeLaw law_;
  GenerativeSampler sampler_;
  GenerativeOracle oracle_;
};

}  // namespace tightrope
