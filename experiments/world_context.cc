// SPDX-License-Identifier: Apache-2.0
#include "experiments/world_context.h"

#include "core/base/check.h"
#include "core/base/hash.h"
#include "experiments/streams.h"

namespace tightrope {

WorldContext::WorldContext(const Experiment& experiment, std::int64_t seed)
    : named_(experiment.environments),
      drift_(experiment.drift),
      clock_{experiment.horizon()},
      drift_stream_(lane_stream(experiment, Purpose::kDriftPath, seed)),
      evaluation_stream_(lane_stream(experiment, Purpose::kEvaluation, seed)),
      probe_stream_(lane_stream(experiment, Purpose::kProbe, seed)),
      evaluation_cases_(static_cast<int>(experiment.evaluate.cases)),
      probe_cases_(static_cast<int>(experiment.record.probes)),
      probe_(experiment.record.probe),
      world_(experiment.world->make(lane_stream(experiment, Purpose::kWorld, seed))) {
  clock_.world = world_.get();
  for (std::size_t e = 0; e < named_.size(); ++e) {
    evaluation_.push_back(std::make_unique<Lazy>());
    probes_.push_back(std::make_unique<Lazy>());
  }
}

WorldParams WorldContext::params_at(std::int64_t t,
                                    std::span<const DriftReaction> reactions) const {
  return compose(drift_, world_->base(), t, clock(reactions), drift_stream_);
}

std::int64_t WorldContext::time_of(const NamedEnvironment& named) const {
  return named.at_end ? clock_.horizon : named.at;
}

WorldParams WorldContext::params_of(const NamedEnvironment& named) const {
  WorldParams then = params_at(time_of(named));
  return named.only ? with_mechanisms(params_at(0), then, *named.only) : then;
}

const std::vector<MechanismDistance>& WorldContext::drift_distances(std::int64_t t) {
  const std::lock_guard lock(mutex_);
  auto& slot = distances_[t];
  if (!slot.empty()) return slot;
  const WorldParams now = params_at(t);
  // Stretches without change are common and the distances cost quadratures: compute each law once.
  for (const auto& [other, known] : distinct_) {
    if (largest_change(other, now, "") == 0) return slot = known;
  }
  slot = world_->distances(params_at(0), now);
  distinct_.emplace_back(now, slot);
  return slot;
}

const std::vector<MechanismDistance>& WorldContext::step_distances(std::int64_t from,
                                                                   std::int64_t to) {
  const std::vector<MechanismDistance>& none = drift_distances(0);
  const std::lock_guard lock(mutex_);
  auto& slot = steps_[{from, to}];
  if (!slot.empty()) return slot;
  const WorldParams before = params_at(from), after = params_at(to);
  return slot = largest_change(before, after, "") == 0 ? none : world_->distances(before, after);
}

const std::vector<MechanismDistance>& WorldContext::mixed_distances(const NamedEnvironment& named) {
  const std::lock_guard lock(mutex_);
  auto& slot = mixed_[named.name];
  if (slot.empty()) slot = world_->distances(params_at(0), params_of(named));
  return slot;
}

bool WorldContext::mixes_at(std::int64_t t) const {
  constexpr double kRest = 0.01;  // of a sigmoid, which is never quite 0 or 1
  const std::vector<double> weights = mixture_weights(drift_, t, clock_);
  return std::any_of(weights.begin(), weights.end(),
                     [](double w) { return w > kRest && w < 1 - kRest; });
}

std::shared_ptr<const Environment> WorldContext::environment(const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto& slot = environments_[name];
  if (slot) return slot;
  for (const NamedEnvironment& named : named_) {
    if (named.name == name) slot = world_->environment(params_of(named));
  }
  TR_CHECK(slot != nullptr, "no environment {}", name);
  return slot;
}

CaseLaws WorldContext::laws_at(std::int64_t t, int count) {
  const std::lock_guard lock(mutex_);
  if (t != recent_time_) recent_.clear();
  recent_time_ = t;
  return laws_at(t, count, [&](DriftSide side) {
    auto& law = recent_[side];
    if (!law) {
      law = world_->environment(compose(drift_, world_->base(), t, clock_, drift_stream_, side));
    }
    return law;
  });
}

CaseLaws WorldContext::laws_at(
    std::int64_t t, int count,
    const std::function<std::shared_ptr<const Environment>(DriftSide)>& law_of) const {
  const std::vector<double> weights = mixture_weights(drift_, t, clock_);
  CaseLaws out;
  if (is_certain(weights)) return {{law_of(likeliest_side(weights))}, {}};
  std::map<DriftSide, int> index;
  for (int n = 0; n < count; ++n) {
    const DriftSide side = draw_side(weights, drift_stream_, t, static_cast<std::uint32_t>(n));
    const auto [found, fresh] = index.try_emplace(side, static_cast<int>(out.laws.size()));
    if (fresh) out.laws.push_back(law_of(side));
    out.of_case.push_back(found->second);
  }
  return out;
}

void WorldContext::draw_probes(std::size_t e, Cases& out) {
  probe_->draw(*world_, *environment(named_[e].name),
               probe_stream_.child(hash64(named_[e].drawn_as())), probe_cases_, out);
}

void WorldContext::fill(CaseSet& set, std::size_t e, Purpose purpose, int count) {
  const std::shared_ptr<const Environment> environment_now = environment(named_[e].name);
  if (purpose == Purpose::kProbe) {
    draw_probes(e, set.cases);
  } else {
    environment_now->sample(evaluation_stream_.child(hash64(named_[e].drawn_as())), 0, 0, count,
                            set.cases);
  }
  const Vocabulary& vocabulary = world_->vocabulary();
  set.factual.clear(set.cases.channels);
  set.swapped.clear(set.cases.channels);
  set.oracle.resize(count);
  std::vector<Slot> swapped;
  for (int n = 0; n < count; ++n) {
    const std::span<const Slot> report = set.cases.report_of(n);
    swapped.assign(report.begin(), report.end());
    for (Slot& slot : swapped) {
      if (slot == Slot::kSynonym0)
        slot = Slot::kSynonym1;
      else if (slot == Slot::kSynonym1)
        slot = Slot::kSynonym0;
    }
    const int category = set.cases.category[n];
    const int disease = set.cases.disease[n];
    set.factual.add_case(set.cases.image_of(n));
    const Trajectory factual = make_trajectory(vocabulary, report, category, disease);
    set.factual.add(factual);
    set.swapped.add_case(set.cases.image_of(n));
    set.swapped.add(make_trajectory(vocabulary, swapped, category, disease));
    environment_now->oracle(set.cases.image_of(n), factual.tokens, set.oracle[n]);
  }
}

const CaseSet& WorldContext::evaluation(std::size_t e) {
  std::call_once(evaluation_[e]->once,
                 [&] { fill(evaluation_[e]->set, e, Purpose::kEvaluation, evaluation_cases_); });
  return evaluation_[e]->set;
}

const CaseSet& WorldContext::probes(std::size_t e) {
  std::call_once(probes_[e]->once,
                 [&] { fill(probes_[e]->set, e, Purpose::kProbe, probe_cases_); });
  return probes_[e]->set;
}

std::shared_ptr<WorldContext> WorldContexts::get(const Experiment& experiment, std::int64_t seed) {
  std::string key = std::to_string(seed) + ":" + std::to_string(experiment.horizon());
  for (const char* part :
       {"seed", "seed_varies", "world", "drift", "environments", "evaluate", "record"}) {
    const Node* node = experiment.resolved.find(part);
    if (node != nullptr) key += to_json(*node);
  }
  const std::lock_guard lock(mutex_);
  for (auto entry = recent_.begin(); entry != recent_.end(); ++entry) {
    if (entry->first == key) {
      recent_.splice(recent_.begin(), recent_, entry);
      return recent_.front().second;
    }
  }
  recent_.emplace_front(key, std::make_shared<WorldContext>(experiment, seed));
  if (recent_.size() > capacity_) recent_.pop_back();
  return recent_.front().second;
}

}  // namespace tightrope
