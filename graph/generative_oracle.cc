// SPDX-License-Identifier: Apache-2.0
#include "graph/generative_oracle.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "graph/generative_chain.h"

namespace tightrope {
namespace {

void require_start(std::span<const Token> tokens) {
  TR_REQUIRE(!tokens.empty() && tokens[0] == Vocabulary::think(),
             "a trajectory must start with <think>");
}

}  // namespace

GenerativeOracle::GenerativeOracle(const GenerativeLaw& law, const Vocabulary& vocabulary)
    : law_(law), vocabulary_(vocabulary), grammar_(vocabulary, law.max_mentions) {
  law.check_shapes();
  TR_CHECK(vocabulary.attributes() == law.attributes && vocabulary.diseases() == law.diseases &&
               vocabulary.categories() == 0,
           "vocabulary of {} diseases, {} attributes, {} categories", vocabulary.diseases(),
           vocabulary.attributes(), vocabulary.categories());
  const int count = hypotheses();
  log_prior_.resize(count);
  theta_.resize(static_cast<std::size_t>(count) * law.attributes);
  for (int h = 0; h < count; ++h) {
    const int u = h / law.diseases;
    log_prior_[h] = std::log(law.omega[u]) + std::log(law.pi[h]);
    for (int k = 0; k < law.attributes; ++k) {
      theta_[static_cast<std::size_t>(k) * count + h] = law.theta_at(u, h % law.diseases, k);
    }
  }
}

void GenerativeOracle::trace(std::span<const double> image, std::span<const Token> tokens,
                             OracleTrace& out) const {
  require_start(tokens);
  const bool ended = tokens.back() == Vocabulary::end_of_sequence();
  const std::size_t rows = tokens.size() - (ended ? 1 : 0);
  out.vocabulary = vocabulary_.size();
  out.diseases = law_.diseases;
  out.sites = law_.sites;
  out.law.resize(rows * out.vocabulary);
  out.belief.resize(rows * out.diseases);
  out.site.resize(rows * out.sites);
  GenerativeChain chain(*this, image);
  for (std::size_t j = 0; j < tokens.size(); ++j) {
    if (j > 0) chain.read(tokens[j]);
    if (j == rows) break;
    chain.law(std::span(out.law).subspan(j * out.vocabulary, out.vocabulary));
    chain.belief(std::span(out.belief).subspan(j * out.diseases, out.diseases));
    chain.site(std::span(out.site).subspan(j * out.sites, out.sites));
  }
}

void GenerativeOracle::log_prob(std::span<const double> image, std::span<const Token> tokens,
                                std::span<double> out) const {
  require_start(tokens);
  TR_CHECK(out.size() == tokens.size(), "{} entries for {} tokens", out.size(), tokens.size());
  GenerativeChain chain(*this, image);
  out[0] = 0;
  for (std::size_t t = 1; t < tokens.size(); ++t) out[t] = chain.read(tokens[t]);
}

void GenerativeOracle::belief(std::span<const double> image, std::span<double> out) const {
  GenerativeChain(*this, image).belief(out);
}

void GenerativeOracle::joint(std::span<const double> image, std::span<double> out) const {
  GenerativeChain(*this, image).joint(out);
}

Trajectory GenerativeOracle::write(std::span<const double> image, Draws& draws) const {
  return GenerativeChain(*this, image).write(draws);
}

}  // namespace tightrope
