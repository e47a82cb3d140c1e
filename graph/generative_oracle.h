// SPDX-License-Identifier: Apache-2.0
// The exact posterior of the generative law along a chain. Hidden is h = (u, z); given h and the
// image the attributes are independent, so with f_a the density of a channel,
//   w_h ~ omega_u pi_uz prod_k [theta f_1(v_k) + (1 - theta) f_0(v_k)],
//   alpha_hk = theta f_1 / [theta f_1 + (1 - theta) f_0]   (report_from: image: the reader's x_k
//   instead), present_hk = alpha m+_k,  absent_hk = (1 - alpha) m-_k,  silent_hk = 1 - present_hk -
//   absent_hk, P(k, synonym s | prefix) = sum_h w_h prod_{k0 < i < k} silent_hi present_hk
//   synonym_s[u, k],
// likewise "no k"; </think> closes the product; after each token w_h is multiplied by the token's
// probability under h. At the cap of mentions </think> has probability one and nothing is learnt.
// Weights are kept as logarithms; nothing underflows. Source: ours.
#pragma once

#include <span>
#include <vector>

#include "core/api/vocabulary.h"
#include "core/api/world.h"
#include "graph/generative_law.h"

namespace tightrope {

// A finding that the grammar allows but the law gives probability zero (a policy may write it) has
// log-probability -inf; the posterior behind it is that of the other tokens.
class GenerativeOracle {
 public:
  // Keeps references; both must outlive the oracle.
  GenerativeOracle(const GenerativeLaw& law, const Vocabulary& vocabulary);

  // One row per prefix up to, not including, <eos>. image [C]; tokens start with <think>. Throws
  // InputError at a token that the grammar does not allow.
  void trace(std::span<const double> image, std::span<const Token> tokens, OracleTrace& out) const;
  // out [T]: log P*(y_t | v, y_<t), out[0] = 0, <answer_now> counts 0 (it is forced, never drawn).
  void log_prob(std::span<const double> image, std::span<const Token> tokens,
                std::span<double> out) const;
  // P*(z | v), [Z].
  void belief(std::span<const double> image, std::span<double> out) const;
  // P*(u, z | v), [U, Z].
  void joint(std::span<const double> image, std::span<double> out) const;
  // A trajectory from P*(. | v).
  Trajectory write(std::span<const double> image, Draws& draws) const;

  int hypotheses() const { return law_.sites * law_.diseases; }  // H = U Z
  const GenerativeLaw& law() const { return law_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  const Grammar& grammar() const { return grammar_; }

 private:
  friend class GenerativeChain;

  const GenerativeLaw& law_;
  const Vocabulary& vocabulary_;
  Grammar grammar_;
  std::vector<double> log_prior_;  // [H] log omega_u pi_uz
  std::vector<double> theta_;      // [K, H]: hypotheses contiguous
};

}  // namespace tightrope
