// SPDX-License-Identifier: Apache-2.0
// The law of a rule world as plain arrays. The thinking decides: a category g (an entangled pair or
// a single disease) generates the attributes, a reader reports them, and within a pair the
// diagnosis z is a rule of the *reported* deciding findings. Given the report z does not depend on
// the site u.
//
//   u ~ omega,  g ~ P(g | u),  a_k ~ Bernoulli(theta[u, g, k])
//   v_k = shift_k + signal_k a_k r_k + noise_k eps_k,  r_k = +1 w.p. polarity_k, else -1
//   slot_k ~ P(slot | a_k, u) (report_from: latent) or P(slot | v_k, u) (report_from: image)
//   cap of mentions;  h_i = "deciding finding i of g stands in the report";  z ~ P(z | g, h_0, h_1)
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/api/cases.h"
#include "core/random/stream.h"

namespace tightrope {

// When the second member of a pair is the diagnosis (before the recording noise).
enum class Rule : std::uint8_t {
  kOne,  // h_0
  kAnd,  // h_0 and h_1
  kXor,  // h_0 != h_1
};

// The rule itself; every rule is false when neither finding is reported.
bool rule_holds(Rule rule, bool first, bool second);

// Probabilities of the four slots, indexed by Slot; they sum to 1.
using SlotLaw = std::array<double, 4>;

// A slot by inverse CDF in the order silent, synonym 0, synonym 1, absent; uses one draw.
Slot draw_slot(const SlotLaw& law, Draws& draws);

struct RuleLaw {
  int sites = 0;       // U
  int categories = 0;  // G
  int diseases = 0;    // Z
  int attributes = 0;  // K
  int channels = 0;    // C >= K; channels beyond the attributes hold noise alone
  int max_mentions = 0;
  Rule rule = Rule::kXor;
  bool report_from_image = false;
  double flip = 0;  // probability that the other member of the pair is recorded

  std::vector<std::array<int, 2>> member;    // [G] diseases; {z, -1} for a single disease
  std::vector<std::array<int, 2>> deciding;  // [G] attributes of h_0, h_1; {-1, -1} for a single
  std::vector<int> category_of;              // [Z]

  std::vector<double> omega;            // [U]
  std::vector<double> category;         // [U, G] P(g | u)
  std::vector<double> theta;            // [U, G, K] P(a_k = 1 | u, g)
  std::vector<double> signal;           // [C]
  std::vector<double> shift;            // [C]
  std::vector<double> noise;            // [C] > 0
  std::vector<double> polarity;         // [C]
  std::vector<double> mention_present;  // [K] P(reported | a_k = 1)
  std::vector<double> mention_absent;   // [K] P("no k" | a_k = 0)
  std::vector<double> synonym;          // [U, K] P(synonym 0 | reported)

  bool is_pair(int g) const { return member[g][1] >= 0; }
  double theta_of(int u, int g, int k) const {
    return theta[(static_cast<std::size_t>(u) * categories + g) * attributes + k];
  }
  double synonym_of(int u, int k) const {
    return synonym[static_cast<std::size_t>(u) * attributes + k];
  }

  // log f_1(v) - log f_0(v): evidence of the channel for a_k = 1.
  double log_odds(int k, double v) const;
  // Slots at site u when the attribute is seen as present with probability `present`.
  SlotLaw slots(int u, int k, double present) const;
  // P(z = member[g][1] | g, h_0, h_1).
  double second_member(bool first, bool second) const {
    return rule_holds(rule, first, second) ? 1 - flip : flip;
  }
};

// Whether the deciding findings h_0, h_1 of category g stand in a report [K].
std::array<bool, 2> reported_deciding(const RuleLaw& law, int g, std::span<const Slot> report);

// P(rule holds at the end of the report | the slots before k, r mentions left) for one hypothesis,
// by recursion from the last slot: at r = 0 every later slot is silent. Shapes [K + 1, M + 1].
class RuleTable {
 public:
  // `slot` [K] are the slot laws of the hypothesis; `g` must be a pair.
  void fill(const RuleLaw& law, int g, std::span<const SlotLaw> slot);
  // k: next undecided slot; left: mentions left; `early` whether the deciding finding that comes
  // first in canonical order was reported (read only when it lies before k). For k past the last
  // deciding slot use rule_holds.
  double at(int k, int left, bool early) const {
    return value_[early && k > early_ ? 1 : 0][static_cast<std::size_t>(k) * stride_ + left];
  }

 private:
  int early_ = 0;
  int stride_ = 0;
  std::vector<double> value_[2];
};

}  // namespace tightrope
