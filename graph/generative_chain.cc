// SPDX-License-Identifier: Apache-2.0
#include "graph/generative_chain.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"

namespace tightrope {
namespace {

// Below this a running product is moved into its logarithm; factors themselves are above 1e-90
// (larger log-odds take the logarithmic path), so that a product never falls below 1e-240.
constexpr double kFlushBelow = 1e-150;
constexpr double kLargeLogOdds = 200;

}  // namespace

void LogProduct::times(const double* factors) {
  const int count = static_cast<int>(product_.size());
  double smallest = 1;
  for (int h = 0; h < count; ++h) {
    product_[h] *= factors[h];
    smallest = std::min(smallest, product_[h]);
  }
  if (smallest < kFlushBelow) flush();
}

void LogProduct::flush() {
  for (std::size_t h = 0; h < product_.size(); ++h) {
    if (product_[h] != 1) log_[h] += std::log(product_[h]);
    product_[h] = 1;
  }
}

std::span<const double> LogProduct::logs() {
  flush();
  return log_;
}

void LogProduct::reset() {
  std::fill(log_.begin(), log_.end(), 0.0);
  std::fill(product_.begin(), product_.end(), 1.0);
}

GenerativeChain::GenerativeChain(const GenerativeOracle& oracle, std::span<const double> image)
    : oracle_(oracle),
      law_(oracle.law()),
      hypotheses_(oracle.hypotheses()),
      stride_(static_cast<std::size_t>(oracle.hypotheses())),
      slots_(std::make_unique_for_overwrite<double[]>(stride_ * 3 * law_.attributes)),
      weight_(stride_),
      product_(oracle.hypotheses()) {
  TR_CHECK(static_cast<int>(image.size()) == law_.channels, "image of {} channels, {} expected",
           image.size(), law_.channels);
  see(image);
}

void GenerativeChain::see(std::span<const double> image) {
  std::vector<double> likelihood(stride_);
  std::vector<double> alpha(stride_);
  std::vector<double> not_alpha(stride_);
  for (int k = 0; k < law_.attributes; ++k) {
    const double log_odds = law_.log_density(k, 1, image[k]) - law_.log_density(k, 0, image[k]);
    if (std::abs(log_odds) > kLargeLogOdds) {
      see_clear_channel(k, log_odds, product_);
    } else {
      const double f1 = log_odds < 0 ? std::exp(log_odds) : 1.0;
      const double f0 = log_odds < 0 ? 1.0 : std::exp(-log_odds);
      const double* theta = oracle_.theta_.data() + stride_ * k;
      for (int h = 0; h < hypotheses_; ++h) {
        const double there = theta[h] * f1;
        const double gone = (1 - theta[h]) * f0;
        likelihood[h] = there + gone;
        alpha[h] = there / likelihood[h];
        not_alpha[h] = gone / likelihood[h];
      }
      product_.times(likelihood.data());
      set_slots(k, alpha.data(), not_alpha.data());
    }
    if (law_.report_from == ReportFrom::kImage) {
      const double x = sigmoid(log_odds);
      std::fill(alpha.begin(), alpha.end(), x);
      std::fill(not_alpha.begin(), not_alpha.end(), sigmoid(-log_odds));
      set_slots(k, alpha.data(), not_alpha.data());
    }
  }
  const std::span<const double> evidence = product_.logs();
  log_weight_ = oracle_.log_prior_;
  for (int h = 0; h < hypotheses_; ++h) log_weight_[h] += evidence[h];
  weights();
}

// The same for a channel so clear that densities would underflow.
void GenerativeChain::see_clear_channel(int k, double log_odds, LogProduct& evidence) {
  std::vector<double> alpha(stride_);
  std::vector<double> not_alpha(stride_);
  const double* theta = oracle_.theta_.data() + stride_ * k;
  for (int h = 0; h < hypotheses_; ++h) {
    const double there = std::log(theta[h]) + std::min(log_odds, 0.0);
    const double gone = std::log1p(-theta[h]) - std::max(log_odds, 0.0);
    const double both[] = {there, gone};
    const double total = log_sum_exp(both);
    evidence.times_log(h, total);
    alpha[h] = std::exp(there - total);
    not_alpha[h] = std::exp(gone - total);
  }
  set_slots(k, alpha.data(), not_alpha.data());
}

void GenerativeChain::set_slots(int k, const double* alpha, const double* not_alpha) {
  const double m1 = law_.mention_present[k];
  const double m0 = law_.mention_absent[k];
  double* present = row(k, 0);
  double* absent = row(k, 1);
  double* silent = row(k, 2);
  for (int h = 0; h < hypotheses_; ++h) {
    present[h] = alpha[h] * m1;
    absent[h] = not_alpha[h] * m0;
    silent[h] = alpha[h] * (1 - m1) + not_alpha[h] * (1 - m0);
  }
}

void GenerativeChain::weights() {
  const double top = *std::max_element(log_weight_.begin(), log_weight_.end());
  TR_CHECK(std::isfinite(top), "no hypothesis has a finite weight");
  double sum = 0;
  for (int h = 0; h < hypotheses_; ++h) {
    weight_[h] = std::exp(log_weight_[h] - top);
    sum += weight_[h];
  }
  for (double& weight : weight_) weight /= sum;
}

double GenerativeChain::condition(std::span<const double> log_likelihood) {
  std::vector<double> conditioned(log_weight_);
  for (int h = 0; h < hypotheses_; ++h) conditioned[h] += log_likelihood[h];
  const double before = log_sum_exp(log_weight_);
  const double after = log_sum_exp(conditioned);
  if (!std::isfinite(after)) return kNegativeInfinity;  // a null event teaches nothing
  log_weight_ = std::move(conditioned);
  weights();
  return std::min(after - before, 0.0);
}

double GenerativeChain::read_finding(int k, Slot slot) {
  product_.reset();
  for (int i = next_; i < k; ++i) product_.times(silent(i));
  product_.times(slot == Slot::kAbsent ? absent(k) : present(k));
  std::vector<double> likelihood(product_.logs().begin(), product_.logs().end());
  for (int u = 0; slot != Slot::kAbsent && u < law_.sites; ++u) {
    const double first = law_.synonym_at(u, k);
    const double log_synonym = std::log(slot == Slot::kSynonym0 ? first : 1 - first);
    for (int z = 0; z < law_.diseases; ++z) likelihood[u * law_.diseases + z] += log_synonym;
  }
  next_ = k + 1;
  return condition(likelihood);
}

double GenerativeChain::read_end() {
  if (state_.mentions >= law_.max_mentions) return 0;
  product_.reset();
  for (int i = next_; i < law_.attributes; ++i) product_.times(silent(i));
  return condition(product_.logs());
}

double GenerativeChain::read_disease(int z) {
  std::vector<double> likelihood(stride_, kNegativeInfinity);
  for (int u = 0; u < law_.sites; ++u) likelihood[u * law_.diseases + z] = 0;
  answered_ = true;
  return condition(likelihood);
}

double GenerativeChain::read(Token token) {
  const Vocabulary& vocabulary = oracle_.vocabulary();
  const TokenRange range = oracle_.grammar().grammatical(state_);
  const bool chain = !answered_ && range.contains(vocabulary.end_think());
  const bool allowed = (range.contains(token) && !(answered_ && range.size() > 1)) ||
                       (chain && token == Vocabulary::answer_now());
  TR_REQUIRE(
      allowed, "token {} is not allowed after {}",
      token >= 0 && token < vocabulary.size() ? vocabulary.name(token) : std::to_string(token),
      vocabulary.name(state_.last));
  double log_prob = 0;
  if (vocabulary.is_finding(token)) {
    log_prob = read_finding(vocabulary.attribute_of(token), vocabulary.slot_of(token));
  } else if (token == vocabulary.end_think()) {
    log_prob = read_end();
  } else if (vocabulary.is_disease(token)) {
    log_prob = read_disease(vocabulary.disease_of(token));
  }
  state_ = oracle_.grammar().next(state_, token);
  return log_prob;
}

void GenerativeChain::findings_law(std::span<double> out) const {
  const Vocabulary& vocabulary = oracle_.vocabulary();
  std::vector<double> survives(weight_);
  for (int k = next_; k < law_.attributes; ++k) {
    const double* there = present(k);
    const double* gone = absent(k);
    const double* quiet = silent(k);
    double* token = &out[vocabulary.finding(k, Slot::kSynonym0)];
    for (int u = 0, h = 0; u < law_.sites; ++u) {
      double p = 0;
      double a = 0;
      for (int z = 0; z < law_.diseases; ++z, ++h) {
        p += survives[h] * there[h];
        a += survives[h] * gone[h];
        survives[h] *= quiet[h];
      }
      const double first = law_.synonym_at(u, k);
      token[0] += p * first;
      token[1] += p * (1 - first);
      token[2] += a;
    }
  }
  double end = 0;
  for (double weight : survives) end += weight;
  out[vocabulary.end_think()] = end;
}

void GenerativeChain::law(std::span<double> out) const {
  const Vocabulary& vocabulary = oracle_.vocabulary();
  std::fill(out.begin(), out.end(), 0.0);
  if (answered_) {
    out[Vocabulary::end_of_sequence()] = 1;
  } else if (state_.last == vocabulary.end_think() || state_.last == Vocabulary::answer_now()) {
    belief(out.subspan(vocabulary.first_disease(), law_.diseases));
  } else if (state_.mentions >= law_.max_mentions) {
    out[vocabulary.end_think()] = 1;
  } else {
    findings_law(out);
  }
}

void GenerativeChain::belief(std::span<double> out) const {
  std::fill(out.begin(), out.end(), 0.0);
  for (int h = 0; h < hypotheses_; ++h) out[h % law_.diseases] += weight_[h];
}

void GenerativeChain::joint(std::span<double> out) const {
  std::copy(weight_.begin(), weight_.end(), out.begin());
}

void GenerativeChain::site(std::span<double> out) const {
  std::fill(out.begin(), out.end(), 0.0);
  for (int h = 0; h < hypotheses_; ++h) out[h / law_.diseases] += weight_[h];
}

Trajectory GenerativeChain::write(Draws& draws) const {
  TR_CHECK(state_.last == Vocabulary::think(), "a chain that was begun");
  const int h = draws.categorical(weight_);
  const int u = h / law_.diseases;
  std::vector<Slot> report(law_.attributes);
  for (int k = 0; k < law_.attributes; ++k) {
    const double r = draws.uniform();
    const double there = present(k)[h];
    report[k] = r < there * law_.synonym_at(u, k) ? Slot::kSynonym0
                : r < there                       ? Slot::kSynonym1
                : r < there + absent(k)[h]        ? Slot::kAbsent
                                                  : Slot::kSilent;
  }
  cap_mentions(report, law_.max_mentions);
  return make_trajectory(oracle_.vocabulary(), report, -1, h % law_.diseases);
}

}  // namespace tightrope
