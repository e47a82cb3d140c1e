// SPDX-License-Identifier: Apache-2.0
// Counterfactual preference optimization with thinking and perception pairs (CPO++, arXiv
// 2604.15705): DPO's sigmoid loss l_i of each pair, weighed by the pair's source,
//
//   L = (1 / pairs) sum_i w_i l_i + rpo_alpha NLL(chosen) per chosen token
//
// w_i the source's weight, divided by its mean over the step or over microbatches. The likelihood
// term is not weighed. Draws nothing.
#include <array>

#include "optimizers/microbatch.h"
#include "optimizers/preference.h"

namespace tightrope {
namespace {

constexpr std::array<const char*, 3> kSources = {"thinking", "perception", "other"};

struct SourceSums {
  double loss = 0, accurate = 0, weight = 0, pairs = 0;
};

class CpoPp final : public Optimizer {
 public:
  struct Params {
    double beta = 0.1;
    double label_smoothing = 0;
    double rpo_alpha = 0.1;
    double thinking_weight = 1;
    double perception_weight = 1;
    double other_weight = 1;
    std::string weight_norm = "step";
    std::int64_t microbatch = 0;
  };

  static Schema<Params> schema();

  explicit CpoPp(const Params& p)
      : p_(p), weights_{p.thinking_weight, p.perception_weight, p.other_weight} {
    options_.link = {.link = Link::kSigmoid, .beta = p.beta, .label_smoothing = p.label_smoothing};
    options_.rpo_alpha = p.rpo_alpha;
  }

  TrajectoryKind trajectories() const override { return TrajectoryKind::kPair; }
  bool needs_reference() const override { return true; }
  // cpo_plus/SOURCE_loss and _accuracy are means over the pairs of that source, _weight the mean of
  // w_i; _count the number of its pairs in the step; nothing where it has none.
  std::vector<std::string> metrics() const override {
    std::vector<std::string> names = preference_metrics();
    for (const char* source : kSources) {
      for (const char* what : {"_loss", "_accuracy", "_weight", "_count"}) {
        names.push_back(std::string("cpo_plus/") + source + what);
      }
    }
    return names;
  }

  std::vector<double> case_weights(const BatchShape& step) const override {
    std::vector<double> out(step.group_begin.size() - 1, weights_[0]);
    for (std::size_t c = 0; c < step.source.size(); ++c) out[c] = weights_[step.source[c]];
    if (p_.weight_norm == "none") return out;
    return mean_normalised(out, static_cast<int>(p_.microbatch));
  }

  void loss(const Group& group, const BatchTotals& totals, GroupGradient gradient,
            MetricSums& metrics) const override {
    const double pair_weight = totals.cases > 0 ? 1.0 / totals.cases : 0.0;
    PreferenceTally tally;
    std::array<SourceSums, 3> by_source;
    for (int pair = 0; pair < group.cases(); ++pair) {
      const double weight = group.weight_of(pair);
      const SequenceSum chosen = sum_scored(trajectory_of(group, gradient, 2 * pair));
      const SequenceSum rejected = sum_scored(trajectory_of(group, gradient, 2 * pair + 1));
      SourceSums& sums = by_source[group.source.empty() ? 0 : group.source[pair]];
      sums.loss += add_pair(options_, group, totals, gradient, 2 * pair, 2 * pair + 1,
                            pair_weight * weight, tally);
      sums.accurate += chosen.ratio() > rejected.ratio() ? 1 : 0;
      sums.weight += weight;
      sums.pairs += 1;
    }
    tally.add_to(metrics);
    for (std::size_t s = 0; s < by_source.size(); ++s) add(kSources[s], by_source[s], metrics);
  }

 private:
  static void add(const std::string& source, const SourceSums& sums, MetricSums& metrics) {
    const auto mean = [&](const char* what, double sum) {
      MetricSum& metric = metrics["cpo_plus/" + source + what];
      metric.sum += sum;
      metric.count += sums.pairs;
    };
    mean("_loss", sums.loss);
    mean("_accuracy", sums.accurate);
    mean("_weight", sums.weight);
    MetricSum& count = metrics["cpo_plus/" + source + "_count"];
    count.sum += sums.pairs;
    count.count = 1;
  }

  Params p_;
  std::array<double, 3> weights_;
  PreferenceOptions options_;
};

Schema<CpoPp::Params> CpoPp::schema() {
  Schema<Params> s;
  add_beta_field(s, &Params::beta);
  add_likelihood_field(s, "rpo_alpha", &Params::rpo_alpha);
  const auto number = [&s](const char* name, double Params::*member, Range range,
                           const char* help) {
    s.field(name, member, {.unit = "1", .range = range, .help = help, .per_lane = true});
  };
  number("label_smoothing", &Params::label_smoothing, from_until(0, 1),
         "assumed share of swapped labels");
  number("thinking_weight", &Params::thinking_weight, at_least(0),
         "of pairs of two trajectories under one image");
  number("perception_weight", &Params::perception_weight, at_least(0),
         "of pairs of one trajectory under two images");
  number("other_weight", &Params::other_weight, at_least(0), "of pairs of any other kind");
  s.field(
      "weight_norm", &Params::weight_norm,
      {.help =
           "step: weights are divided by their mean over the step; microbatch: over each one, as "
           "the published trainer does, where the result depends on how the step is cut; "
           "none: they stay",
       .choices = {"step", "microbatch", "none"}});
  s.field("microbatch", &Params::microbatch,
          {.unit = "case",
           .range = between(0, 65536),
           .help = "pairs of a microbatch, with weight_norm: microbatch"});
  s.check([](const Params& p) -> std::string {
    if ((p.weight_norm == "microbatch") != (p.microbatch > 0)) {
      return "microbatch violates: > 0 with weight_norm: microbatch, else 0";
    }
    if (p.thinking_weight + p.perception_weight + p.other_weight <= 0) {
      return "thinking_weight, perception_weight, other_weight violate: one must be > 0";
    }
    return "";
  });
  return s;
}

TR_REGISTER(Optimizer, CpoPp, "cpo_pp",
            "CPO with thinking and perception pairs, weighed by their source",
            "arXiv 2604.15705; loss of the published trainer, normalised over the step");

}  // namespace
}  // namespace tightrope
