// SPDX-License-Identifier: Apache-2.0
#include "experiments/lane_world.h"

#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "drift/distance_search.h"
#include "experiments/prequential.h"

namespace tightrope {
namespace {

// The policy's answers on `count` cases of a law, the same draws whatever the law.
class Observer {
 public:
  Observer(const World& world, const Policy& policy, std::span<const float> parameters,
           Workspace& workspace, const Stream& stream, std::uint32_t step, int count)
      : world_(world),
        policy_(policy),
        parameters_(parameters),
        workspace_(workspace),
        stream_(stream),
        step_(step),
        count_(count) {}

  double loss(const WorldParams& params) {
    const Distributions out = answer(params);
    double sum = 0;
    for (int n = 0; n < count_; ++n) sum -= out.belief[n * out.diseases + cases_.disease[n]];
    return sum / count_;
  }

  double regret(const WorldParams& params) {
    const CaseLaws law{{world_.environment(params)}, {}};
    law.of(0).sample(stream_, step_, 0, count_, cases_);
    return prequential(policy_, parameters_, cases_, law, workspace_)
        .at("prequential/regret")
        .mean();
  }

  std::vector<double> answers(const WorldParams& params) {
    const Distributions out = answer(params);
    std::vector<double> mean(out.diseases, 0.0);
    for (int n = 0; n < count_; ++n) {
      for (int z = 0; z < out.diseases; ++z) {
        mean[z] += std::exp(out.belief[n * out.diseases + z]) / count_;
      }
    }
    return mean;
  }

 private:
  Distributions answer(const WorldParams& params) {
    world_.environment(params)->sample(stream_, step_, 0, count_, cases_);
    return direct_answers(policy_, parameters_, cases_, workspace_);
  }

