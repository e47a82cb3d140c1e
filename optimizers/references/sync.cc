// SPDX-License-Identifier: Apache-2.0
// Every `every` steps the reference moves towards the policy (TR-DPO, arXiv 2404.09656):
// ref := mix policy + (1 - mix) ref. mix 1 is a hard update.
#include "core/api/reference_schedule.h"
#include "core/config/schema.h"

namespace tightrope {
namespace {

class Sync final : public ReferenceSchedule {
 public:
  struct Params {
    std::int64_t every = 512;
    double mix = 0.6;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("every", &Params::every,
            {.unit = "step",
             .range = between(1, 1e7),
             .help = "steps between updates (TRL: ref_model_sync_steps)"});
    s.field("mix", &Params::mix,
            {.unit = "1",
             .range = between(0, 1),
             .help = "weight of the policy (TRL: ref_model_mixup_alpha)",
             .per_lane = true});
    return s;
  }

  explicit Sync(const Params& p) : p_(p) {}

  double after_step(std::int64_t step, double, std::vector<double>&) const override {
    return (step + 1) % p_.every == 0 ? p_.mix : 0;
  }

 private:
  Params p_;
};

TR_REGISTER(ReferenceSchedule, Sync, "sync", "follows the policy every so many steps",
            "arXiv 2404.09656; names and defaults as TRL f2cd57710");

}  // namespace
}  // namespace tightrope
