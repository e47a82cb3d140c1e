// SPDX-License-Identifier: Apache-2.0
// Bayesian online change detection (Adams & MacKay 2007): the posterior of the run length r, how
// many of the newest samples belong to the present run, when every sample ends a run with
// probability `hazard`,
//
//   P(r + 1) ~ (1 - hazard) P(r) p(x | run of r)     P(0) = hazard
//
// Within a run samples are normal. Its predictive law p by model:
//   unknown_variance  the mean given the variance is normal about prior_mean with prior_count
//                     samples' weight, the variance inverse gamma (prior_shape, prior_scale): p is
//                     Student's t with 2 prior_shape + r degrees of freedom
//   known_variance    variance data_variance, the mean normal (prior_mean, prior_variance)
// Priors have the unit of the samples. Drift, from min_instances samples on, by rule:
//   probability    P(the run began after the first min_instances samples) > threshold
//   most_probable  a run shorter than all samples is the most probable one (frouros): statistic the
//                  greatest P of a shorter run, threshold that of all samples
// The change is put at the start of the most probable such run; direction is that of its mean over
// the longest run's. Runs of max_run_length and more share one entry, with the statistics of the
// heavier part. O(max_run_length) a sample.
#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct BocpdParams {
  double hazard = 0.01;
  std::int64_t max_run_length = 300;
  std::int64_t min_instances = 30;
  std::string rule = "probability";
  double threshold = 0.9;
  std::string model = "unknown_variance";
  double prior_mean = 0;
  double prior_count = 1;
  double prior_shape = 1;
  double prior_scale = 1;
  double prior_variance = 1;
  double data_variance = 1;
};

// Of a run: its posterior mean and, with the variance unknown, the log of its posterior scale.
struct Run {
  double probability = 0;
  double mean = 0;
  double log_scale = 0;
};

class BocpdRule {
 public:
  explicit BocpdRule(const BocpdParams& p);

  DetectorState accept(double x, std::int64_t position);
  void clear();
  void write(std::vector<double>& saved) const;
  void read(SavedState& saved, std::int64_t position);

 private:
  // Samples in the run at `k`.
  double length(std::size_t k) const {
    return k == longest_ ? length_of_longest_ : static_cast<double>(k);
  }
  double constant(double length) const;
  double observe(Run& run, std::size_t k, double x) const;
  void grow(double x);
  DetectorState judge(std::int64_t position) const;

  BocpdParams params_;
  bool known_variance_;
  std::size_t longest_;             // entry of the runs that share one
  std::vector<double> constants_;   // of runs up to that
  std::vector<Run> runs_;           // by length
  std::vector<double> predictive_;  // scratch: logs
  double length_of_longest_ = 0;    // whose statistics that entry has
  std::int64_t count_ = 0;          // samples since the start
};

BocpdRule::BocpdRule(const BocpdParams& p)
    : params_(p),
      known_variance_(p.model == "known_variance"),
      longest_(static_cast<std::size_t>(p.max_run_length)) {
  for (std::size_t k = 0; k < longest_; ++k) constants_.push_back(constant(static_cast<double>(k)));
  clear();
}

void BocpdRule::clear() {
  runs_.assign(1, {1, params_.prior_mean, std::log(params_.prior_scale)});
  length_of_longest_ = 0;
  count_ = 0;
}

// What of the log predictive density depends on the length alone; the variance being known, its
// variance.
double BocpdRule::constant(double length) const {
  if (known_variance_) {
    return params_.data_variance +
           1 / (1 / params_.prior_variance + length / params_.data_variance);
  }
  const double shape = params_.prior_shape + length / 2, count = params_.prior_count + length;
  return boost::math::lgamma(shape + 0.5) - boost::math::lgamma(shape) -
         0.5 * std::log(2 * std::numbers::pi * (count + 1) / count);
}

// The log predictive density of x in the run, which then holds it.
double BocpdRule::observe(Run& run, std::size_t k, double x) const {
  const double n = length(k), deviation = x - run.mean;
  const double fixed = k < longest_ ? constants_[k] : constant(n);
  if (known_variance_) {
    const double weight = 1 / (params_.data_variance / params_.prior_variance + n + 1);
    run.mean += deviation * weight;
    return -0.5 * (std::log(2 * std::numbers::pi * fixed) + deviation * deviation / fixed);
  }
  const double shape = params_.prior_shape + n / 2, count = params_.prior_count + n;
  const double before = run.log_scale;
  run.log_scale = std::log(std::exp(before) + deviation * deviation * count / (2 * (count + 1)));
  run.mean += deviation / (count + 1);
  return fixed + shape * before - (shape + 0.5) * run.log_scale;
}

