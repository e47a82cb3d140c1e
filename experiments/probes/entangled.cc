// SPDX-License-Identifier: Apache-2.0
#include "experiments/probes/rejection.h"

namespace tightrope {
namespace {

// Cases of confusable pairs alone.
class EntangledProbe final : public Probe {
 public:
  struct Params {};
  static Schema<Params> schema() { return {}; }
  explicit EntangledProbe(Params) {}

  void draw(const World& world, const Environment& environment, const Stream& stream, int count,
            Cases& out) const override {
    const std::vector<std::uint8_t> entangled = world.entangled();
    draw_until(
        environment, stream, count, out,
        [&](const Cases& one, int) { return entangled[one.disease[0]] != 0; },
        [](int) { return "case of an entangled pair"; });
  }
};

TR_REGISTER(Probe, EntangledProbe, "entangled", "cases of confusable pairs of diseases alone",
            "ours");

}  // namespace
}  // namespace tightrope
