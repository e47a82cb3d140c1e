// SPDX-License-Identifier: Apache-2.0
// Recurring drift: the new law comes at `start` for `length` steps, goes for `gap` steps, and comes
// again (MOA's RecurrentConceptDriftStream with law moa_sigmoid and mode mixture). Draws nothing.
#include <cmath>

#include "drift/law.h"
#include "drift/movement.h"
#include "drift/stream_time.h"

namespace tightrope {
namespace {

class Recurring final : public MovingProcess {
 public:
  struct Params : MovementParams {
    Node start = Node::scalar("0");
    double length = 100;
    double gap = 200;
    std::optional<double> period;
    double duty = 0.5;
    std::int64_t repeats = 4;
    double width = 0;
    std::string law = "moa_sigmoid";
    std::string mode = "interpolate";
  };

  static Schema<Params> schema();

  explicit Recurring(const Params& p)
      : MovingProcess(p),
        start_(parse_time("start", p.start)),
        length_(p.period ? *p.period * p.duty : p.length),
        gap_(p.period ? *p.period * (1 - p.duty) : p.gap),
        width_(p.width),
        repeats_(static_cast<int>(p.repeats)),
        law_(law_of(p.law)),
        mixture_(p.mode == "mixture") {}

  WorldParams apply(const WorldParams& base, std::int64_t t, const DriftClock& clock,
                    const Stream& stream) const override {
    return movement_.apply(base, mixture_ ? 1.0 : weight(t, clock), stream);
  }

  std::vector<DriftEvent> events(const DriftClock& clock, const Stream&) const override {
    std::vector<DriftEvent> events;
    for (int k = 0; k < repeats_; ++k) {
      const double onset = static_cast<double>(start_.on(clock)) + k * (length_ + gap_);
      if (onset > static_cast<double>(clock.horizon)) break;
      events.push_back(
          {static_cast<std::int64_t>(std::ceil(onset)), "recurring", factor(), "start"});
      const double stop = std::ceil(onset + length_);
      if (stop > static_cast<double>(clock.horizon)) break;
      events.push_back({static_cast<std::int64_t>(stop), "recurring", factor(), "end"});
    }
    return events;
  }

  double progress(std::int64_t t, const DriftClock& clock, const Stream&) const override {
    return weight(t, clock);
  }

  double mixture_weight(std::int64_t t, const DriftClock& clock) const override {
    return mixture_ ? weight(t, clock) : 1.0;
  }

 private:
  double weight(std::int64_t t, const DriftClock& clock) const {
    return recurrence(law_, static_cast<double>(t), static_cast<double>(start_.on(clock)), width_,
                      length_, gap_, repeats_);
  }

  StreamTime start_;
  double length_, gap_, width_;
  int repeats_;
  Law law_;
  bool mixture_;
};

Schema<Recurring::Params> Recurring::schema() {
  const auto steps = [](Range range, const char* help) {
    return FieldOptions{.unit = "step", .range = range, .help = help, .per_lane = true};
  };
  Schema<Params> s;
  add_movement_fields(s);
  s.field("start", &Params::start, steps({}, "first onset of the new law, or end"));
  s.field("length", &Params::length, steps(greater_than(0), "how long the new law stays"));
  s.field("gap", &Params::gap, steps(at_least(0), "how long it stays away"));
  s.field("period", &Params::period,
          steps(greater_than(0), "length + gap; if given, length and gap follow from duty"));
  s.field("duty", &Params::duty,
          {.unit = "1",
           .range = between_open(0, 1),
           .help = "length / period, with period",
           .per_lane = true});
  s.field("repeats", &Params::repeats,
          {.unit = "1",
           .range = between(1, 100000),
           .help = "how often the new law comes",
           .per_lane = true});
  s.field("width", &Params::width, steps(at_least(0), "width of each transition; 0: sudden"));
  s.field("law", &Params::law, {.help = "weight over each transition", .choices = law_names()});
  s.field("mode", &Params::mode,
          {.help = "mixture: each case comes from the old or the new law; interpolate: one law in "
                   "between",
           .choices = {"mixture", "interpolate"}});
  s.check([](const Params& p) { return time_violation("start", p.start); });
  return s;
}

TR_REGISTER(DriftProcess, Recurring, "recurring", "lets a new law come and go",
            "MOA RecurrentConceptDriftStream");

}  // namespace
}  // namespace tightrope
