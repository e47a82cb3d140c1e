// SPDX-License-Identifier: Apache-2.0
// Confounding that decays: kappa(t) = kappa exp(-rate t), every table of the factor "confounding".
// Draws nothing. The example of docs/adding-a-drift-process.md.
#include <cmath>

#include "core/api/drift_process.h"
#include "core/base/check.h"

namespace tightrope {
namespace {

class DecayingConfounding final : public DriftProcess {
 public:
  struct Params {
    double rate = 0.01;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("rate", &Params::rate,
            {.unit = "1/step", .range = at_least(0), .help = "decay rate", .per_lane = true});
    return s;
  }

  explicit DecayingConfounding(const Params& params) : params_(params) {}

  const std::string& factor() const override { return factor_; }

  WorldParams apply(const WorldParams& base, std::int64_t t, const DriftClock& clock,
                    const Stream& stream) const override {
    WorldParams out = base;
    bool moved = false;
    for (Table& table : out.tables()) {
      if (table.factor != factor_) continue;
      for (double& x : table.values) x *= 1 - progress(t, clock, stream);
      moved = true;
    }
    TR_REQUIRE(moved, "decaying_confounding: this world has no factor confounding");
    return out;
  }

  std::vector<DriftEvent> events(const DriftClock&, const Stream&) const override {
    return {{0, "decaying_confounding", factor_, "start"}};
  }

  double progress(std::int64_t t, const DriftClock&, const Stream&) const override {
    return 1 - std::exp(-params_.rate * static_cast<double>(t));
  }

 private:
  Params params_;
  std::string factor_ = "confounding";
};

TR_REGISTER(DriftProcess, DecayingConfounding, "decaying_confounding", "decays exponentially",
            "ours");

}  // namespace
}  // namespace tightrope
