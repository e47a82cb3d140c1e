// SPDX-License-Identifier: Apache-2.0
// Gradual drift: with p(t) = the law's weight, a case at time t comes from the new law with
// probability p(t) (mode mixture, MOA's ConceptDriftStream), or the tables stand at weight p(t)
// between old and new (mode interpolate). Draws nothing itself; see drift/compose.h for the cases.
#include "drift/law.h"
#include "drift/movement.h"
#include "drift/stream_time.h"
#include "drift/transition_events.h"

namespace tightrope {
namespace {

class Gradual final : public MovingProcess {
 public:
  struct Params : MovementParams {
    std::string law = "moa_sigmoid";
    Node at = Node::scalar("0");
    double width = 1000;
    std::string mode = "mixture";
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    add_movement_fields(s);
    s.field("law", &Params::law,
            {.help = "weight over time: moa_sigmoid is never quite 0 or 1, the others are outside "
                     "at - width/2 .. at + width/2",
             .choices = law_names()});
    s.field("at", &Params::at,
            {.unit = "step", .help = "step at which the weight is 1/2, or end", .per_lane = true});
    s.field(
        "width", &Params::width,
        {.unit = "step", .range = greater_than(0), .help = "width w of the law", .per_lane = true});
    s.field("mode", &Params::mode,
            {.help = "mixture: each case comes from the old or the new law; interpolate: one law "
                     "in between",
             .choices = {"mixture", "interpolate"}});
    s.check([](const Params& p) { return time_violation("at", p.at); });
    return s;
  }

  explicit Gradual(const Params& p)
      : MovingProcess(p),
        law_(law_of(p.law)),
        at_(parse_time("at", p.at)),
        width_(p.width),
        mixture_(p.mode == "mixture") {}

  WorldParams apply(const WorldParams& base, std::int64_t t, const DriftClock& clock,
                    const Stream& stream) const override {
    return movement_.apply(base, mixture_ ? 1.0 : weight(t, clock), stream);
  }

  std::vector<DriftEvent> events(const DriftClock& clock, const Stream&) const override {
    return transition_events("gradual", factor(), static_cast<double>(at_.on(clock)), width_,
                             clock);
  }

  double progress(std::int64_t t, const DriftClock& clock, const Stream&) const override {
    return weight(t, clock);
  }

  double mixture_weight(std::int64_t t, const DriftClock& clock) const override {
    return mixture_ ? weight(t, clock) : 1.0;
  }

 private:
  double weight(std::int64_t t, const DriftClock& clock) const {
    return transition(law_, static_cast<double>(t), static_cast<double>(at_.on(clock)), width_);
  }

  Law law_;
  StreamTime at_;
  double width_;
  bool mixture_;
};

TR_REGISTER(DriftProcess, Gradual, "gradual", "lets a new law take over case by case",
            "MOA ConceptDriftStream; truncated_sigmoid: CapyMOA");

}  // namespace
}  // namespace tightrope
