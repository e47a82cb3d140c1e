// SPDX-License-Identifier: Apache-2.0
// Incremental drift: the law itself moves through intermediates from step `start` to step `stop`
// (Webb et al. 2016). Draws nothing but the target's path.
#include <algorithm>

#include "drift/law.h"
#include "drift/movement.h"
#include "drift/stream_time.h"
#include "drift/transition_events.h"

namespace tightrope {
namespace {

class Incremental final : public MovingProcess {
 public:
  struct Params : MovementParams {
    Node start = Node::scalar("0");
    Node stop = Node::scalar("end");
    std::string path = "linear";
    std::string space = "natural";
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    add_movement_fields(s);
    s.field("start", &Params::start,
            {.unit = "step", .help = "last step under the old law, or end", .per_lane = true});
    s.field(
        "stop", &Params::stop,
        {.unit = "step", .help = "first step fully under the new law, or end", .per_lane = true});
    s.field("path", &Params::path,
            {.help = "weight over time between start and stop", .choices = {"linear", "cosine"}});
    s.field("space", &Params::space,
            {.help = "natural: positive tables move geometrically, probabilities along their "
                     "logit, simplex rows and the rest linearly; linear: all linearly",
             .choices = {"natural", "linear"}});
    s.check([](const Params& p) {
      const std::string first = time_violation("start", p.start);
      return first.empty() ? time_violation("stop", p.stop) : first;
    });
    s.check([](const Params& p) {
      const StreamTime start = parse_time("start", p.start), stop = parse_time("stop", p.stop);
      const bool ordered = stop.at_end || (!start.at_end && start.step <= stop.step);
      return ordered ? std::string()
                     : "start = " + p.start.text() + ": must not lie after stop = " + p.stop.text();
    });
    return s;
  }

  explicit Incremental(const Params& p)
      : MovingProcess(p),
        start_(parse_time("start", p.start)),
        stop_(parse_time("stop", p.stop)),
        law_(p.path == "linear" ? Law::kLinear : Law::kCosine),
        space_(p.space == "natural" ? Space::kNatural : Space::kLinear) {}

  WorldParams apply(const WorldParams& base, std::int64_t t, const DriftClock& clock,
                    const Stream& stream) const override {
    return movement_.apply(base, progress(t, clock, stream), stream, space_);
  }

  std::vector<DriftEvent> events(const DriftClock& clock, const Stream&) const override {
    return transition_events("incremental", factor(), centre(clock), width(clock), clock);
  }

  double progress(std::int64_t t, const DriftClock& clock, const Stream&) const override {
    return transition(law_, static_cast<double>(t), centre(clock), width(clock));
  }

 private:
  double centre(const DriftClock& clock) const {
    return 0.5 * static_cast<double>(start_.on(clock) + stop_.on(clock));
  }
  // A start beyond the horizon (stop: end) never happens: the width is not negative.
  double width(const DriftClock& clock) const {
    return static_cast<double>(std::max<std::int64_t>(0, stop_.on(clock) - start_.on(clock)));
  }

  StreamTime start_, stop_;
  Law law_;
  Space space_;
};

TR_REGISTER(DriftProcess, Incremental, "incremental", "moves a factor step by step",
            "Webb et al. 2016, Data Mining and Knowledge Discovery 30, incremental drift");

}  // namespace
}  // namespace tightrope
