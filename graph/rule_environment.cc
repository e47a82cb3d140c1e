// SPDX-License-Identifier: Apache-2.0
#include "graph/rule_environment.h"

#include "core/base/check.h"
#include "core/base/math.h"
#include "graph/rule_oracle.h"

namespace tightrope {

RuleEnvironment::RuleEnvironment(std::shared_ptr<const RuleBasis> basis, RuleLaw law,
                                 std::vector<double> reward)
    : ConceptEnvironment(std::move(reward)), basis_(std::move(basis)), law_(std::move(law)) {}

const RuleMarginals& RuleEnvironment::marginals() const {
  std::call_once(marginals_once_, [this] { marginals_.emplace(law_); });
  return *marginals_;
}

void RuleEnvironment::sample(const Stream& stream, std::uint32_t step, std::uint32_t first_row,
                             int count, Cases& out) const {
  out.resize(count, law_.attributes, law_.channels);
  for (int n = 0; n < count; ++n) {
    sample_case(stream.at(step, first_row + static_cast<std::uint32_t>(n)), n, out);
  }
}

void RuleEnvironment::sample_case(Draws draws, int n, Cases& out) const {
  const int u = draws.categorical(law_.omega);
  const int g = draws.categorical(
      std::span(law_.category)
          .subspan(static_cast<std::size_t>(u) * law_.categories, law_.categories));
  const std::span<std::uint8_t> attribute = out.attributes_of(n);
  const std::span<float> image = out.image_of(n);
  const std::span<Slot> report = out.report_of(n);
  for (int k = 0; k < law_.attributes; ++k) {
    const bool present = draws.bernoulli(law_.theta_of(u, g, k));
    const double sign = draws.bernoulli(law_.polarity[k]) ? 1 : -1;
    attribute[k] = present ? 1 : 0;
    image[k] = static_cast<float>(law_.shift[k] + (present ? sign * law_.signal[k] : 0) +
                                  law_.noise[k] * draws.normal());
    const double seen =
        law_.report_from_image ? sigmoid(law_.log_odds(k, image[k])) : static_cast<double>(present);
    report[k] = draw_slot(law_.slots(u, k, seen), draws);
  }
  for (int c = law_.attributes; c < law_.channels; ++c) {
    image[c] = static_cast<float>(law_.shift[c] + law_.noise[c] * draws.normal());
  }
  cap_mentions(report, law_.max_mentions);
  int member = 0;
  if (law_.is_pair(g)) {
    const auto [first, second] = reported_deciding(law_, g, report);
    member = draws.bernoulli(law_.second_member(first, second)) ? 1 : 0;
  }
  out.site[n] = u;
  out.category[n] = g;
  out.disease[n] = law_.member[g][member];
}

void RuleEnvironment::oracle(std::span<const float> image, std::span<const Token> tokens,
                             OracleTrace& out) const {
  TR_REQUIRE(!tokens.empty() && tokens[0] == Vocabulary::think(), "a chain starts with <think>");
  const std::size_t V = basis_->vocabulary.size();
  const std::size_t Z = law_.diseases;
  const std::size_t U = law_.sites;
  out.vocabulary = static_cast<int>(V);
  out.diseases = law_.diseases;
  out.sites = law_.sites;
  const bool ended = tokens.back() == Vocabulary::end_of_sequence();
  const std::size_t rows = tokens.size() - (ended ? 1 : 0);
  out.law.resize(rows * V);
  out.belief.resize(rows * Z);
  out.site.resize(rows * U);
  RuleOracle walk(law_, basis_->vocabulary);
  walk.begin(image);
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    if (t > 0) walk.read(tokens[t]);
    if (t == rows) break;
    walk.next_law(std::span(out.law).subspan(t * V, V));
    walk.belief(std::span(out.belief).subspan(t * Z, Z));
    walk.site(std::span(out.site).subspan(t * U, U));
  }
}

void RuleEnvironment::oracle_log_prob(std::span<const float> image, std::span<const Token> tokens,
                                      std::span<double> log_prob) const {
  TR_REQUIRE(!tokens.empty() && tokens[0] == Vocabulary::think(), "a chain starts with <think>");
  TR_CHECK(log_prob.size() == tokens.size(), "{} for {} tokens", log_prob.size(), tokens.size());
  RuleOracle walk(law_, basis_->vocabulary);
  walk.begin(image);
  log_prob[0] = 0;
  for (std::size_t t = 1; t < tokens.size(); ++t) {
    walk.require_allowed(tokens[t]);
    log_prob[t] = walk.log_prob(tokens[t]);
    if (t + 1 < tokens.size()) walk.read(tokens[t]);
  }
}

void RuleEnvironment::belief_of_image(std::span<const float> image,
                                      std::span<double> belief) const {
  RuleOracle walk(law_, basis_->vocabulary);
  walk.begin(image);
  walk.belief(belief);
}

void RuleEnvironment::joint_of_image(std::span<const float> image, std::span<double> joint) const {
  RuleOracle walk(law_, basis_->vocabulary);
  walk.begin(image);
  walk.joint(joint);
}

Trajectory RuleEnvironment::write(std::span<const float> image, Draws& draws) const {
  RuleOracle walk(law_, basis_->vocabulary);
  walk.begin(image);
  return walk.write(draws);
}

std::vector<double> RuleEnvironment::disease_prior_by_site() const {
  return marginals().disease_by_site();
}

std::vector<double> RuleEnvironment::disease_prior() const {
  const std::vector<double>& by_site = marginals().disease_by_site();
  std::vector<double> out(law_.diseases, 0.0);
  for (int u = 0; u < law_.sites; ++u) {
    for (int z = 0; z < law_.diseases; ++z) {
      out[z] += law_.omega[u] * by_site[static_cast<std::size_t>(u) * law_.diseases + z];
    }
  }
  return out;
}

}  // namespace tightrope
