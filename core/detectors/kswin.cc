// SPDX-License-Identifier: Apache-2.0
// KSWIN (Raab, Heusinger & Schleif 2020): the newest stat_size samples of a window against as many
// drawn without replacement from the rest of it, by the two-sample Kolmogorov-Smirnov distance D.
// Once the window is full every sample is a test. Statistic D and threshold, the least D that is a
// drift, are dimensionless. It sees any change of the law; direction and change time are those of
// the clearest shift of the mean in the window. Every test draws anew, from the stream (seed,
// statistics) at the sample's position. O(window_size + stat_size log stat_size) a sample.
// Dialects:
//   river    p <= alpha, exactly, and D > 0.1
//   frouros  p <= alpha
//   paper    D > sqrt(-ln(alpha) / stat_size)
#include "core/detectors/kswin.h"

#include <fmt/format.h>

#include <numeric>

#include "core/detectors/rule.h"
#include "core/random/stream.h"

namespace tightrope {

std::int64_t kswin_critical_steps(const KswinParams& p) {
  const auto n = static_cast<double>(p.stat_size);
  std::int64_t steps = 1;
  const auto is_drift = [&] {
    const double distance = static_cast<double>(steps) / n;
    if (p.dialect == "paper") return distance > std::sqrt(-std::log(p.alpha) / n);
    if (p.dialect == "river" && distance <= 0.1) return false;
    return kolmogorov_smirnov_tail(p.stat_size, steps) <= p.alpha;
  };
  while (steps <= p.stat_size && !is_drift()) ++steps;
  return steps;
}

namespace {

// The first numbers of a random permutation.
class StreamSampler {
 public:
  explicit StreamSampler(std::int64_t seed)
      : stream_(static_cast<std::uint64_t>(seed), Purpose::kStatistics, 0) {}

  void draw(std::int64_t position, std::size_t population, std::vector<std::size_t>& chosen) {
    numbers_.resize(population);
    std::iota(numbers_.begin(), numbers_.end(), std::size_t{0});
    const auto at = static_cast<std::uint64_t>(position);
    Draws draws = stream_.at(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at >> 32));
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const std::size_t k = i + draws.below(static_cast<std::uint32_t>(population - i));
      std::swap(numbers_[i], numbers_[k]);
      chosen[i] = numbers_[i];
    }
  }
  void restart() {}

 private:
  Stream stream_;
  std::vector<std::size_t> numbers_;
};

class StreamKswinRule : public KswinRule<StreamSampler> {
 public:
  explicit StreamKswinRule(const KswinParams& p) : KswinRule(p, StreamSampler(p.seed)) {}
};

class Kswin final : public RuleModel<KswinParams, StreamKswinRule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("alpha", &Params::alpha,
            {.unit = "1", .range = between_open(0, 1), .help = "level of one test"});
    s.field("window_size", &Params::window_size,
            {.unit = "sample", .range = between(2, 1e6), .help = "length of the window"});
    s.field("stat_size", &Params::stat_size,
            {.unit = "sample",
             .range = between(1, 1e4),
             .help = "newest samples, and as many older ones"});
    s.field("seed", &Params::seed,
            {.unit = "1", .range = at_least(0), .help = "which older samples are drawn"});
    s.field("dialect", &Params::dialect,
            {.help = "whose KSWIN", .choices = {"river", "frouros", "paper"}});
    s.check([](const Params& p) -> std::string {
      if (2 * p.stat_size > p.window_size) {
        return fmt::format("window_size = {} violates at least twice stat_size = {}", p.window_size,
                           p.stat_size);
      }
      if (kswin_critical_steps(p) <= p.stat_size) return "";
      return fmt::format("alpha = {} violates what {} samples can show: no distance is a drift",
                         p.alpha, p.stat_size);
    });
    return s;
  }
};

TR_REGISTER(DetectorModel, Kswin, "kswin",
            "newest samples against older ones by their distribution functions",
            "Raab, Heusinger & Schleif 2020, Neurocomputing 416; form and defaults as river 0.26");

}  // namespace
}  // namespace tightrope