  const World& world_;
  const Policy& policy_;
  std::span<const float> parameters_;
  Workspace& workspace_;
  Stream stream_;
  std::uint32_t step_;
  int count_;
  Cases cases_;
};

}  // namespace

LaneWorld::LaneWorld(std::shared_ptr<WorldContext> context, std::vector<DriftReaction> reactions)
    : context_(std::move(context)),
      place_(reactive_place(context_->drift())),
      reactions_(std::move(reactions)) {
  TR_CHECK(place_ || reactions_.empty(), "{} reactions of nothing", reactions_.size());
}

CaseLaws LaneWorld::laws_at(std::int64_t t, int count) {
  if (!place_) return context_->laws_at(t, count);
  const World& world = context_->world();
  return context_->laws_at(t, count, [&](DriftSide side) {
    WorldParams params = compose(context_->drift(), world.base(), t, context_->clock(reactions_),
                                 context_->drift_stream(), side);
    auto& [known, law] = recent_[side];
    if (!law || largest_change(known, params, "") != 0) {
      law = world.environment(params);
      known = std::move(params);
    }
    return law;
  });
}

bool LaneWorld::react(std::int64_t t, const Policy& policy, std::span<const float> parameters,
                      Workspace& workspace) {
  if (rule() == nullptr || (!reactions_.empty() && reactions_.back().time >= t)) return true;
  const DriftList& drift = context_->drift();
  const DriftClock clock = context_->clock(reactions_);
  if (!rule()->decisions(clock).has(t)) return true;
  const Stream& stream = context_->drift_stream();
  const DriftSide side = likeliest_side(mixture_weights(drift, t, clock));
  // What the process compares, the ones after it move on.
  const auto whole = [&](const WorldParams& params) {
    return compose_part(drift, *place_ + 1, drift.size(), params, t, clock, stream, side);
  };
  Observer observer(context_->world(), policy, parameters, workspace,
                    stream.child(hash64("observation")), static_cast<std::uint32_t>(t),
                    rule()->cases());
  const PolicyObservation observation{
      [&](const WorldParams& params) { return observer.loss(whole(params)); },
      [&](const WorldParams& params) { return observer.regret(whole(params)); },
      [&](const WorldParams& params) { return observer.answers(whole(params)); }};
  const WorldParams base =
      compose_part(drift, 0, *place_, context_->world().base(), t, clock, stream, side);
  std::vector<double> numbers =
      rule()->react(base, t, clock, path_of(stream, *place_), observation);
  for (const double x : numbers) {
    if (!std::isfinite(x)) return false;
  }
  reactions_.push_back({t, std::move(numbers)});
  return true;
}

std::vector<std::string> LaneWorld::metrics(const DriftList& drift) {
  const auto place = reactive_place(drift);
  if (!place) return {};
  std::vector<std::string> names = drift[*place]->reactive()->measures();
  for (const std::string& name : distance_names()) names.push_back("drift/" + name);
  return names;
}

MetricSums LaneWorld::metrics_at(std::int64_t t) const {
  if (reactions_.empty() || reactions_.back().time != t) return {};
  std::vector<double> values = rule()->measured(reactions_);
  const std::vector<MechanismDistance> moved =
      context_->world().distances(context_->params_at(0), context_->params_at(t, reactions_));
  for (const std::string& name : distance_names()) values.push_back(whole_distance(moved, name));
  const std::vector<std::string> names = metrics(context_->drift());
  TR_CHECK(names.size() == values.size(), "{} names, {} values", names.size(), values.size());
  MetricSums out;
  for (std::size_t i = 0; i < names.size(); ++i) out[names[i]] = {values[i], 1};
  return out;
}

std::vector<MechanismDistance> LaneWorld::distances(std::int64_t t, std::int64_t now) const {
  return step(0, t, now);
}

std::vector<MechanismDistance> LaneWorld::step(std::int64_t from, std::int64_t to,
                                               std::int64_t now) const {
  const DecisionTimes times =
      rule() == nullptr ? DecisionTimes{} : rule()->decisions(context_->clock());
  if (rule() == nullptr || times.until(to) == 0) {
    return from == 0 ? context_->drift_distances(to) : context_->step_distances(from, to);
  }
  if (times.until(to) <= times.until(now - 1)) {
    return context_->world().distances(context_->params_at(from, reactions_),
                                       context_->params_at(to, reactions_));
  }
  constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();
  std::vector<MechanismDistance> out = context_->drift_distances(0);
  for (MechanismDistance& row : out) row = {row.mechanism, kNotKnown, kNotKnown, kNotKnown};
  return out;
}

void LaneWorld::save(Checkpoint& checkpoint, const std::string& prefix) const {
  save_reactions(checkpoint, prefix, reactions_);
}

void LaneWorld::load(const Checkpoint& checkpoint, const std::string& prefix) {
  reactions_ = load_reactions(checkpoint, prefix);
}

void save_reactions(Checkpoint& checkpoint, const std::string& prefix,
                    const std::vector<DriftReaction>& reactions) {
  if (reactions.empty()) return;
  std::vector<std::int64_t> times;
  std::vector<double> numbers;
  for (const DriftReaction& reaction : reactions) {
    times.push_back(reaction.time);
    numbers.insert(numbers.end(), reaction.numbers.begin(), reaction.numbers.end());
  }
  checkpoint.set(prefix + "/time", std::move(times));
  checkpoint.set(prefix + "/numbers", std::move(numbers));
}

std::vector<DriftReaction> load_reactions(const Checkpoint& checkpoint, const std::string& prefix) {
  if (!checkpoint.has(prefix + "/time")) return {};
  const std::vector<std::int64_t>& times = checkpoint.get<std::int64_t>(prefix + "/time");
  const std::vector<double>& numbers = checkpoint.get<double>(prefix + "/numbers");
  const std::size_t width = numbers.size() / times.size();
  TR_CHECK(numbers.size() == width * times.size(), "{} numbers of {} reactions", numbers.size(),
           times.size());
  std::vector<DriftReaction> out;
  for (std::size_t k = 0; k < times.size(); ++k) {
    const auto begin = numbers.begin() + static_cast<std::ptrdiff_t>(k * width);
    out.push_back({times[k], {begin, begin + static_cast<std::ptrdiff_t>(width)}});
  }
  return out;
}

}  // namespace tightrope
