// SPDX-License-Identifier: Apache-2.0
#include "graph/generative_environment.h"

#include <utility>

#include "core/base/check.h"
#include "graph/generative_alternatives.h"

namespace tightrope {
namespace {

std::vector<double> widened(std::span<const float> image) { return {image.begin(), image.end()}; }

}  // namespace

GenerativeEnvironment::GenerativeEnvironment(std::shared_ptr<const ConceptGraph> graph,
                                             std::shared_ptr<const Vocabulary> vocabulary,
                                             GenerativeLaw law, std::vector<double> reward)
    : ConceptEnvironment(std::move(reward)),
      graph_(std::move(graph)),
      vocabulary_(std::move(vocabulary)),
      law_(std::move(law)),
      sampler_(law_),
      oracle_(law_, *vocabulary_) {
  TR_CHECK(graph_->attributes() == law_.attributes && graph_->diseases() == law_.diseases,
           "graph of {} x {}, law of {} x {}", graph_->diseases(), graph_->attributes(),
           law_.diseases, law_.attributes);
}

void GenerativeEnvironment::sample(const Stream& stream, std::uint32_t step,
                                   std::uint32_t first_row, int count, Cases& out) const {
  out.resize(count, law_.attributes, law_.channels);
  for (int r = 0; r < count; ++r) sampler_.draw(stream.at(step, first_row + r), r, out);
}

void GenerativeEnvironment::oracle(std::span<const float> image, std::span<const Token> tokens,
                                   OracleTrace& out) const {
  oracle_.trace(widened(image), tokens, out);
}

void GenerativeEnvironment::oracle_log_prob(std::span<const float> image,
                                            std::span<const Token> tokens,
                                            std::span<double> log_prob) const {
  oracle_.log_prob(widened(image), tokens, log_prob);
}

void GenerativeEnvironment::belief_of_image(std::span<const float> image,
                                            std::span<double> belief) const {
  oracle_.belief(widened(image), belief);
}

void GenerativeEnvironment::joint_of_image(std::span<const float> image,
                                           std::span<double> joint) const {
  oracle_.joint(widened(image), joint);
}

Trajectory GenerativeEnvironment::write(std::span<const float> image, Draws& draws) const {
  return oracle_.write(widened(image), draws);
}

std::vector<double> GenerativeEnvironment::disease_prior() const {
  std::vector<double> out(law_.diseases, 0.0);
  for (int u = 0; u < law_.sites; ++u) {
    for (int z = 0; z < law_.diseases; ++z) out[z] += law_.omega[u] * law_.pi_at(u, z);
  }
  return out;
}

AlternativeReport GenerativeEnvironment::edit(const Cases& cases, int n, int j,
                                              Draws& draws) const {
  return edit_report(law_, *graph_, cases, n, j, draws);
}

AlternativeReport GenerativeEnvironment::structural(const Cases& cases, int n, int j,
                                                    Draws& draws) const {
  return structural_report(law_, sampler_, cases, n, j, draws);
}

std::vector<float> GenerativeEnvironment::structural_image(const Cases& cases, int n, int j,
                                                           Draws& draws) const {
  return tightrope::structural_image(law_, cases, n, j, draws);
}

}  // namespace tightrope
