// SPDX-License-Identifier: Apache-2.0
#include "graph/rule_oracle.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {

RuleOracle::RuleOracle(const RuleLaw& law, const Vocabulary& vocabulary)
    : law_(law),
      vocabulary_(vocabulary),
      grammar_(vocabulary, law.max_mentions),
      log_odds_(law.attributes),
      weight_(static_cast<std::size_t>(law.sites) * law.categories),
      site_weight_(law.sites),
      slot_(law.sites, std::vector<SlotLaw>(law.attributes)),
      table_(law.sites) {}

void RuleOracle::begin(std::span<const float> image) {
  TR_REQUIRE(static_cast<int>(image.size()) == law_.channels, "image has {} channels, the world {}",
             image.size(), law_.channels);
  state_ = Grammar::start();
  stage_ = Stage::kStart;
  closed_ = tables_ready_ = false;
  category_ = written_disease_ = -1;
  next_ = 0;
  deciding_ = {};
  double base = 0;  // every hypothesis' likelihood is divided by prod_k max(f_0, f_1)
  std::vector<double> present(law_.attributes);
  std::vector<double> absent(law_.attributes);
  for (int k = 0; k < law_.attributes; ++k) {
    const double odds = log_odds_[k] = law_.log_odds(k, image[k]);
    present[k] = odds >= 0 ? 1 : std::exp(odds);
    absent[k] = odds >= 0 ? std::exp(-odds) : 1;
    base = std::max(base, std::abs(odds));
  }
  const int block = base > 80 ? 1 : 8;  // how many factors fit into a double without underflow
  for (int u = 0; u < law_.sites; ++u) {
    for (int g = 0; g < law_.categories; ++g) {
      const std::size_t w = static_cast<std::size_t>(u) * law_.categories + g;
      const double* theta = law_.theta.data() + w * law_.attributes;
      double log_weight = std::log(law_.omega[u] * law_.category[w]);
      double product = 1;
      for (int k = 0; k < law_.attributes; ++k) {
        product *= theta[k] * present[k] + (1 - theta[k]) * absent[k];
        if (k % block == block - 1) {
          log_weight += std::log(product);
          product = 1;
        }
      }
      weight_[w] = log_weight + std::log(product);
    }
  }
  const double total = log_sum_exp(weight_);
  TR_REQUIRE(std::isfinite(total), "the image has probability zero in this environment");
  for (double& weight : weight_) weight = std::exp(weight - total);
}

void RuleOracle::fill_slots(int u, int g, std::vector<SlotLaw>& slot) const {
  for (int k = 0; k < law_.attributes; ++k) {
    double present = sigmoid(log_odds_[k]);
    if (!law_.report_from_image) {
      const double prior = law_.theta_of(u, g, k);
      const double joint = prior * present;
      const double total = joint + (1 - prior) * (1 - present);
      present = total > 0 ? joint / total : prior;
    }
    slot[k] = law_.slots(u, k, present);
  }
}

void RuleOracle::enter_category(int g) {
  category_ = g;
  if (category_weight(g) > 0) {
    for (int u = 0; u < law_.sites; ++u) {
      site_weight_[u] = weight_[static_cast<std::size_t>(u) * law_.categories + g];
    }
  } else {
    site_weight_ = law_.omega;
  }
  learn(std::vector<double>(law_.sites, 1.0));
  for (int u = 0; u < law_.sites; ++u) fill_slots(u, g, slot_[u]);
}

double RuleOracle::category_weight(int g) const {
  double total = 0;
  for (int u = 0; u < law_.sites; ++u) {
    total += weight_[static_cast<std::size_t>(u) * law_.categories + g];
  }
  return total;
}

void RuleOracle::learn(std::span<const double> likelihood) {
  double total = 0;
  for (int u = 0; u < law_.sites; ++u) total += site_weight_[u] * likelihood[u];
  if (total <= 0) return;  // impossible tokens teach nothing
  for (int u = 0; u < law_.sites; ++u) site_weight_[u] *= likelihood[u] / total;
}

double RuleOracle::silence(int u, int until) const {
  double product = 1;
  for (int k = next_; k < until; ++k) product *= slot_[u][k][0];
  return product;
}

