// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/policy_workload.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/base/math.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

constexpr std::int64_t kSteps = 1 << 20;

PolicyContext make_context(const WorkloadSizes& sizes) {
  Names names;
  for (int i = 0; i < sizes.diseases; ++i) names.diseases.push_back("z" + std::to_string(i));
  for (int i = 0; i < sizes.attributes; ++i) names.attributes.push_back("a" + std::to_string(i));
  return {Vocabulary(names), sizes.attributes, std::max(18, sizes.findings), sizes.device};
}

template <class Interface>
std::shared_ptr<const Interface> build(const std::string& yaml) {
  Problems problems;
  auto out = Registry<Interface>::get().build(parse_yaml(yaml, "bench"), "", problems);
  problems.throw_if_any();
  return out;
}

class DpoLoss final : public Pullback {
 public:
  DpoLoss(double beta, double pairs) : beta_(beta), pairs_(pairs) {}
  double loss = 0;

  void operator()(const Group& group, GroupGradient gradient) override {
    const int first_token = group.offset[0];
    const int first = group.group_begin[0];
    for (int b = 0; b < group.cases(); ++b) {
      const int n = group.group_begin[b] - first;
      const auto at = [&](int i) { return group.offset[i] - first_token; };
      double margin = 0;
      for (int i = at(n); i < at(n + 2); ++i) {
        if (group.mask[i] == 0) continue;
        const double ratio = group.log_prob[i] - group.data.reference_log_prob[i];
        margin += i < at(n + 1) ? ratio : -ratio;
      }
      loss -= log_sigmoid(beta_ * margin) / pairs_;
      const double d = -beta_ * sigmoid(-beta_ * margin) / pairs_;
      for (int i = at(n); i < at(n + 2); ++i) {
        if (group.mask[i] != 0) gradient.log_prob[i] += i < at(n + 1) ? d : -d;
      }
    }
  }

 private:
  double beta_;
  double pairs_;
};

// A report of about 6 findings and any diagnosis.
Trajectory varying_report(const PolicyContext& context, const WorkloadSizes& sizes, Draws& draws) {
  std::vector<Slot> report(sizes.attributes, Slot::kSilent);
  for (Slot& slot : report) {
    if (draws.bernoulli(6.0 / sizes.attributes)) slot = static_cast<Slot>(1 + draws.below(3));
  }
  return make_trajectory(context.vocabulary, report, -1,
                         static_cast<int>(draws.below(sizes.diseases)));
}

// The first `kept` findings of `t`, then others up to `findings`, in an order of no meaning to a
// policy without the grammar.
void refill(const PolicyContext& context, const WorkloadSizes& sizes, int kept, Draws& draws,
            Trajectory& t) {
  const Vocabulary& v = context.vocabulary;
  t.tokens.erase(t.tokens.begin() + 1 + kept, t.tokens.end());
  while (static_cast<int>(t.tokens.size()) <= sizes.findings) {
    t.tokens.push_back(v.finding(static_cast<int>(draws.below(sizes.attributes)), Slot::kSynonym0));
  }
  t.tokens.insert(t.tokens.end(),
                  {v.end_think(), v.disease(static_cast<int>(draws.below(sizes.diseases))),
                   Vocabulary::end_of_sequence()});
  t.mask.assign(t.tokens.size(), 1);
  t.mask[0] = 0;
}

}  // namespace

PolicyWorkload::~PolicyWorkload() = default;

PolicyWorkload::PolicyWorkload(const WorkloadSizes& sizes, const std::string& policy,
                               const std::string& stepper)
    : sizes_(sizes), context_(make_context(sizes)) {
  policy_ = build<PolicyModel>(policy)->make(context_);
  stepper_ = build<Stepper>(stepper);
  layout_ = policy_->layout();
  const std::int64_t count = policy_->parameter_count();
  for (int l = 0; l < sizes_.lanes; ++l) {
    Lane lane;
    lane.parameters.resize(count);
    lane.gradient.resize(count);
    lane.state.resize(stepper_->state_size(count));
    lane.workspace = policy_->workspace();
    policy_->initialise(Stream(1, Purpose::kInitial, l), lane.parameters);
    lanes_.push_back(std::move(lane));
  }
  make_pairs();
}

