// SPDX-License-Identifier: Apache-2.0
// The adversary within a variation budget: at its decision times it may move the factor's law from
// where it stands towards one of several targets, and takes what hurts the policy most:
//
//   theta_k = argmax over {stay, towards target 1, 2, ...} of the policy's loss or regret,
//   d(theta_{k-1}, theta_k) <= min(step_budget, budget - spent),   spent = sum of d
//
// with d an exact World::distances from the law before to the law after, of which all is used to
// 1e-9, or the whole way to a target that is nearer; once less than 1e-6 is left the law stays.
// Targets are states of the law that the processes before it made. Of equal values the first wins:
// the law stays where moving does not hurt. hellinger and total_variation count like lengths; kl
// grows with the square of a small step, so that many steps go farther than one of their sum. Draws
// nothing but the targets' paths: target i (from 0) from stream.child(i + 1).
#include <algorithm>

#include "core/api/world.h"
#include "core/base/check.h"
#include "core/config/problems.h"
#include "drift/distance_search.h"
#include "drift/movement.h"
#include "drift/stream_time.h"

namespace tightrope {
namespace {

constexpr double kTolerance = 1e-9;
constexpr double kLeast = 1e-6;  // a shorter way is not gone

// Places in the numbers of a reaction.
enum Number : std::size_t { kChoice, kWeight, kDistance, kHurt, kNumbers };

std::string towards_violation(const Node& node) {
  if (!node.is_sequence() || node.items().empty()) {
    return fmt::format(
        "towards = {}: must be a list of at least one target, for example [uniform, reversed]",
        node.is_scalar() ? shown(node) : to_json(node));
  }
  for (std::size_t i = 0; i < node.items().size(); ++i) {
    const std::string why = target_violation(node.items()[i]);
    if (!why.empty()) return fmt::format("towards.{}: {}", i, why);
  }
  return "";
}

class Adversarial final : public DriftProcess, public ReactiveRule {
 public:
  struct Params {
    std::string factor = "prior";
    std::string table = "";
    Node towards = Node::sequence({Node::scalar("uniform")});
    std::int64_t start = 1;
    std::int64_t every = 10;
    Node stop = Node::scalar("end");
    std::string objective = "loss";
    std::string measure = "hellinger";
    double step_budget = 0.05;
    double budget = 0.5;
    std::int64_t cases = 256;
  };

  static Schema<Params> schema();

  explicit Adversarial(const Params& p) : params_(p), stop_(parse_time("stop", p.stop)) {
    for (const Node& to : p.towards.items())
      targets_.emplace_back(MovementParams{p.factor, p.table, to});
  }

  const std::string& factor() const override { return params_.factor; }
  const ReactiveRule* reactive() const override { return this; }

  WorldParams apply(const WorldParams& base, std::int64_t t, const DriftClock& clock,
                    const Stream& stream) const override {
    return law(base, states(base, stream), t, clock);
  }

  std::vector<DriftEvent> events(const DriftClock& clock, const Stream&) const override {
    const DecisionTimes times = decisions(clock);
    if (times.until(clock.horizon) == 0) return {};
    return {{times.first, "adversarial", factor(), "start"},
            {times.last, "adversarial", factor(), "end"}};
  }

  // The share of the budget that is spent.
  double progress(std::int64_t t, const DriftClock& clock, const Stream&) const override {
    return std::min(1.0, spent(clock.reactions, t) / params_.budget);
  }

  DecisionTimes decisions(const DriftClock& clock) const override {
    return {params_.start, params_.every, std::min(stop_.on(clock), clock.horizon - 1)};
  }

  int cases() const override { return static_cast<int>(params_.cases); }

  std::vector<double> react(const WorldParams& base, std::int64_t t, const DriftClock& clock,
                            const Stream& stream, const PolicyObservation& policy) const override;

  std::vector<std::string> measures() const override {
    return {"drift/choice", "drift/" + params_.objective, "drift/step", "drift/spent"};
  }

  std::vector<double> measured(const std::vector<DriftReaction>& reactions) const override {
    const DriftReaction& last = reactions.back();
    return {last.numbers[kChoice], last.numbers[kHurt], last.numbers[kDistance],
            spent(reactions, last.time)};
  }

 private:
  static double spent(std::span<const DriftReaction> reactions, std::int64_t t) {
    double sum = 0;
    for (const DriftReaction& reaction : reactions) {
      if (reaction.time <= t) sum += reaction.numbers[kDistance];
    }
    return sum;
  }

  // The targets as laws, [targets].
  std::vector<WorldParams> states(const WorldParams& base, const Stream& stream) const {
    std::vector<WorldParams> out;
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      try {
        out.push_back(targets_[i].apply(base, 1, stream.child(i + 1)));
      } catch (const InputError& error) {
        throw InputError(fmt::format("towards.{}: {}", i, error.what()));
      }
    }
    return out;
  }