double RuleOracle::log_prob(Token token) {
  if (token == Vocabulary::answer_now()) return 0;
  if (stage_ == Stage::kDone) return token == Vocabulary::end_of_sequence() ? 0 : kNegativeInfinity;
  double p = 0;
  if (stage_ == Stage::kAnswer) {
    std::vector<double> answer(law_.diseases);
    belief(answer);
    p = answer[vocabulary_.disease_of(token)];
  } else if (stage_ == Stage::kStart) {
    p = category_weight(vocabulary_.category_of(token));
  } else if (token == vocabulary_.end_think()) {
    if (at_cap()) return 0;
    for (int u = 0; u < law_.sites; ++u) p += site_weight_[u] * silence(u, law_.attributes);
  } else {
    const int k = vocabulary_.attribute_of(token);
    const int slot = static_cast<int>(vocabulary_.slot_of(token));
    for (int u = 0; u < law_.sites; ++u) p += site_weight_[u] * silence(u, k) * slot_[u][k][slot];
  }
  return std::log(p);
}

void RuleOracle::require_allowed(Token token) const {
  const bool answer_now = token == Vocabulary::answer_now();
  const bool open = stage_ == Stage::kStart || stage_ == Stage::kChain;
  TR_REQUIRE(token >= 0 && token < vocabulary_.size(), "token {} of {}", token, vocabulary_.size());
  TR_REQUIRE((answer_now && open) || grammar_.grammatical(state_).contains(token),
             "token \"{}\" cannot follow \"{}\"", vocabulary_.name(token),
             vocabulary_.name(state_.last));
}

void RuleOracle::read(Token token) {
  require_allowed(token);
  const bool answer_now = token == Vocabulary::answer_now();
  const bool full = at_cap();
  state_ = grammar_.next(state_, token);
  if (vocabulary_.is_category(token)) {
    stage_ = Stage::kChain;
    enter_category(vocabulary_.category_of(token));
  } else if (vocabulary_.is_finding(token)) {
    const int k = vocabulary_.attribute_of(token);
    const Slot slot = vocabulary_.slot_of(token);
    std::vector<double> likelihood(law_.sites);
    for (int u = 0; u < law_.sites; ++u) {
      likelihood[u] = silence(u, k) * slot_[u][k][static_cast<int>(slot)];
    }
    learn(likelihood);
    next_ = k + 1;
    for (int i = 0; i < 2; ++i) {
      if (law_.deciding[category_][i] == k) deciding_[i] = slot != Slot::kAbsent;
    }
  } else if (token == vocabulary_.end_think()) {
    if (!full) {  // at the cap the token was certain and tells nothing
      std::vector<double> likelihood(law_.sites);
      for (int u = 0; u < law_.sites; ++u) likelihood[u] = silence(u, law_.attributes);
      learn(likelihood);
    }
    closed_ = true;
    stage_ = Stage::kAnswer;
  } else if (answer_now) {
    stage_ = Stage::kAnswer;
  } else if (vocabulary_.is_disease(token)) {
    read_diagnosis(vocabulary_.disease_of(token));
  }
}

void RuleOracle::read_diagnosis(int z) {
  const int g = law_.category_of[z];
  if (category_ < 0) enter_category(g);
  if (g == category_ && law_.is_pair(g)) {  // else z is certain, or ruled out by the chain
    std::vector<double> likelihood(law_.sites);
    for (int u = 0; u < law_.sites; ++u) {
      const double second = second_member(u);
      likelihood[u] = z == law_.member[g][1] ? second : 1 - second;
    }
    learn(likelihood);
  }
  written_disease_ = z;
  stage_ = Stage::kDone;
}

double RuleOracle::second_member(int u) {
  const std::array<int, 2> d = law_.deciding[category_];
  const int left = law_.max_mentions - state_.mentions;
  if (closed_ || left == 0 || next_ > std::max(d[0], d[1])) {
    return law_.second_member(deciding_[0], deciding_[1]);
  }
  if (!tables_ready_) {
    for (int w = 0; w < law_.sites; ++w) table_[w].fill(law_, category_, slot_[w]);
    tables_ready_ = true;
  }
  const double holds = table_[u].at(next_, left, deciding_[d[0] < d[1] ? 0 : 1]);
  return holds * (1 - law_.flip) + (1 - holds) * law_.flip;
}

