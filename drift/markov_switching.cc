// SPDX-License-Identifier: Apache-2.0
// Two regimes that switch at random (Hamilton 1989): the old law holds at first; each stay is
// geometric, with mean `stay_old` under the old and `stay_new` under the new law, at least one
// step. Stay k draws from stream.at(0, k).
#include <cmath>
#include <functional>

#include "drift/movement.h"
#include "drift/stream_time.h"

namespace tightrope {
namespace {

class MarkovSwitching final : public MovingProcess {
 public:
  struct Params : MovementParams {
    Node at = Node::scalar("0");
    double stay_old = 200;
    double stay_new = 100;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    add_movement_fields(s);
    s.field(
        "at", &Params::at,
        {.unit = "step", .help = "step from which regimes may switch, or end", .per_lane = true});
    s.field("stay_old", &Params::stay_old,
            {.unit = "step",
             .range = at_least(1),
             .help = "mean stay under the old law",
             .per_lane = true});
    s.field("stay_new", &Params::stay_new,
            {.unit = "step",
             .range = at_least(1),
             .help = "mean stay under the new law",
             .per_lane = true});
    s.check([](const Params& p) { return time_violation("at", p.at); });
    return s;
  }

  explicit MarkovSwitching(const Params& p)
      : MovingProcess(p), at_(parse_time("at", p.at)), stay_{p.stay_old, p.stay_new} {}

  std::vector<DriftEvent> events(const DriftClock& clock, const Stream& stream) const override {
    std::vector<DriftEvent> events;
    each_switch(clock, stream, clock.horizon, [&](std::int64_t time, bool to_new) {
      events.push_back({time, "markov_switching", factor(), to_new ? "start" : "end"});
    });
    return events;
  }

  double progress(std::int64_t t, const DriftClock& clock, const Stream& stream) const override {
    bool under_new = false;
    each_switch(clock, stream, t, [&](std::int64_t, bool to_new) { under_new = to_new; });
    return under_new ? 1 : 0;
  }

 private:
  // Visits the switches at times up to `until`.
  void each_switch(const DriftClock& clock, const Stream& stream, std::int64_t until,
                   const std::function<void(std::int64_t time, bool to_new)>& visit) const {
    std::int64_t time = at_.on(clock);
    for (std::uint32_t k = 0;; ++k) {
      const double mean = stay_[k % 2];
      const double u = 1 - stream.at(0, k).uniform();  // in (0, 1]
      const double more = mean > 1 ? std::floor(std::log(u) / std::log1p(-1 / mean)) : 0;
      if (more >= static_cast<double>(until - time)) return;
      time += 1 + static_cast<std::int64_t>(more);
      visit(time, k % 2 == 0);
    }
  }

  StreamTime at_;
  double stay_[2];
};

TR_REGISTER(DriftProcess, MarkovSwitching, "markov_switching",
            "two laws that switch at random times",
            "Hamilton 1989, Econometrica 57; as drift: ours");

}  // namespace
}  // namespace tightrope
