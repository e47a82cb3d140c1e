// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/policy_workload.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/base/math.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

constexpr int kDiseases = 12;
constexpr int kAttributes = 57;
constexpr std::int64_t kSteps = 1 << 20;

PolicyContext make_context(int max_mentions) {
  Names names;
  for (int i = 0; i < kDiseases; ++i) names.diseases.push_back("z" + std::to_string(i));
  for (int i = 0; i < kAttributes; ++i) names.attributes.push_back("a" + std::to_string(i));
  return {Vocabulary(names), kAttributes, max_mentions};
}

template <class Interface>
std::shared_ptr<const Interface> build(const std::string& yaml) {
  Problems problems;
  auto out = Registry<Interface>::get().build(parse_yaml(yaml, "bench"), "", problems);
  problems.throw_if_any();
  return out;
}

// Mean over pairs of -log sigmoid(beta ((chosen - ref) - (rejected - ref))).
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

}  // namespace

PolicyWorkload::~PolicyWorkload() = default;

PolicyWorkload::PolicyWorkload(int lanes, const std::string& policy, int pairs, int batch,
                               int findings, int shared)
    : context_(make_context(std::max(18, findings))), batch_size_(batch) {
  policy_ = build<PolicyModel>(policy)->make(context_);
  stepper_ = build<Stepper>("{type: adamw, lr: 0.006, schedule: cosine, weight_decay: 0.05}");
  layout_ = policy_->layout();
  const std::int64_t count = policy_->parameter_count();
  for (int l = 0; l < lanes; ++l) {
    Lane lane;
    lane.parameters.resize(count);
    lane.gradient.resize(count);
    lane.state.resize(stepper_->state_size(count));
    lane.workspace = policy_->workspace();
    policy_->initialise(Stream(1, Purpose::kInitial, l), lane.parameters);
    lanes_.push_back(std::move(lane));
  }
  make_pairs(pairs, findings, shared);
}

void PolicyWorkload::make_pairs(int pairs, int findings, int shared) {
  const Stream stream(1, Purpose::kData, 1);
  images_.resize(static_cast<std::size_t>(pairs) * kAttributes);
  const auto draw = [&](Draws& draws) {
    std::vector<Slot> report(kAttributes, Slot::kSilent);
    for (Slot& slot : report) {
      if (draws.bernoulli(6.0 / kAttributes)) slot = static_cast<Slot>(1 + draws.below(3));
    }
    return make_trajectory(context_.vocabulary, report, -1, static_cast<int>(draws.below(12)));
  };
  // Exactly `findings` of them, in an order of no meaning to a policy without the grammar.
  const auto fix = [&](Draws& draws, Trajectory& t, int kept) {
    t.tokens.erase(t.tokens.begin() + 1 + kept, t.tokens.end());
    const Vocabulary& v = context_.vocabulary;
    while (static_cast<int>(t.tokens.size()) <= findings) {
      t.tokens.push_back(v.finding(static_cast<int>(draws.below(kAttributes)), Slot::kSynonym0));
    }
    t.tokens.insert(t.tokens.end(), {v.end_think(), v.disease(static_cast<int>(draws.below(12))),
                                     Vocabulary::end_of_sequence()});
    t.mask.assign(t.tokens.size(), 1);
    t.mask[0] = 0;
  };
  for (int n = 0; n < pairs; ++n) {
    Draws draws = stream.at(0, static_cast<std::uint32_t>(n));
    for (int k = 0; k < kAttributes; ++k) {
      images_[static_cast<std::size_t>(n) * kAttributes + k] = static_cast<float>(draws.normal());
    }
    chosen_.push_back(draw(draws));
    rejected_.push_back(draw(draws));
    if (findings > 0) {
      fix(draws, chosen_.back(), 0);
      rejected_.back() = chosen_.back();
      fix(draws, rejected_.back(), shared);
    }
    batch_.clear(kAttributes);
    batch_.add_case(
        std::span(images_).subspan(static_cast<std::size_t>(n) * kAttributes, kAttributes));
    batch_.add(chosen_.back());
    batch_.add(rejected_.back());
    TokenQuantities reference;
    policy_->evaluate(lanes_[0].parameters, batch_, {}, reference, *lanes_[0].workspace);
    reference_.push_back(std::move(reference.log_prob));
  }
}

double PolicyWorkload::mean_tokens() const {
  double total = 0;
  for (const Trajectory& t : chosen_) total += static_cast<double>(t.tokens.size());
  for (const Trajectory& t : rejected_) total += static_cast<double>(t.tokens.size());
  return total / static_cast<double>(chosen_.size() + rejected_.size());
}

void PolicyWorkload::step() {
  Lane& lane = lanes_[next_lane_];
  next_lane_ = (next_lane_ + 1) % lanes_.size();
  const Draws origin = Stream(1, Purpose::kOrder, 1).at(static_cast<std::uint32_t>(lane.step));
  Draws draws = origin;
  batch_.clear(kAttributes);
  batch_reference_.clear();
  for (int b = 0; b < batch_size_; ++b) {
    const std::uint32_t n = draws.below(static_cast<std::uint32_t>(chosen_.size()));
    batch_.add_case(
        std::span(images_).subspan(static_cast<std::size_t>(n) * kAttributes, kAttributes));
    batch_.add(chosen_[n]);
    batch_.add(rejected_[n]);
    batch_reference_.insert(batch_reference_.end(), reference_[n].begin(), reference_[n].end());
  }
  DpoLoss loss(0.3, batch_size_);
  std::fill(lane.gradient.begin(), lane.gradient.end(), 0.0F);
  policy_->step(lane.parameters, batch_, {.reference_log_prob = batch_reference_}, {}, loss,
                lane.gradient, *lane.workspace);
  stepper_->update(lane.parameters, lane.gradient, lane.state, lane.step++, kSteps, layout_);
  last_loss_ = loss.loss;
}

}  // namespace tightrope
