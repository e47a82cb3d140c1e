// SPDX-License-Identifier: Apache-2.0
// A random walk of the factor between its old and its new law, reflected at both: from step `at` on
//
//   w(t) = fold(first + step sqrt(t - at) xi),  increments independent, N(0, step^2) each
//
// with w the weight of the new law. The walk is drawn from the process's path.
#include "drift/movement.h"
#include "drift/random_path.h"
#include "drift/stream_time.h"

namespace tightrope {
namespace {

class RandomWalk final : public MovingProcess {
 public:
  struct Params : MovementParams {
    Node at = Node::scalar("0");
    double step = 0.02;
    double first = 0;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    add_movement_fields(s);
    s.field("at", &Params::at,
            {.unit = "step", .help = "step at which the walk starts, or end", .per_lane = true});
    s.field("step", &Params::step,
            {.unit = "1",
             .range = at_least(0),
             .help = "standard deviation of the weight's change in one step",
             .per_lane = true});
    s.field("first", &Params::first,
            {.unit = "1",
             .range = between(0, 1),
             .help = "weight of the new law at the start",
             .per_lane = true});
    s.check([](const Params& p) { return time_violation("at", p.at); });
    return s;
  }

  explicit RandomWalk(const Params& p)
      : MovingProcess(p), at_(parse_time("at", p.at)), path_{0, p.step}, first_(p.first) {}

  std::vector<DriftEvent> events(const DriftClock& clock, const Stream&) const override {
    if (at_.on(clock) > clock.horizon) return {};
    return {{at_.on(clock), "random_walk", factor(), "start"}};
  }

  double progress(std::int64_t t, const DriftClock& clock, const Stream& stream) const override {
    const std::int64_t since = t - at_.on(clock);
    return since < 0 ? 0.0 : folded(first_ + path_.at(since, stream));
  }

 private:
  StreamTime at_;
  RandomPath path_;
  double first_;
};

TR_REGISTER(DriftProcess, RandomWalk, "random_walk",
            "a random walk between the old and the new law", "ours");

}  // namespace
}  // namespace tightrope
