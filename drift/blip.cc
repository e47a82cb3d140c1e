// SPDX-License-Identifier: Apache-2.0
// A blip: the new law for `length` steps from step `at` on, then the old one again, each change
// sudden or over `width` steps (Webb et al. 2016: a blip is a drift that lasts so short that
// nothing should follow it). Draws nothing but the target's path.
#include <cmath>

#include "drift/law.h"
#include "drift/movement.h"
#include "drift/stream_time.h"

namespace tightrope {
namespace {

class Blip final : public MovingProcess {
 public:
  struct Params : MovementParams {
    Node at = Node::scalar("0");
    double length = 20;
    double width = 0;
    std::string law = "linear";
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    add_movement_fields(s);
    s.field("at", &Params::at,
            {.unit = "step", .help = "first step of the new law, or end", .per_lane = true});
    s.field("length", &Params::length,
            {.unit = "step",
             .range = greater_than(0),
             .help = "how long the new law stays",
             .per_lane = true});
    s.field("width", &Params::width,
            {.unit = "step",
             .range = at_least(0),
             .help = "width of each transition; 0: sudden",
             .per_lane = true});
    s.field("law", &Params::law, {.help = "weight over each transition", .choices = law_names()});
    s.check([](const Params& p) { return time_violation("at", p.at); });
    return s;
  }

  explicit Blip(const Params& p)
      : MovingProcess(p),
        at_(parse_time("at", p.at)),
        length_(p.length),
        width_(p.width),
        law_(law_of(p.law)) {}

  std::vector<DriftEvent> events(const DriftClock& clock, const Stream&) const override {
    std::vector<DriftEvent> events;
    const auto add = [&](double time, const char* kind) {
      if (time > static_cast<double>(clock.horizon)) return;
      events.push_back({static_cast<std::int64_t>(std::ceil(time)), "blip", factor(), kind});
    };
    const auto onset = static_cast<double>(at_.on(clock));
    add(onset, "start");
    add(std::ceil(onset + length_), "end");
    return events;
  }

  double progress(std::int64_t t, const DriftClock& clock, const Stream&) const override {
    return recurrence(law_, static_cast<double>(t), static_cast<double>(at_.on(clock)), width_,
                      length_, 0, 1);
  }

 private:
  StreamTime at_;
  double length_, width_;
  Law law_;
};

TR_REGISTER(DriftProcess, Blip, "blip", "a new law for a short while",
            "Webb et al. 2016, Data Mining and Knowledge Discovery 30, blip drift");

}  // namespace
}  // namespace tightrope