// One sample on: every run holds x and is one longer; a new one begins behind it.
void BocpdRule::grow(double x) {
  constexpr double kNegligible = 1e-250;  // a product with it may underflow
  predictive_.resize(runs_.size());
  double greatest = -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < runs_.size(); ++k) {
    predictive_[k] = observe(runs_[k], k, x);
    if (runs_[k].probability > kNegligible) greatest = std::max(greatest, predictive_[k]);
  }
  double total = 0;
  for (std::size_t k = 0; k < runs_.size(); ++k) {
    double& p = runs_[k].probability;
    p = p > kNegligible ? p * std::exp(predictive_[k] - greatest) : 0;
    total += p;
  }
  for (Run& run : runs_) run.probability *= (1 - params_.hazard) / total;
  runs_.insert(runs_.begin(),
               Run{params_.hazard, params_.prior_mean, std::log(params_.prior_scale)});
  length_of_longest_ += 1;
  if (runs_.size() == longest_ + 1) length_of_longest_ = static_cast<double>(longest_);
  if (runs_.size() <= longest_ + 1) return;
  const Run older = runs_.back();
  runs_.pop_back();
  Run& shared = runs_.back();
  const double both = shared.probability + older.probability;
  if (older.probability >= shared.probability) {
    shared = older;
  } else {
    length_of_longest_ = static_cast<double>(longest_);
  }
  shared.probability = both;
}

DetectorState BocpdRule::judge(std::int64_t position) const {
  DetectorState state;
  const bool most_probable = params_.rule == "most_probable";
  const std::int64_t first = most_probable ? 1 : params_.min_instances;
  // The run must be shorter than the one in the last entry, which may have begun at the start.
  const std::int64_t most = std::min(count_ - first, static_cast<std::int64_t>(runs_.size()) - 2);
  double sum = 0;
  std::size_t likeliest = 0;
  for (std::int64_t r = 0; r <= most; ++r) {
    const auto k = static_cast<std::size_t>(r);
    sum += runs_[k].probability;
    if (likeliest == 0 || runs_[k].probability > runs_[likeliest].probability) likeliest = k;
  }
  const double greatest = std::max(runs_[0].probability, runs_[likeliest].probability);
  state.statistic = most_probable ? greatest : sum;
  state.threshold = most_probable ? runs_.back().probability : params_.threshold;
  if (count_ < params_.min_instances || !(state.statistic > state.threshold)) return state;
  state.verdict = AlarmLevel::kDrift;
  state.direction = runs_[likeliest].mean >= runs_.back().mean ? 1 : -1;
  state.change_time =
      position + 1 - std::max<std::int64_t>(1, static_cast<std::int64_t>(likeliest));
  return state;
}

DetectorState BocpdRule::accept(double x, std::int64_t position) {
  grow(x);
  ++count_;
  return judge(position);
}

void BocpdRule::write(std::vector<double>& saved) const {
  saved.insert(saved.end(), {static_cast<double>(count_), length_of_longest_});
  for (const Run& run : runs_) {
    saved.insert(saved.end(), {run.probability, run.mean, run.log_scale});
  }
}

void BocpdRule::read(SavedState& saved, std::int64_t position) {
  count_ = saved.whole(0, position);
  length_of_longest_ = static_cast<double>(saved.whole(0, count_));
  runs_.resize(std::min(static_cast<std::size_t>(count_), longest_) + 1);
  for (Run& run : runs_) {
    run.probability = saved.number();
    run.mean = saved.number();
    run.log_scale = saved.number();
    TR_REQUIRE(run.probability >= 0 && run.probability <= 1 + 1e-9,
               "detector state: {} is no probability of a run", run.probability);
  }
}

class Bocpd final : public RuleModel<BocpdParams, BocpdRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("hazard", &Params::hazard,
            {.unit = "1/sample", .range = between_open(0, 1), .help = "probability of a change"});
    s.field("max_run_length", &Params::max_run_length,
            {.unit = "sample",
             .range = between(2, 1e6),
             .help = "runs of this length and longer are not told apart"});
    s.field("min_instances", &Params::min_instances,
            {.unit = "sample", .range = between(1, 1e9), .help = "samples before the first test"});
    s.field("rule", &Params::rule,
            {.help = "when it is a drift", .choices = {"probability", "most_probable"}});
    s.field("threshold", &Params::threshold,
            {.unit = "1",
             .range = between_open(0, 1),
             .help = "probability of a change that is a drift, by rule probability"});
    s.field("model", &Params::model,
            {.help = "normal samples in a run, of which variance",
             .choices = {"unknown_variance", "known_variance"}});
    s.field("prior_mean", &Params::prior_mean, {.unit = "1", .help = "expected mean of a run"});
    s.field("prior_count", &Params::prior_count,
            {.unit = "sample",
             .range = greater_than(0),
             .help = "weight of prior_mean, by unknown_variance"});
    s.field("prior_shape", &Params::prior_shape,
            {.unit = "1",
             .range = greater_than(0),
             .help = "shape of the variance's inverse gamma law, by unknown_variance"});
    s.field("prior_scale", &Params::prior_scale,
            {.unit = "1", .range = greater_than(0), .help = "its scale, by unknown_variance"});
    s.field("prior_variance", &Params::prior_variance,
            {.unit = "1",
             .range = greater_than(0),
             .help = "variance of a run's mean, by known_variance"});
    s.field("data_variance", &Params::data_variance,
            {.unit = "1",
             .range = greater_than(0),
             .help = "variance of the samples about it, by known_variance"});
    return s;
  }
};

TR_REGISTER(DetectorModel, Bocpd, "bocpd", "posterior of how long the present law holds",
            "Adams & MacKay 2007, arXiv 0710.3742");

}  // namespace
}  // namespace tightrope
