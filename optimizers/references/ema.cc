// SPDX-License-Identifier: Apache-2.0
// The reference is an exponential moving average of the policy, updated after every step:
// ref := decay ref + (1 - decay) policy.
#include "core/api/reference_schedule.h"
#include "core/config/schema.h"

namespace tightrope {
namespace {

class Ema final : public ReferenceSchedule {
 public:
  struct Params {
    double decay = 0.992;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("decay", &Params::decay,
            {.unit = "1",
             .range = between(0, 1),
             .help = "weight of the reference; half of it is forgotten in ln 2 / (1 - decay) steps",
             .per_lane = true});
    return s;
  }

  explicit Ema(const Params& p) : mix_(1 - p.decay) {}

  double after_step(std::int64_t, double, std::vector<double>&) const override { return mix_; }

 private:
  double mix_;
};

TR_REGISTER(ReferenceSchedule, Ema, "ema", "an exponential moving average of the policy",
            "default as OpenRLHF 3c3be623");

}  // namespace
}  // namespace tightrope
