// SPDX-License-Identifier: Apache-2.0
// Performative drift: the world answers to the policy that it is predicted by. From the k-th
// decision on the prior of diagnoses is
//
//   p_k = (1 - strength) p + strength q_k,   q_k = mean over cases of p_{k-1} of pi(z | v)
//
// with p what the processes before it made and pi the policy at that decision. A policy whose
// answers have mean q whatever the law holds p_k at (1 - strength) p + strength q; a policy that
// stays calibrated leads p_k back to p at the rate strength^k. A law that training on it leaves
// where it is, is performatively stable (Perdomo et al. 2020). Draws nothing.
#include <cmath>
#include <limits>

#include "core/api/drift_process.h"
#include "core/base/check.h"
#include "core/registry/registry.h"

namespace tightrope {
namespace {

std::string table_text(const Table& table) {
  return fmt::format("{} [{}]", table.name, fmt::join(table.dims, ", "));
}

class Self final : public DriftProcess, public ReactiveRule {
 public:
  struct Params {
    double strength = 0.5;
    std::int64_t start = 1;
    std::int64_t every = 10;
    std::int64_t cases = 256;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("strength", &Params::strength,
            {.unit = "1",
             .range = between(0, 1),
             .help = "share of the policy's answers in the prior of diagnoses",
             .per_lane = true});
    s.field("start", &Params::start,
            {.unit = "step", .range = at_least(1), .help = "first answer", .per_lane = true});
    s.field("every", &Params::every,
            {.unit = "step",
             .range = at_least(1),
             .help = "steps from one answer to the next",
             .per_lane = true});
    s.field("cases", &Params::cases,
            {.unit = "case",
             .range = between(1, 1e6),
             .help = "cases that the policy's answers are a mean over"});
    return s;
  }

  explicit Self(const Params& p) : params_(p) {}

  const std::string& factor() const override { return factor_; }
  const ReactiveRule* reactive() const override { return this; }

  WorldParams apply(const WorldParams& base, std::int64_t t, const DriftClock& clock,
                    const Stream&) const override {
    WorldParams out = base;
    std::vector<double>& prior = out.at(prior_of(base)).values;
    const DriftReaction* last = nullptr;
    for (const DriftReaction& reaction : clock.reactions) {
      if (reaction.time <= t) last = &reaction;
    }
    if (last == nullptr) return out;
    TR_CHECK(last->numbers.size() == prior.size(), "{} answers, {} diseases", last->numbers.size(),
             prior.size());
    const double w = params_.strength;
    for (std::size_t z = 0; z < prior.size(); ++z) {
      prior[z] = (1 - w) * prior[z] + w * last->numbers[z];
    }
    return out;
  }

  std::vector<DriftEvent> events(const DriftClock& clock, const Stream&) const override {
    if (decisions(clock).until(clock.horizon) == 0) return {};
    return {{params_.start, "self", factor(), "start"}};
  }

  // The share of the policy's answers.
  double progress(std::int64_t t, const DriftClock& clock, const Stream&) const override {
    const bool answered = !clock.reactions.empty() && clock.reactions.front().time <= t;
    return answered ? params_.strength : 0;
  }

  DecisionTimes decisions(const DriftClock& clock) const override {
    return {params_.start, params_.every, clock.horizon - 1};
  }

  int cases() const override { return static_cast<int>(params_.cases); }

  std::vector<double> react(const WorldParams& base, std::int64_t t, const DriftClock& clock,
                            const Stream& stream, const PolicyObservation& policy) const override {
    std::vector<double> answers = policy.answers(apply(base, t, clock, stream));
    double sum = 0;
    for (const double q : answers) sum += q;
    for (double& q : answers) q /= sum;  // means of float laws: the rest is rounding
    return answers;
  }

  std::vector<std::string> measures() const override { return {"drift/change"}; }

  // Total variation between these answers and the ones before; NaN at the first.
  std::vector<double> measured(const std::vector<DriftReaction>& reactions) const override {
    const std::size_t count = reactions.size();
    if (count < 2) return {std::numeric_limits<double>::quiet_NaN()};
    double change = 0;
    for (std::size_t z = 0; z < reactions.back().numbers.size(); ++z) {
      change += 0.5 * std::abs(reactions[count - 1].numbers[z] - reactions[count - 2].numbers[z]);
    }
    return {change};
  }

 private:
  // The name of the factor's table with a probability per disease.
  std::string prior_of(const WorldParams& base) const {
    std::vector<std::string> others;
    for (const Table& table : base.tables()) {
      if (table.factor != factor_) continue;
      const bool fits = table.constraint == Constraint::kSimplex &&
                        table.dims == std::vector<std::string>{"disease"};
      if (fits) return table.name;
      others.push_back(table_text(table));
    }
    TR_REQUIRE(false,
               "self: moves a table of factor prior with the one axis [disease]; this world has {}",
               others.empty() ? "no factor prior" : fmt::format("{}", fmt::join(others, ", ")));
    return "";
  }

  Params params_;
  std::string factor_ = "prior";
};

TR_REGISTER(DriftProcess, Self, "self", "the prior of diagnoses follows the policy's own answers",
            "performative prediction: Perdomo et al. 2020, arXiv 2002.06673");

}  // namespace
}  // namespace tightrope