void PolicyWorkload::make_pairs() {
  const Stream stream(1, Purpose::kData, 1);
  const std::size_t channels = context_.channels;
  images_.resize(sizes_.pairs * channels);
  for (int n = 0; n < sizes_.pairs; ++n) {
    Draws draws = stream.at(0, static_cast<std::uint32_t>(n));
    for (std::size_t k = 0; k < channels; ++k) {
      images_[n * channels + k] = static_cast<float>(draws.normal());
    }
    chosen_.push_back(varying_report(context_, sizes_, draws));
    rejected_.push_back(varying_report(context_, sizes_, draws));
    if (sizes_.findings > 0) {
      refill(context_, sizes_, 0, draws, chosen_.back());
      rejected_.back() = chosen_.back();
      refill(context_, sizes_, sizes_.shared, draws, rejected_.back());
    }
    TokenBatch batch;
    batch.clear(context_.channels);
    batch.add_case(std::span(images_).subspan(n * channels, channels));
    batch.add(chosen_.back());
    batch.add(rejected_.back());
    TokenQuantities reference;
    policy_->evaluate(lanes_[0].parameters, batch, {}, reference, *lanes_[0].workspace);
    reference_.push_back(std::move(reference.log_prob));
  }
}

double PolicyWorkload::mean_tokens() const {
  double total = 0;
  for (const Trajectory& t : chosen_) total += static_cast<double>(t.tokens.size());
  for (const Trajectory& t : rejected_) total += static_cast<double>(t.tokens.size());
  return total / static_cast<double>(chosen_.size() + rejected_.size());
}

void PolicyWorkload::gather(Lane& lane) {
  const Draws origin = Stream(1, Purpose::kOrder, 1).at(static_cast<std::uint32_t>(lane.step));
  Draws draws = origin;
  const std::size_t channels = context_.channels;
  lane.batch.clear(context_.channels);
  lane.reference.clear();
  for (int b = 0; b < sizes_.batch; ++b) {
    const std::uint32_t n =
        sizes_.pairs == sizes_.batch ? b : draws.below(static_cast<std::uint32_t>(sizes_.pairs));
    lane.batch.add_case(std::span(images_).subspan(n * channels, channels));
    lane.batch.add(chosen_[n]);
    lane.batch.add(rejected_[n]);
    lane.reference.insert(lane.reference.end(), reference_[n].begin(), reference_[n].end());
  }
  std::fill(lane.gradient.begin(), lane.gradient.end(), 0.0F);
}

void PolicyWorkload::update(Lane& lane) {
  stepper_->update(lane.parameters, lane.gradient, lane.state, lane.step++, kSteps, layout_);
}

void PolicyWorkload::step() {
  Lane& lane = lanes_[next_lane_];
  next_lane_ = (next_lane_ + 1) % lanes_.size();
  gather(lane);
  DpoLoss loss(kWorkloadBeta, sizes_.batch);
  policy_->step(lane.parameters, lane.batch, {.reference_log_prob = lane.reference}, {}, loss,
                lane.gradient, *lane.workspace);
  update(lane);
  last_loss_ = loss.loss;
}

void PolicyWorkload::step_together() {
  std::vector<DpoLoss> losses(lanes_.size(), DpoLoss(kWorkloadBeta, sizes_.batch));
  std::vector<LaneStep> steps;
  for (std::size_t l = 0; l < lanes_.size(); ++l) {
    Lane& lane = lanes_[l];
    gather(lane);
    steps.push_back({lane.parameters,
                     &lane.batch,
                     {.reference_log_prob = lane.reference},
                     {},
                     &losses[l],
                     lane.gradient});
  }
  policy_->step_lanes(steps, *lanes_[0].workspace);
  for (Lane& lane : lanes_) update(lane);
  last_loss_ = losses[0].loss;
}

}  // namespace tightrope
