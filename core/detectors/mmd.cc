// SPDX-License-Identifier: Apache-2.0
// Windowed maximum mean discrepancy (Gretton et al. 2012): the law of the newest window_size = m
// samples y against that of a reference of n samples x, which stays the same until a drift. The
// statistic is the unbiased estimate with the kernel k(a, b) = exp(-(a - b)^2 / (2 bandwidth^2)),
//
//   MMD^2 = sum_{i != j} k(x_i, x_j) / (n (n - 1)) + sum_{i != j} k(y_i, y_j) / (m (m - 1))
//           - 2 sum_{i, j} k(x_i, y_j) / (n m)
//
// dimensionless, kept up in O(n + m) a sample. Without a bandwidth given, the first m samples only
// give it: the median of their distances that are not 0 (1 if all are), so that it does not depend
// on what is tested. Drift by test:
//   permutation  at every clock-th sample, when p = (1 + #{permuted >= observed}) / (1 +
//                permutations) <= alpha, over random divisions of the n + m samples into x and y.
//                For exchangeable samples each test is a false alarm with probability <= alpha
//                (Phipson & Smyth 2010), so a stream of N samples has one with probability <= alpha
//                N / clock. Draws from the stream (seed, statistics) at the test's position
//   fixed        at every sample, when MMD^2 > threshold, which then is to be calibrated
// It sees any change of the law; direction and change time are those of the clearest shift of the
// mean inside the newest window.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/detectors/rule.h"
#include "core/detectors/sample_window.h"
#include "core/random/stream.h"

namespace tightrope {
namespace {

constexpr std::int64_t kMostPooled = 8192;  // its kernel matrix takes 0.5 GiB

struct MmdParams {
  std::int64_t reference_size = 100;
  std::int64_t window_size = 30;
  std::optional<double> bandwidth;
  std::string test = "permutation";
  double alpha = 0.005;
  std::int64_t permutations = 399;
  std::optional<std::int64_t> clock;
  std::int64_t seed = 0;
  double threshold = 0.1;
};

double median_distance(const std::vector<double>& samples) {
  std::vector<double> distances;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double distance = std::abs(samples[i] - samples[j]);
      if (distance > 0) distances.push_back(distance);
    }
  }
  if (distances.empty()) return 1;
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  return *middle;
}

class MmdRule {
 public:
  explicit MmdRule(const MmdParams& p)
      : reference_size_(static_cast<std::size_t>(p.reference_size)),
        given_bandwidth_(p.bandwidth),
        permutes_(p.test == "permutation"),
        threshold_(p.threshold),
        permutations_(p.permutations),
        allowed_(static_cast<std::size_t>(
            std::floor(p.alpha * static_cast<double>(p.permutations + 1) + 1e-9))),
        clock_(p.clock.value_or(p.window_size)),
        stream_(static_cast<std::uint64_t>(p.seed), Purpose::kStatistics, 0),
        window_(p.window_size),
        to_reference_(static_cast<std::size_t>(p.window_size), 0) {
    clear();
  }

  DetectorState accept(double x, std::int64_t position);
  void clear();
  void write(std::vector<double>& saved) const;
  void read(SavedState& saved, std::int64_t position);

 private:
  double kernel(double a, double b) const {
    const double z = (a - b) * inverse_;
    return std::exp(-0.5 * z * z);
  }
  bool learns(double x);
  void slide(double y);
  void sum_up();
  double statistic() const;
  double permuted_threshold(std::int64_t position) const;
  DetectorState alarm(DetectorState state, std::int64_t position) const;

  std::size_t reference_size_;
  std::optional<double> given_bandwidth_;
  bool permutes_;
  double threshold_;
  std::int64_t permutations_;
  std::size_t allowed_;  // greatest 1 + #{permuted >= observed} of a drift
  std::int64_t clock_;
  Stream stream_;
  double inverse_ = 0;         // 1 / bandwidth; 0 while it is not known
  std::vector<double> first_;  // samples that give the bandwidth
  std::vector<double> reference_;
  SampleWindow window_;
  std::vector<double> to_reference_;  // by slot of the window: sum_i k(x_i, y)
  double within_reference_ = 0;       // sums over pairs i < j
  double within_window_ = 0;
  double across_ = 0;
  std::int64_t since_test_ = 0;  // samples since the last test, or since the window was full
  double shown_ = 0;             // threshold of the last test
};

void MmdRule::clear() {
  inverse_ = given_bandwidth_ ? 1 / *given_bandwidth_ : 0;
  first_.clear();
  reference_.clear();
  window_.clear();
  within_reference_ = within_window_ = across_ = 0;
  since_test_ = 0;
  shown_ = permutes_ ? std::numeric_limits<double>::infinity() : threshold_;
}

