// SPDX-License-Identifier: Apache-2.0
// The reference stays the snapshot that the stage began with, as in DPO and PPO.
#include "core/api/reference_schedule.h"
#include "core/config/schema.h"

namespace tightrope {
namespace {

class Frozen final : public ReferenceSchedule {
 public:
  struct Params {};
  static Schema<Params> schema() { return {}; }
  explicit Frozen(const Params&) {}

  bool frozen() const override { return true; }
  double after_step(std::int64_t, double, std::vector<double>&) const override { return 0; }
};

TR_REGISTER(ReferenceSchedule, Frozen, "frozen", "the reference stays what it was",
            "arXiv 2305.18290");

}  // namespace
}  // namespace tightrope
