// SPDX-License-Identifier: Apache-2.0
// Autonomous preference optimization (arXiv 2510.04142): the factual trajectory against N
// alternatives by the Plackett-Luce model. With d = log pi - log ref of a trajectory, w the
// factual one and 1 .. N the others,
//
//   best   L = (1 / cases) sum -log [ exp(beta d_w) / (exp(beta d_w) + sum_k exp(beta d_k)) ]
//   full   the same term for every suffix of the ranking w, 1, 2, .. N
//
// plus rpo_alpha times the chosen side's likelihood term. N = 1 is DPO. Not the anchored losses
// apo_zero and apo_down of arXiv 2408.06266. Draws nothing.
#include <algorithm>
#include <cmath>

#include "core/base/math.h"
#include "optimizers/preference.h"

namespace tightrope {
namespace {

class Apo final : public Optimizer {
 public:
  struct Params {
    double beta = 0.1;
    double rpo_alpha = 0;
    std::int64_t negatives = 7;
    std::string ranking = "best";
  };

  static Schema<Params> schema();
  explicit Apo(const Params& params) : p_(params) {}

  TrajectoryKind trajectories() const override { return TrajectoryKind::kPair; }
  bool needs_reference() const override { return true; }
  int negatives() const override { return static_cast<int>(p_.negatives); }
  // rewards/rejected is the mean over alternatives, rewards/rejected_k that of the k-th,
  // rewards/rejected_max the largest, which rewards/accuracies compares with. pl/weight_k: softmax
  // of the rewards at the k-th (0: the factual one), pl/entropy its entropy, nat.
  std::vector<std::string> metrics() const override {
    std::vector<std::string> names = preference_metrics();
    names.push_back("rewards/rejected_max");
    names.push_back("pl/entropy");
    for (int k = 0; k <= negatives(); ++k) {
      if (k > 0) names.push_back("rewards/rejected_" + std::to_string(k));
      names.push_back("pl/weight_" + std::to_string(k));
    }
    return names;
  }

  void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
            MetricSums& metrics) const override {
    const double weight = totals.cases > 0 ? 1.0 / totals.cases : 0.0;
    PreferenceTally tally;
    for (int c = 0; c < group.cases(); ++c) {
      std::vector<TrajectoryView> views;
      std::vector<SequenceSum> sums;
      std::vector<double> rewards;
      for (int n = group.group_begin[c]; n < group.group_begin[c + 1]; ++n) {
        views.push_back(trajectory_of(group, gradient, n - group.group_begin[0]));
        sums.push_back(sum_scored(views.back()));
        rewards.push_back(p_.beta * sums.back().ratio());
      }
      const std::size_t terms = p_.ranking == "best" ? 1 : rewards.size() - 1;
      for (std::size_t first = 0; first < terms; ++first) {
        add_choice(views, rewards, first, weight, tally);
      }
      add_likelihood_term(p_.rpo_alpha, totals, views[0], sums[0], tally);
      count(sums, rewards, tally, metrics);
    }
    tally.add_to(metrics);
  }

 private:
  // The term of the choice of `first` among itself and all after it.
  void add_choice(const std::vector<TrajectoryView>& views, const std::vector<double>& rewards,
                  std::size_t first, double weight, PreferenceTally& tally) const {
    const std::span<const double> rest = std::span(rewards).subspan(first);
    const double norm = log_sum_exp(rest);
    tally.add_loss(weight * (norm - rest[0]));
    for (std::size_t k = 0; k < rest.size(); ++k) {
      const double q = std::exp(rest[k] - norm);
      add_slope(views[first + k], weight * p_.beta * (k == 0 ? q - 1 : q));
    }
  }

  static void count(const std::vector<SequenceSum>& sums, const std::vector<double>& rewards,
                    PreferenceTally& tally, MetricSums& metrics) {
    SequenceSum others;  // means over the alternatives
    double mean = 0, entropy = 0;
    const double norm = log_sum_exp(rewards);
    const double most = *std::max_element(rewards.begin() + 1, rewards.end());
    const auto add = [&](const std::string& name, double value) {
      metrics[name].sum += value;
      metrics[name].count += 1;
    };
    for (std::size_t k = 0; k < rewards.size(); ++k) {
      const double q = std::exp(rewards[k] - norm);
      entropy -= q > 0 ? q * (rewards[k] - norm) : 0;
      add("pl/weight_" + std::to_string(k), q);
      if (k == 0) continue;
      add("rewards/rejected_" + std::to_string(k), rewards[k]);
      mean += rewards[k] / static_cast<double>(rewards.size() - 1);
      others.log_prob += sums[k].log_prob / static_cast<double>(rewards.size() - 1);
    }
    add("rewards/rejected_max", most);
    add("pl/entropy", entropy);
    tally.add(sums[0], rewards[0], others, mean, rewards[0] > most);
  }

  Params p_;
};

Schema<Apo::Params> Apo::schema() {
  Schema<Params> s;
  add_beta_field(s, &Params::beta);
  add_likelihood_field(s, "rpo_alpha", &Params::rpo_alpha);
  s.field("negatives", &Params::negatives,
          {.unit = "1",
           .range = between(1, 64),
           .help = "alternatives that the expert proposes for each case"});
  s.field("ranking", &Params::ranking,
          {.help = "best: the factual trajectory before all others, which are not ordered; full: "
                   "also each alternative before those proposed after it",
           .choices = {"best", "full"}});
  return s;
}

TR_REGISTER(Optimizer, Apo, "apo",
            "autonomous preference optimization: Plackett-Luce over N alternatives",
            "arXiv 2510.04142; Plackett-Luce form of arXiv 2305.18290, appendix A.3");

}  // namespace
}  // namespace tightrope
