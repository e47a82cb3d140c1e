// SPDX-License-Identifier: Apache-2.0
// The reference stays until a change detector that watches a training metric says drift; then it
// moves towards the policy: ref := mix policy + (1 - mix) ref. What no peer has: the reference is
// renewed when the stream has changed, not by the clock.
#include "core/api/reference_schedule.h"
#include "core/config/nested.h"
#include "core/config/schema.h"
#include "core/detectors/detector.h"

namespace tightrope {
namespace {

class OnAlarm final : public ReferenceSchedule {
 public:
  struct Params {
    Node detector = Node::scalar("adwin");
    std::string watch = "loss";
    double mix = 1;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("detector", &Params::detector,
            {.help = "the change detector, see `tightrope list detector`"});
    s.field("watch", &Params::watch,
            {.help = "the training metric that it watches, one value a step"});
    s.field("mix", &Params::mix,
            {.unit = "1",
             .range = between(0, 1),
             .help = "weight of the policy after an alarm",
             .per_lane = true});
    s.check([](const Params& p) { return nested_violation("detector", [&] { model(p); }); });
    return s;
  }

  explicit OnAlarm(const Params& p) : p_(p), detector_(model(p)) {}

  std::string watches() const override { return p_.watch; }
  std::vector<double> initial_state() const override { return detector_->make()->save(); }

  double after_step(std::int64_t, double watched, std::vector<double>& state) const override {
    const std::unique_ptr<Detector> detector = detector_->make();
    detector->load(state);
    const bool alarm = detector->update(watched).verdict == AlarmLevel::kDrift;
    state = detector->save();
    return alarm ? p_.mix : 0;
  }

 private:
  static std::shared_ptr<const DetectorModel> model(const Params& p) {
    Problems problems;
    auto out = Registry<DetectorModel>::get().build(p.detector, "detector", problems);
    problems.throw_if_any();
    return out;
  }

  Params p_;
  std::shared_ptr<const DetectorModel> detector_;
};

TR_REGISTER(ReferenceSchedule, OnAlarm, "on_alarm",
            "follows the policy when a change detector sees drift", "ours");

}  // namespace
}  // namespace tightrope