void RuleOracle::joint(std::span<double> joint) const {
  TR_CHECK(category_ < 0, "a chain that was begun");
  std::fill(joint.begin(), joint.end(), 0.0);
  std::vector<SlotLaw> slot(law_.attributes);
  RuleTable table;
  for (int u = 0; u < law_.sites; ++u) {
    const std::span<double> row =
        joint.subspan(static_cast<std::size_t>(u) * law_.diseases, law_.diseases);
    for (int g = 0; g < law_.categories; ++g) {
      const double weight = weight_[static_cast<std::size_t>(u) * law_.categories + g];
      double second = 0;
      if (law_.is_pair(g)) {
        fill_slots(u, g, slot);
        table.fill(law_, g, slot);
        const double holds = table.at(0, law_.max_mentions, false);
        second = holds * (1 - law_.flip) + (1 - holds) * law_.flip;
        row[law_.member[g][1]] += weight * second;
      }
      row[law_.member[g][0]] += weight * (1 - second);
    }
  }
}

void RuleOracle::belief_at_start(std::span<double> belief) const {
  std::vector<double> both(static_cast<std::size_t>(law_.sites) * law_.diseases);
  joint(both);
  for (std::size_t i = 0; i < both.size(); ++i) belief[i % law_.diseases] += both[i];
}

void RuleOracle::belief(std::span<double> belief) {
  std::fill(belief.begin(), belief.end(), 0.0);
  if (written_disease_ >= 0) {
    belief[written_disease_] = 1;
  } else if (category_ < 0) {
    belief_at_start(belief);
  } else if (!law_.is_pair(category_)) {
    belief[law_.member[category_][0]] = 1;
  } else {
    double second = 0;
    for (int u = 0; u < law_.sites; ++u) second += site_weight_[u] * second_member(u);
    belief[law_.member[category_][1]] = second;
    belief[law_.member[category_][0]] = 1 - second;
  }
}

void RuleOracle::site(std::span<double> site) const {
  for (int u = 0; u < law_.sites; ++u) {
    site[u] = category_ >= 0 ? site_weight_[u] : 0;
    for (int g = 0; g < law_.categories && category_ < 0; ++g) {
      site[u] += weight_[static_cast<std::size_t>(u) * law_.categories + g];
    }
  }
}

void RuleOracle::next_law(std::span<double> law) {
  std::fill(law.begin(), law.end(), 0.0);
  if (stage_ == Stage::kDone) {
    law[Vocabulary::end_of_sequence()] = 1;
  } else if (stage_ == Stage::kAnswer) {
    belief(law.subspan(vocabulary_.first_disease(), law_.diseases));
  } else if (stage_ == Stage::kStart) {
    for (int g = 0; g < law_.categories; ++g) law[vocabulary_.category(g)] = category_weight(g);
  } else if (at_cap()) {
    law[vocabulary_.end_think()] = 1;
  } else {
    for (int u = 0; u < law_.sites; ++u) {
      double reach = site_weight_[u];
      for (int k = next_; k < law_.attributes; ++k) {
        const SlotLaw& p = slot_[u][k];
        double* out = law.data() + vocabulary_.finding(k, Slot::kSynonym0);
        for (int s = 1; s < 4; ++s) out[s - 1] += reach * p[s];
        reach *= p[0];
      }
      law[vocabulary_.end_think()] += reach;
    }
  }
}

Trajectory RuleOracle::write(Draws& draws) const {
  TR_CHECK(stage_ == Stage::kStart, "a chain that was begun");
  const int w = draws.categorical(weight_);
  const int u = w / law_.categories;
  const int g = w % law_.categories;
  std::vector<SlotLaw> law(law_.attributes);
  fill_slots(u, g, law);
  std::vector<Slot> report(law_.attributes);
  for (int k = 0; k < law_.attributes; ++k) report[k] = draw_slot(law[k], draws);
  cap_mentions(report, law_.max_mentions);
  int member = 0;
  if (law_.is_pair(g)) {
    const auto [first, second] = reported_deciding(law_, g, report);
    member = draws.bernoulli(law_.second_member(first, second)) ? 1 : 0;
  }
  return make_trajectory(vocabulary_, report, g, law_.member[g][member]);
}

}  // namespace tightrope