// Takes x for the bandwidth or the reference; false when both are complete.
bool MmdRule::learns(double x) {
  if (inverse_ == 0) {
    first_.push_back(x);
    if (first_.size() < to_reference_.size()) return true;
    inverse_ = 1 / std::max(median_distance(first_), 1e-300);
    return true;
  }
  if (reference_.size() == reference_size_) return false;
  for (const double other : reference_) within_reference_ += kernel(other, x);
  reference_.push_back(x);
  return true;
}

// One sample into the window, the oldest out of it.
void MmdRule::slide(double y) {
  const std::size_t slot = window_.next_slot();
  const bool full = window_.full();
  double gain = 0;
  for (std::size_t k = 0; k < window_.size(); ++k) {
    if (k == slot && full) continue;
    gain += kernel(window_.slot(k), y);
    if (full) gain -= kernel(window_.slot(k), window_.slot(slot));
  }
  double row = 0;
  for (const double x : reference_) row += kernel(x, y);
  within_window_ += gain;
  across_ += row - (full ? to_reference_[slot] : 0);
  to_reference_[slot] = row;
  window_.push(y);
  if (window_.next_slot() == 0 && full) sum_up();
}

// The window's sums anew, in its order: takes away what rounding left, once a window.
void MmdRule::sum_up() {
  within_window_ = across_ = 0;
  for (std::size_t k = 0; k < window_.size(); ++k) {
    across_ += to_reference_[k];
    for (std::size_t j = 0; j < k; ++j) within_window_ += kernel(window_.slot(j), window_.slot(k));
  }
}

double MmdRule::statistic() const {
  const auto n = static_cast<double>(reference_.size()), m = static_cast<double>(window_.size());
  return 2 * within_reference_ / (n * (n - 1)) + 2 * within_window_ / (m * (m - 1)) -
         2 * across_ / (n * m);
}

// The permuted statistic that the observed one must exceed for p <= alpha.
double MmdRule::permuted_threshold(std::int64_t position) const {
  std::vector<double> pooled = reference_;
  window_.copy_to(pooled);
  const std::size_t total = pooled.size(), m = window_.size();
  std::vector<double> kernels(total * total, 0), rows(total, 0);
  double all = 0;  // over pairs i < j
  for (std::size_t i = 0; i < total; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double k = kernel(pooled[i], pooled[j]);
      kernels[i * total + j] = kernels[j * total + i] = k;
      rows[i] += k;
      rows[j] += k;
      all += k;
    }
  }
  const auto at = static_cast<std::uint64_t>(position);
  Draws draws = stream_.at(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at >> 32));
  const auto y = static_cast<double>(m), x = static_cast<double>(total - m);
  std::vector<std::size_t> order(total);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<double> permuted;
  for (std::int64_t b = 0; b < permutations_; ++b) {
    double within = 0, touching = 0;
    for (std::size_t i = 0; i < m; ++i) {  // the first m of `order` become the window
      std::swap(order[i], order[i + draws.below(static_cast<std::uint32_t>(total - i))]);
      const double* row = kernels.data() + order[i] * total;
      for (std::size_t j = 0; j < i; ++j) within += row[order[j]];
      touching += rows[order[i]];
    }
    const double across = touching - 2 * within, rest = all - within - across;
    permuted.push_back(2 * rest / (x * (x - 1)) + 2 * within / (y * (y - 1)) -
                       2 * across / (x * y));
  }
  // p <= alpha when at most allowed - 1 of them reach the observed one.
  const auto kth = permuted.begin() + static_cast<std::ptrdiff_t>(allowed_ - 1);
  std::nth_element(permuted.begin(), kth, permuted.end(), std::greater<>());
  // Sums in another order may differ in their last bits: what is equal but for those is reached.
  return *kth + 1e-12;
}

DetectorState MmdRule::alarm(DetectorState state, std::int64_t position) const {
  std::vector<double> pooled = reference_;
  window_.copy_to(pooled);
  const std::size_t split = clearest_split(pooled, reference_.size());
  const auto at = pooled.begin() + static_cast<std::ptrdiff_t>(split);
  const double older = std::accumulate(pooled.begin(), at, 0.0) / static_cast<double>(split);
  const auto newer_count = static_cast<std::int64_t>(pooled.size() - split);
  const double newer = std::accumulate(at, pooled.end(), 0.0) / static_cast<double>(newer_count);
  state.verdict = AlarmLevel::kDrift;
  state.direction = newer >= older ? 1 : -1;
  state.change_time = position + 1 - newer_count;
  return state;
}

