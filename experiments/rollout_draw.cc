// SPDX-License-Identifier: Apache-2.0
#include "experiments/rollout_draw.h"

#include <algorithm>
#include <cmath>

#include "core/api/enumeration.h"
#include "core/base/check.h"

namespace tightrope {
namespace {

double score_of(const DrawContext& context, const CaseLaws& laws, const Cases& cases, int n,
                const Trajectory& trajectory) {
  const RewardContext of_case{context.world, laws.of(n), cases};
  const double score = context.stage.reward->score(of_case, n, trajectory, context.fitted);
  TR_CHECK(std::isfinite(score), "the reward of case {} is {}", n, score);
  return score;
}

// All complete trajectories of every case.
DrawnCases enumerate_and_score(const DrawContext& context, const RolloutPlan& plan,
                               const CaseLaws& laws, const Cases& cases) {
  const Grammar grammar(context.world.vocabulary(), context.world.max_mentions());
  const std::vector<Trajectory> all =
      enumerate_trajectories(grammar, context.stage.thinking, plan.enumerate);
  DrawnCases out;
  out.tokens.clear(cases.channels);
  for (int n = 0; n < cases.size(); ++n) {
    out.tokens.add_case(cases.image_of(n));
    for (const Trajectory& trajectory : all) {
      out.tokens.add(trajectory);
      out.score.push_back(score_of(context, laws, cases, n, trajectory));
    }
  }
  return out;
}

}  // namespace

bool DrawnCases::has_spread(int b) const {
  const auto group = std::span(score).subspan(tokens.group_begin[b],
                                              tokens.group_begin[b + 1] - tokens.group_begin[b]);
  return std::ranges::any_of(group, [&](double r) { return r != group.front(); });
}

void DrawnCases::append(const DrawnCases& from, int b) {
  if (tokens.group_begin.empty()) tokens.clear(from.tokens.channels);
  BatchTotals unused;
  add_unit(from.tokens, b, tokens, unused);
  const std::int32_t begin = from.tokens.group_begin[b], end = from.tokens.group_begin[b + 1];
  score.insert(score.end(), from.score.begin() + begin, from.score.begin() + end);
  if (!from.greedy_score.empty()) greedy_score.push_back(from.greedy_score[b]);
}

DrawnCases draw_and_score(const DrawContext& context, const RolloutPlan& plan, const CaseLaws& laws,
                          const Cases& cases, const Stream& sampling, std::int64_t step) {
  if (plan.enumerate > 0) return enumerate_and_score(context, plan, laws, cases);
  std::vector<float> images;
  for (int n = 0; n < cases.size(); ++n) {
    for (int g = 0; g < plan.samples; ++g) {
      const std::span<const float> image = cases.image_of(n);
      images.insert(images.end(), image.begin(), image.end());
    }
  }
  SamplingOptions options{.greedy = false, .temperature = 1, .thinking = context.stage.thinking};
  std::vector<Sample> samples, greedy;
  const auto at = static_cast<std::uint32_t>(step);
  context.policy.sample(context.parameters, images, cases.size() * plan.samples, options, sampling,
                        at, samples, context.workspace);
  if (plan.greedy) {
    options.greedy = true;
    context.policy.sample(context.parameters, cases.image, cases.size(), options, sampling, at,
                          greedy, context.workspace);
  }
  DrawnCases out;
  out.tokens.clear(cases.channels);
  for (int n = 0; n < cases.size(); ++n) {
    out.tokens.add_case(cases.image_of(n));
    for (int g = 0; g < plan.samples; ++g) {
      const Trajectory& trajectory = samples[n * plan.samples + g].trajectory;
      out.tokens.add(trajectory);
      out.score.push_back(score_of(context, laws, cases, n, trajectory));
    }
    if (!plan.greedy) continue;
    out.greedy_score.push_back(score_of(context, laws, cases, n, greedy[n].trajectory));
  }
  return out;
}

}  // namespace tightrope