  static WorldParams law(const WorldParams& base, const std::vector<WorldParams>& states,
                         std::int64_t t, const DriftClock& clock) {
    WorldParams out = base;
    for (const DriftReaction& reaction : clock.reactions) {
      TR_CHECK(reaction.numbers.size() == kNumbers, "{} numbers", reaction.numbers.size());
      const auto choice = static_cast<std::size_t>(reaction.numbers[kChoice]);
      TR_CHECK(choice <= states.size(), "choice {} of {}", choice, states.size());
      if (reaction.time > t || choice == 0) continue;
      out = between(out, states[choice - 1], reaction.numbers[kWeight], Space::kNatural);
    }
    return out;
  }

  Params params_;
  StreamTime stop_;
  std::vector<Movement> targets_;
};

std::vector<double> Adversarial::react(const WorldParams& base, std::int64_t t,
                                       const DriftClock& clock, const Stream& stream,
                                       const PolicyObservation& policy) const {
  TR_REQUIRE(clock.world != nullptr, "adversarial needs a world to measure with");
  const std::vector<WorldParams> towards = states(base, stream);
  const WorldParams present = law(base, towards, t, clock);
  const auto& hurt = params_.objective == "loss" ? policy.loss : policy.regret;
  std::vector<double> best = {0, 0, 0, hurt(present)};
  const double allowed = std::min(params_.step_budget, params_.budget - spent(clock.reactions, t));
  for (std::size_t i = 0; allowed > kLeast && i < towards.size(); ++i) {
    const auto distance = [&](double w) {
      return whole_distance(
          clock.world->distances(present, between(present, towards[i], w, Space::kNatural)),
          params_.measure);
    };
    double weight = 1;
    if (distance(1) > allowed) {
      // From below: what is used never exceeds what is allowed.
      const auto found = weight_at_distance(distance, allowed - kTolerance / 2, kTolerance / 2);
      TR_REQUIRE(found.has_value(), "towards.{}: no {} of {} on the way to it", i, params_.measure,
                 allowed);
      weight = *found;
    }
    const double value = hurt(between(present, towards[i], weight, Space::kNatural));
    if (value > best[kHurt]) best = {static_cast<double>(i + 1), weight, distance(weight), value};
  }
  return best;
}

Schema<Adversarial::Params> Adversarial::schema() {
  using P = Params;
  Schema<P> s;
  s.field("factor", &P::factor,
          {.help = "what moves: prior, confounding, mechanism, visual, lexical, spurious, or "
                   "another factor of the world"});
  s.field("table", &P::table,
          {.help = "one table of the factor; empty: every table of the factor that a target fits"});
  s.field("towards", &P::towards,
          {.help = "list of the targets to choose from, each as `to` of the other processes: "
                   "uniform, reversed, permuted, a number, {scale: x}, {shift: x}, {rewired: "
                   "fraction}, or the table's values"});
  s.field("start", &P::start,
          {.unit = "step", .range = at_least(1), .help = "first decision", .per_lane = true});
  s.field("every", &P::every,
          {.unit = "step",
           .range = at_least(1),
           .help = "steps from one decision to the next",
           .per_lane = true});
  s.field("stop", &P::stop,
          {.unit = "step", .help = "no decision after this step, or end", .per_lane = true});
  s.field("objective", &P::objective,
          {.help = "what hurts: loss, the log loss of answers without thinking (also of laws that "
                   "are hard for everybody), or regret, what it exceeds the oracle's by",
           .choices = {"loss", "regret"}});
  s.field("measure", &P::measure,
          {.help = "the distance that budgets are in: kl of the whole law, or the largest of a "
                   "mechanism",
           .choices = distance_names()});
  s.field("step_budget", &P::step_budget,
          {.unit = "1",
           .range = greater_than(0),
           .help = "largest distance of one decision (nat for kl)",
           .per_lane = true});
  s.field("budget", &P::budget,
          {.unit = "1",
           .range = greater_than(0),
           .help = "largest sum of the distances of all decisions (nat for kl)",
           .per_lane = true});
  s.field("cases", &P::cases,
          {.unit = "case",
           .range = between(1, 1e6),
           .help = "cases on which the objective under a candidate law is measured"});
  s.check([](const P& p) { return towards_violation(p.towards); });
  s.check([](const P& p) { return time_violation("stop", p.stop); });
  return s;
}

TR_REGISTER(DriftProcess, Adversarial, "adversarial",
            "chooses within a budget what hurts the policy most",
            "budget: Besbes et al. 2015, Operations Research 63(5); the greedy adversary is ours");

}  // namespace
}  // namespace tightrope
