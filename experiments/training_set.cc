// SPDX-License-Identifier: Apache-2.0
#include "experiments/training_set.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "experiments/case_file.h"
#include "experiments/streams.h"

namespace tightrope {
namespace {

// Full, direct or truncated (the prototype's mixture): one draw for the form, one for the cut,
// which is uniform over 0..mentions.
Trajectory supervised(const Stage& stage, const Vocabulary& vocabulary, const Trajectory& full,
                      Draws draws) {
  const Written said = read_trajectory(vocabulary, full.tokens);
  const double form = draws.uniform();
  const auto cut = static_cast<int>(draws.below(count_mentions(said.report) + 1));
  const auto unfinished = [&](int mentions) {
    return make_trajectory(vocabulary, said.report, said.category, said.disease, Ending::kAnswerNow,
                           mentions);
  };
  if (!stage.thinking || form < stage.direct) return unfinished(0);
  if (form >= stage.direct + stage.truncated) return full;
  Trajectory out = unfinished(cut);
  score_answer_only(vocabulary, out);
  return out;
}

// The complete trajectory that a supervised stage learns of case n.
Trajectory imitated(const Stage& stage, const ExpertContext& context, int n, const Stream& stream,
                    std::uint32_t step) {
  if (stage.imitated == Imitated::kFactual) {
    const Cases& cases = context.cases;
    return make_trajectory(context.world.vocabulary(), cases.report_of(n), cases.category[n],
                           cases.disease[n]);
  }
  const Pair pair = stage.expert->propose(context, n, true, stream, step);
  return stage.imitated == Imitated::kProposed ? pair.rejected : pair.chosen;
}

// The chosen trajectory and the expert's alternatives; the source of the last.
PairSource add_alternatives(const Stage& stage, const ExpertContext& context, int n,
                            const Stream& stream, std::uint32_t step, TokenBatch& to) {
  const std::vector<Pair> pairs = stage.expert->propose_several(context, n, stage.thinking, stream,
                                                                step, stage.optimizer->negatives());
  to.add(pairs[0].chosen);
  for (const Pair& pair : pairs) {
    if (!pair.rejected_image.empty()) to.add_case(pair.rejected_image, true);
    to.add(pair.rejected);
  }
  return pairs.back().source;
}

}  // namespace

void copy_case(const Cases& from, int m, Cases& to, int n) {
  to.site[n] = from.site[m];
  to.category[n] = from.category[m];
  to.disease[n] = from.disease[m];
  std::ranges::copy(from.attributes_of(m), to.attributes_of(n).begin());
  std::ranges::copy(from.image_of(m), to.image_of(n).begin());
  std::ranges::copy(from.report_of(m), to.report_of(n).begin());
  if (from.id.empty() && to.id.empty()) return;
  to.id.resize(to.disease.size());
  to.id[n] = from.id.empty() ? "" : from.id[m];
}

TrainingStreams training_streams(const Experiment& experiment, const Stage& stage,
                                 std::int64_t seed) {
  const std::uint64_t tag = hash64(stage.name);
  return {lane_stream(experiment, Purpose::kData, seed).child(tag),
          lane_stream(experiment, Purpose::kExpert, seed).child(tag),
          lane_stream(experiment, Purpose::kForm, seed).child(tag),
          lane_stream(experiment, Purpose::kOrder, seed).child(tag),
          lane_stream(experiment, Purpose::kSampling, seed).child(tag)};
}

ExpertClock expert_clock(const Experiment& experiment, std::int64_t time, std::int64_t seed) {
  return {time, experiment.horizon(),
          lane_stream(experiment, Purpose::kDriftPath, seed).child(hash64("expert"))};
}

Cases draw_cases(const CaseLaws& laws, const Stream& data, std::uint32_t step, int count) {
  Cases cases;
  laws.of(0).sample(data, step, 0, count, cases);
  Cases one;
  for (int n = 0; !laws.of_case.empty() && n < count; ++n) {
    if (laws.of_case[n] == laws.of_case[0]) continue;
    laws.of(n).sample(data, step, static_cast<std::uint32_t>(n), 1, one);
    copy_case(one, 0, cases, n);
  }
  return cases;
}

PolicyView policy_view(const Expert* expert, const Policy& policy,
                       std::span<const float> parameters, Workspace& workspace) {
  if (expert == nullptr || !expert->needs_policy()) return {};
  PolicyView out;
  out.belief = [&policy, parameters, &workspace](int n, const Cases& cases,
                                                 std::span<double> belief) {
    TokenBatch batch;
    batch.clear(cases.channels);
    batch.add_case(cases.image_of(n));
    batch.add({{Vocabulary::think()}, {0}});
    Distributions laws;
    policy.distribution(parameters, batch, laws, workspace);
    for (std::size_t z = 0; z < belief.size(); ++z) belief[z] = std::exp(laws.belief[z]);
  };
  out.sample = [&policy, parameters, &workspace](int n, const Cases& cases, const Stream& stream) {
    std::vector<Sample> samples;
    const SamplingOptions options{.greedy = false, .temperature = 1, .thinking = true};
    policy.sample(parameters, cases.image_of(n), 1, options, stream, 0, samples, workspace);
    return samples[0].trajectory;
  };
  return out;
}

ExpertContext PolicyView::bound(ExpertContext context) const {
  const Cases& cases = context.cases;
  if (belief) {
    context.policy_belief = [this, &cases](int n, std::span<double> out) { belief(n, cases, out); };
  }
  if (sample) {
    context.policy_sample = [this, &cases](int n, const Stream& stream) {
      return sample(n, cases, stream);
    };
  }
  return context;
}

void add_unit(const TokenBatch& from, int u, TokenBatch& to, BatchTotals& totals) {
  for (std::int32_t b = from.unit_begin[u]; b < from.unit_begin[u + 1]; ++b) {
    to.add_case(from.image(b), b > from.unit_begin[u]);
    for (std::int32_t n = from.group_begin[b]; n < from.group_begin[b + 1]; ++n) {
      const std::int32_t begin = from.offset[n];
      const std::int32_t end = from.offset[n + 1];
      to.tokens.insert(to.tokens.end(), from.tokens.begin() + begin, from.tokens.begin() + end);
      to.mask.insert(to.mask.end(), from.mask.begin() + begin, from.mask.begin() + end);
      to.offset.push_back(static_cast<std::int32_t>(to.tokens.size()));
      ++to.group_begin.back();
      const bool first = n == from.group_begin[from.unit_begin[u]];
      totals.add(std::span(from.mask).subspan(begin, end - begin), first);
    }
  }
}

TrainingSet::TrainingSet(const Stage& stage, const World& world, const CaseLaws& laws,
                         const TrainingStreams& streams, std::uint32_t step, int count,
                         const PolicyView& policy, const ExpertClock& clock) {
  Cases cases = stage.file.empty() ? draw_cases(laws, streams.data, step, count)
                                   : read_case_file(stage, world);
  TR_CHECK(cases.size() == count, "{} cases of {}", cases.size(), count);
  all_.clear(cases.channels);
  const bool pairs = stage.optimizer->trajectories() == TrajectoryKind::kPair;
  std::shared_ptr<const ExpertData> data;
  const auto context_of = [&](int n) {
    ExpertContext context = policy.bound({world, laws.of(n), cases, {}});
    context.clock = clock;
    context.data = data.get();
    return context;
  };
  if (pairs || stage.imitated != Imitated::kFactual) data = stage.expert->prepare(context_of(0));
  const Vocabulary& vocabulary = world.vocabulary();
  for (int n = 0; n < count; ++n) {
    all_.add_case(cases.image_of(n));
    if (pairs) {
      source_.push_back(static_cast<std::uint8_t>(
          add_alternatives(stage, context_of(n), n, streams.expert, step, all_)));
    } else {
      all_.add(supervised(stage, vocabulary,
                          imitated(stage, context_of(n), n, streams.expert, step),
                          streams.form.at(step, n)));
    }
  }
  // A stream's batch is asked for its cases; a fixed set of thousands is not kept twice.
  if (stage.data_kind == DataKind::kStream) cases_ = std::move(cases);
}

void TrainingSet::set_reference(const Policy& policy, std::span<const float> parameters,
                                Workspace& workspace) {
  TokenQuantities quantities;
  policy.evaluate(parameters, all_, {}, quantities, workspace);
  reference_ = std::move(quantities.log_prob);
}

void TrainingSet::gather(std::span<const std::int32_t> units, TokenBatch& batch,
                         std::vector<double>& reference, BatchTotals& totals) const {
  batch.clear(all_.channels);
  reference.clear();
  totals = {};
  for (const std::int32_t u : units) {
    add_unit(all_, u, batch, totals);
    if (reference_.empty()) continue;
    const auto begin = reference_.begin() + all_.offset[all_.group_begin[all_.unit_begin[u]]];
    const auto end = reference_.begin() + all_.offset[all_.group_begin[all_.unit_begin[u + 1]]];
    reference.insert(reference.end(), begin, end);
  }
}

std::vector<std::uint8_t> TrainingSet::sources_of(std::span<const std::int32_t> units) const {
  std::vector<std::uint8_t> out;
  if (source_.empty()) return out;
  for (const std::int32_t u : units) out.push_back(source_[u]);
  return out;
}

EpochOrder::EpochOrder(const Stream& stream, int cases, int batch)
    : stream_(stream), cases_(cases), batch_(batch), order_(cases) {
  TR_CHECK(batch >= 1 && cases >= batch, "{} cases, batch {}", cases, batch);
}

std::span<const std::int32_t> EpochOrder::at(std::int64_t step) {
  const std::int64_t per_epoch = cases_ / batch_;
  const std::int64_t epoch = step / per_epoch;
  if (epoch != epoch_) {
    std::iota(order_.begin(), order_.end(), 0);
    Draws draws = stream_.at(static_cast<std::uint32_t>(epoch));
    for (int i = cases_ - 1; i > 0; --i) {
      std::swap(order_[i], order_[draws.below(static_cast<std::uint32_t>(i) + 1)]);
    }
    epoch_ = epoch;
  }
  return std::span(order_).subspan((step % per_epoch) * batch_, batch_);
}

}  // namespace tightrope
