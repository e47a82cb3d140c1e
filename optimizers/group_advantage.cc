// SPDX-License-Identifier: Apache-2.0
#include "optimizers/group_advantage.h"

#include <algorithm>

#include "core/base/check.h"
#include "optimizers/rollout_columns.h"

namespace tightrope {
namespace {

double baseline_of_group(const GroupAdvantage& options, const Spread& all, const Spread& group,
                         double score, double greedy) {
  switch (options.baseline) {
    case Baseline::kNone:
      return 0;
    case Baseline::kBatch:
      return all.mean;
    case Baseline::kGroup:
      return group.mean;
    case Baseline::kLeaveOneOut:
      return (group.mean * group.count - score) / (group.count - 1);
    case Baseline::kGreedy:
      return greedy;
  }
  return 0;
}

template <class Enum>
Enum named(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  TR_CHECK(found != names.end(), "{}", name);
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::vector<std::string> baseline_names() {
  return {"none", "batch", "group", "leave_one_out", "greedy"};
}
Baseline baseline_of(const std::string& name) { return named<Baseline>(baseline_names(), name); }
std::vector<std::string> scale_names() { return {"none", "group", "batch"}; }
AdvantageScale scale_of(const std::string& name) {
  return named<AdvantageScale>(scale_names(), name);
}

std::vector<double> group_advantage(const GroupAdvantage& options,
                                    std::span<const std::int32_t> group_begin,
                                    std::span<const double> score, std::span<const double> greedy) {
  const Spread all = spread(score);
  const bool needs_two = options.baseline == Baseline::kGroup ||
                         options.baseline == Baseline::kLeaveOneOut ||
                         options.scale == AdvantageScale::kGroup;
  std::vector<double> out(score.size(), 0.0);
  for (std::size_t c = 0; c + 1 < group_begin.size(); ++c) {
    const std::size_t begin = group_begin[c], count = group_begin[c + 1] - group_begin[c];
    TR_CHECK(count > 1 || !needs_two, "case {} has {} trajectories, its group needs two", c, count);
    const Spread group = spread(score.subspan(begin, count));
    const double scale = options.scale == AdvantageScale::kGroup   ? group.deviation()
                         : options.scale == AdvantageScale::kBatch ? all.deviation()
                                                                   : 1;
    const double divisor = options.scale == AdvantageScale::kNone ? 1 : scale + options.epsilon;
    for (std::size_t n = begin; n < begin + count; ++n) {
      const double of_greedy = greedy.empty() ? 0.0 : greedy[c];
      out[n] = (score[n] - baseline_of_group(options, all, group, score[n], of_greedy)) / divisor;
    }
  }
  return out;
}

int groups_without_spread(std::span<const std::int32_t> group_begin,
                          std::span<const double> score) {
  int count = 0;
  for (std::size_t c = 0; c + 1 < group_begin.size(); ++c) {
    const auto group = score.subspan(group_begin[c], group_begin[c + 1] - group_begin[c]);
    count += std::ranges::all_of(group, [&](double r) { return r == group.front(); }) ? 1 : 0;
  }
  return count;
}

}  // namespace tightrope
