// SPDX-License-Identifier: Apache-2.0
#include "core/api/probe.h"
#include "core/config/schema.h"

namespace tightrope {
namespace {

// Cases as they come.
class CasesProbe final : public Probe {
 public:
  struct Params {};
  static Schema<Params> schema() { return {}; }
  explicit CasesProbe(Params) {}

  void draw(const World&, const Environment& environment, const Stream& stream, int count,
            Cases& out) const override {
    environment.sample(stream, 0, 0, count, out);
  }
};

TR_REGISTER(Probe, CasesProbe, "cases", "cases of the environment as they come", "ours");

}  // namespace
}  // namespace tightrope
