// SPDX-License-Identifier: Apache-2.0
#include "experts/source_laws.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/check.h"
#include "core/registry/registry.h"

namespace tightrope {
namespace {

Slot plurality(const std::array<int, 4>& votes) {
  const int present = votes[1] + votes[2];
  const int absent = votes[3];
  const int silent = votes[0];
  if (silent >= present && silent >= absent) return Slot::kSilent;
  if (absent > present) return Slot::kAbsent;
  return votes[2] > votes[1] ? Slot::kSynonym1 : Slot::kSynonym0;
}

WorldParams moved(const std::vector<std::shared_ptr<const DriftProcess>>& processes,
                  const World& world, const ExpertClock& at, const Stream& path) {
  const DriftClock clock{at.horizon, &world};
  WorldParams params = world.base();
  for (std::size_t p = 0; p < processes.size(); ++p) {
    const double weight = processes[p]->mixture_weight(at.time, clock);
    if (weight <= 0) continue;
    TR_REQUIRE(weight >= 1,
               "at step {} a gradual drift mixes two laws case by case (new law {:.3g}): a source "
               "has one; use `mode: interpolate`",
               at.time, weight);
    params = processes[p]->apply(params, at.time, clock, path.child(p + 1));
  }
  return params;
}

}  // namespace

SourceDrifts read_sources(const Node& list, const std::string& path, Problems& problems) {
  SourceDrifts out;
  if (!list.is_sequence() || list.items().empty()) {
    problems.add(list.mark(), path,
                 "expected a list of at least one source, each a list of drift processes");
    return out;
  }
  const auto build = [&](const Node& node, const std::string& at) {
    auto process = Registry<DriftProcess>::get().build(node, at, problems);
    if (process && process->reactive() != nullptr) {
      problems.add(node.mark(), at, "this drift answers the policy: a source moves by itself");
    }
    return process;
  };
  for (std::size_t s = 0; s < list.items().size(); ++s) {
    const Node& item = list.items()[s];
    const std::string at = fmt::format("{}.{}", path, s);
    out.emplace_back();
    if (!item.is_sequence()) {
      out.back().push_back(build(item, at));
      continue;
    }
    for (std::size_t p = 0; p < item.items().size(); ++p) {
      out.back().push_back(build(item.items()[p], fmt::format("{}.{}", at, p)));
    }
  }
  return out;
}

std::shared_ptr<const SourceLaws> source_laws(const SourceDrifts& drifts, const World& world,
                                              const ExpertClock& clock) {
  auto out = std::make_shared<SourceLaws>();
  for (std::size_t s = 0; s < drifts.size(); ++s) {
    try {
      out->laws.push_back(
          world.environment(moved(drifts[s], world, clock, clock.path.child(s + 1))));
    } catch (const InputError& error) {
      throw InputError(fmt::format("sources.{}: {}", s, error.what()));
    }
  }
  return out;
}

Trajectory consensus(const World& world, const std::vector<Trajectory>& trajectories, Draws draws) {
  TR_CHECK(!trajectories.empty(), "no trajectory");
  const Vocabulary& vocabulary = world.vocabulary();
  std::vector<std::array<int, 4>> votes(vocabulary.attributes());
  std::vector<double> answers(vocabulary.diseases(), 0.0);
  std::vector<int> category(vocabulary.diseases(), -1);
  for (const Trajectory& trajectory : trajectories) {
    const Written said = read_trajectory(vocabulary, trajectory.tokens);
    for (std::size_t k = 0; k < votes.size(); ++k) ++votes[k][static_cast<int>(said.report[k])];
    answers[said.disease] += 1;
    category[said.disease] = said.category;
  }
  const double most = *std::max_element(answers.begin(), answers.end());
  for (double& a : answers) a = a == most ? 1 : 0;
  const int z = draws.categorical(answers);
  std::vector<Slot> report(votes.size());
  std::transform(votes.begin(), votes.end(), report.begin(), plurality);
  cap_mentions(report, world.max_mentions());
  return make_trajectory(vocabulary, report, category[z], z);
}

}  // namespace tightrope
