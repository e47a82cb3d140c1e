// SPDX-License-Identifier: Apache-2.0
// Cases that the image leaves open, max_z P*(z | v) <= below: where a chain of thought can decide,
// and where drift of the belief shows first.
#include <fmt/format.h>

#include <algorithm>

#include "core/config/schema.h"
#include "experiments/probes/rejection.h"

namespace tightrope {
namespace {

class UndecidedProbe final : public Probe {
 public:
  struct Params {
    double below = 0.7;
  };
  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("below", &Params::below,
            {.unit = "1",
             .range = between_open(0, 1),
             .help = "largest posterior probability of a disease given the image"});
    return s;
  }
  explicit UndecidedProbe(const Params& p) : below_(p.below) {}

  void draw(const World& world, const Environment& environment, const Stream& stream, int count,
            Cases& out) const override {
    std::vector<double> belief(world.vocabulary().diseases());
    draw_until(
        environment, stream, count, out,
        [&](const Cases& one, int) {
          environment.belief_of_image(one.image_of(0), belief);
          return *std::max_element(belief.begin(), belief.end()) <= below_;
        },
        [&](int) {
          return fmt::format("case whose most probable disease has at most {}", below_);
        });
  }

 private:
  double below_;
};

TR_REGISTER(Probe, UndecidedProbe, "undecided",
            "cases whose image leaves the diagnosis open to the exact posterior", "ours");

}  // namespace
}  // namespace tightrope
