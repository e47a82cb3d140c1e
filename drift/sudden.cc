// SPDX-License-Identifier: Apache-2.0
// Sudden drift: the old law before step `at`, the new one from it on (Gama et al. 2014, abrupt).
#include "drift/movement.h"
#include "drift/stream_time.h"

namespace tightrope {
namespace {

class Sudden final : public MovingProcess {
 public:
  struct Params : MovementParams {
    Node at = Node::scalar("end");
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    add_movement_fields(s);
    s.field("at", &Params::at,
            {.unit = "step", .help = "first step under the new law, or end", .per_lane = true});
    s.check([](const Params& p) { return time_violation("at", p.at); });
    return s;
  }

  explicit Sudden(const Params& p) : MovingProcess(p), at_(parse_time("at", p.at)) {}

  std::vector<DriftEvent> events(const DriftClock& clock, const Stream&) const override {
    if (at_.on(clock) > clock.horizon) return {};
    return {{at_.on(clock), "sudden", factor(), "switch"}};
  }

  double progress(std::int64_t t, const DriftClock& clock, const Stream&) const override {
    return t >= at_.on(clock) ? 1.0 : 0.0;
  }

 private:
  StreamTime at_;
};

TR_REGISTER(DriftProcess, Sudden, "sudden", "moves a factor at one step",
            "Gama et al. 2014, ACM Computing Surveys 46(4), abrupt drift");

}  // namespace
}  // namespace tightrope