DetectorState MmdRule::accept(double x, std::int64_t position) {
  DetectorState state;
  state.threshold = shown_;
  if (learns(x)) return state;
  slide(x);
  if (!window_.full()) return state;
  state.statistic = statistic();
  if (permutes_) {
    const bool first = since_test_ == 0 && !std::isfinite(shown_);
    if (!first && ++since_test_ < clock_) return state;
    since_test_ = 0;
    state.threshold = shown_ = permuted_threshold(position);
  }
  return state.statistic > state.threshold ? alarm(state, position) : state;
}

void MmdRule::write(std::vector<double>& saved) const {
  saved.insert(saved.end(), {inverse_, within_window_, across_, within_reference_,
                             static_cast<double>(since_test_), shown_,
                             static_cast<double>(window_.next_slot())});
  for (const std::vector<double>* samples : {&first_, &reference_}) {
    saved.push_back(static_cast<double>(samples->size()));
    saved.insert(saved.end(), samples->begin(), samples->end());
  }
  window_.write(saved);
}

void MmdRule::read(SavedState& saved, std::int64_t position) {
  inverse_ = saved.number();
  TR_REQUIRE(inverse_ >= 0 && std::isfinite(inverse_), "detector state: {} is no 1 / bandwidth",
             inverse_);
  for (double* sum : {&within_window_, &across_, &within_reference_}) *sum = saved.number();
  since_test_ = saved.whole(0, clock_);
  shown_ = saved.number();
  const auto slots = static_cast<std::int64_t>(to_reference_.size());
  const std::int64_t next = saved.whole(0, slots - 1);
  for (auto& [samples, most] :
       {std::pair{&first_, slots},
        std::pair{&reference_, static_cast<std::int64_t>(reference_size_)}}) {
    samples->resize(static_cast<std::size_t>(saved.whole(0, std::min(most, position))));
    for (double& x : *samples) {
      x = saved.number();
      TR_REQUIRE(std::isfinite(x), "detector state: sample {} of a reference", x);
    }
  }
  window_.read(saved, position, next);
  for (std::size_t k = 0; k < window_.size(); ++k) {
    to_reference_[k] = 0;
    for (const double x : reference_) to_reference_[k] += kernel(x, window_.slot(k));
  }
}

class Mmd final : public RuleModel<MmdParams, MmdRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("reference_size", &Params::reference_size,
            {.unit = "sample", .range = between(2, 1e4), .help = "length n of the reference"});
    s.field("window_size", &Params::window_size,
            {.unit = "sample", .range = between(2, 1e4), .help = "length m of the newest window"});
    s.field("bandwidth", &Params::bandwidth,
            {.unit = "1",
             .range = between(1e-100, 1e100),
             .help = "of the Gaussian kernel; null for the median distance of the first samples"});
    s.field("test", &Params::test,
            {.help = "what makes it a drift", .choices = {"permutation", "fixed"}});
    s.field("alpha", &Params::alpha,
            {.unit = "1", .range = between_open(0, 1), .help = "level of one permutation test"});
    s.field("permutations", &Params::permutations,
            {.unit = "1", .range = between(1, 1e6), .help = "random divisions per test"});
    s.field("clock", &Params::clock,
            {.unit = "sample",
             .range = between(1, 1e9),
             .help = "samples between two permutation tests; null for window_size"});
    s.field("seed", &Params::seed,
            {.unit = "1", .range = at_least(0), .help = "which divisions are drawn"});
    s.field("threshold", &Params::threshold,
            {.unit = "1", .help = "MMD^2 above which it is a drift, by test fixed"});
    s.check([](const Params& p) -> std::string {
      const std::int64_t pooled = p.reference_size + p.window_size;
      if (p.test != "fixed" && pooled > kMostPooled) {
        return fmt::format(
            "reference_size + window_size = {} violates at most {} with test permutation: it keeps "
            "a matrix of its square",
            pooled, kMostPooled);
      }
      if (p.test == "fixed" || p.alpha * static_cast<double>(p.permutations + 1) >= 1 - 1e-9) {
        return "";
      }
      return fmt::format("permutations = {} violates at least 1 / alpha - 1 = {}: no p is smaller",
                         p.permutations, 1 / p.alpha - 1);
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, Mmd, "mmd", "kernel distance of the newest samples to a reference",
            "Gretton et al. 2012, JMLR 13; Phipson & Smyth 2010, SAGMB 9(1)");

}  // namespace
}  // namespace tightrope
