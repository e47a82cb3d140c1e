// SPDX-License-Identifier: Apache-2.0
// The exact posterior of a rule world along one chain, token by token. Hidden are (u, g); given
// them and the image the slots are independent, and z is a function (with noise) of what was
// written, so
//   P(u, g | v) ~ omega_u P(g | u) prod_k [theta f_1(v_k) + (1 - theta) f_0(v_k)],
//   slot law of k:  P(slot | u, g, v) from alpha = P(a_k = 1 | u, g, v_k)  (report_from: latent)
//                   or from x = f_1 / (f_0 + f_1)                          (report_from: image),
//   next token:     sum_w P(w | prefix) prod_{k0 < i < k} P(silent_i | w) P(slot_k | w),
//   belief:         sum_w P(w | prefix) P(z | g, deciding findings, of which those not yet reached
//   are
//                   summed out with the cap of mentions).
// This equals the mixture over (u, g, h_0, h_1) whose slot laws are restricted to the reported
// values (ours): the restriction is the conditioning on the diagnosis that is undone here by
// summing it out.
#pragma once

#include <span>
#include <vector>

#include "core/api/vocabulary.h"
#include "graph/rule_law.h"

namespace tightrope {

// A walk along one chain. A workspace: begin() may be called again and again.
class RuleOracle {
 public:
  RuleOracle(const RuleLaw& law, const Vocabulary& vocabulary);

  // Sees an image [C]; the chain is <think>.
  void begin(std::span<const float> image);
  // log P*(token | v, what was read); 0 for <answer_now>, which is never drawn; -inf for a
  // diagnosis that the chain rules out. The token must be grammatical.
  double log_prob(Token token);
  // Throws InputError when the grammar forbids the token here.
  void require_allowed(Token token) const;
  // Reads a token; throws InputError when the grammar forbids it. A category, finding or diagnosis
  // of probability zero (a policy may write it) leaves the posterior as it was.
  void read(Token token);
  // P*(next token) [V], P*(z) [Z] as <answer_now> would read it out, P*(u) [U].
  void next_law(std::span<double> law);
  void belief(std::span<double> belief);
  void site(std::span<double> site) const;
  // P*(u, z | v) before a category is read, [U, Z].
  void joint(std::span<double> joint) const;
  // A trajectory from P*(. | v), right after begin(): category and site, then slots given them.
  Trajectory write(Draws& draws) const;

 private:
  enum class Stage { kStart, kChain, kAnswer, kDone };

  void fill_slots(int u, int g, std::vector<SlotLaw>& slot) const;
  double category_weight(int g) const;  // P(g | v)
  void enter_category(int g);
  void read_diagnosis(int z);
  void learn(std::span<const double> likelihood);  // [U]: updates the site posterior
  bool at_cap() const { return state_.mentions >= law_.max_mentions; }
  double silence(int u, int until) const;  // prod of P(silent) over slots next_ .. until-1
  // P(z = second member | site u, category, prefix): the same for every u once the chain is closed.
  double second_member(int u);
  void belief_at_start(std::span<double> belief) const;

  const RuleLaw& law_;
  const Vocabulary& vocabulary_;
  Grammar grammar_;

  Grammar::State state_;
  Stage stage_ = Stage::kStart;
  bool closed_ = false;  // by </think>, as against <answer_now>
  int category_ = -1;
  int next_ = 0;                       // first slot not passed
  std::array<bool, 2> deciding_ = {};  // reported so far
  int written_disease_ = -1;

  std::vector<double> log_odds_;            // [K]
  std::vector<double> weight_;              // [U, G] posterior before the category
  std::vector<double> site_weight_;         // [U] posterior after it
  std::vector<std::vector<SlotLaw>> slot_;  // [U][K] of the category
  std::vector<RuleTable> table_;            // [U] of the category, filled when first asked for
  bool tables_ready_ = false;
};

}  // namespace tightrope
