// SPDX-License-Identifier: Apache-2.0
#include "experiments/probes/rejection.h"

namespace tightrope {
namespace {

// Every disease equally often: case r is of disease r mod Z.
class BalancedProbe final : public Probe {
 public:
  struct Params {};
  static Schema<Params> schema() { return {}; }
  explicit BalancedProbe(Params) {}

  void draw(const World& world, const Environment& environment, const Stream& stream, int count,
            Cases& out) const override {
    const std::vector<std::string>& names = world.vocabulary().names().diseases;
    const int diseases = static_cast<int>(names.size());
    draw_until(
        environment, stream, count, out,
        [&](const Cases& one, int r) { return one.disease[0] == r % diseases; },
        [&](int r) { return "case of " + names[r % diseases]; });
  }
};

TR_REGISTER(Probe, BalancedProbe, "balanced", "every disease equally often", "ours");

}  // namespace
}  // namespace tightrope
