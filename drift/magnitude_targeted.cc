// SPDX-License-Identifier: Apache-2.0
// Drift of a given exact size: from step `at` on the factor stands as far on its way to `to` as
// gives the wanted distance between the law before and after, to 1e-7 (Webb and Petitjean's
// generator hits a Hellinger distance to .01). Distances are World::distances: KL is that of the
// whole law (the sum over mechanisms), Hellinger and total variation the largest over mechanisms,
// or any of one mechanism. Draws nothing but the target's path.
#include <mutex>

#include "core/api/world.h"
#include "core/base/check.h"
#include "drift/distance_search.h"
#include "drift/movement.h"
#include "drift/stream_time.h"

namespace tightrope {
namespace {

constexpr double kTolerance = 1e-7;

class MagnitudeTargeted final : public MovingProcess {
 public:
  struct Params : MovementParams {
    Node at = Node::scalar("end");
    std::string distance = "kl";
    double magnitude = 0.1;
    std::string mechanism = "";
    std::string space = "natural";
  };

  static Schema<Params> schema();

  explicit MagnitudeTargeted(const Params& p)
      : MovingProcess(p),
        at_(parse_time("at", p.at)),
        params_(p),
        space_(p.space == "natural" ? Space::kNatural : Space::kLinear) {}

  WorldParams apply(const WorldParams& base, std::int64_t t, const DriftClock& clock,
                    const Stream& stream) const override {
    if (progress(t, clock, stream) <= 0) return movement_.apply(base, 0, stream, space_);
    TR_REQUIRE(clock.world != nullptr, "magnitude_targeted needs a world to measure with");
    return movement_.apply(base, weight_for(base, *clock.world, stream), stream, space_);
  }

  std::vector<DriftEvent> events(const DriftClock& clock, const Stream&) const override {
    if (at_.on(clock) > clock.horizon) return {};
    return {{at_.on(clock), "magnitude_targeted", factor(), "switch"}};
  }

  double progress(std::int64_t t, const DriftClock& clock, const Stream&) const override {
    return t >= at_.on(clock) ? 1.0 : 0.0;
  }

 private:
  double solve(const WorldParams& base, const World& world, const Stream& stream) const {
    const auto distance = [&](double w) {
      return whole_distance(world.distances(base, movement_.apply(base, w, stream, space_)),
                            params_.distance, params_.mechanism);
    };
    const double most = distance(1);
    TR_REQUIRE(most >= params_.magnitude,
               "magnitude = {}: the whole way to the target is a {} of {} only", params_.magnitude,
               params_.distance, most);
    const std::optional<double> weight =
        weight_at_distance(distance, params_.magnitude, kTolerance);
    TR_REQUIRE(weight.has_value(), "magnitude = {}: not reached to {} on the way to the target",
               params_.magnitude, kTolerance);
    return *weight;
  }

  // The weight is the same at every step: it is kept for the laws that were asked last.
  double weight_for(const WorldParams& base, const World& world, const Stream& stream) const {
    const std::lock_guard lock(mutex_);
    for (const Known& known : known_) {
      if (known.key0 == stream.key0 && known.key1 == stream.key1 &&
          largest_change(known.base, base, "") == 0) {
        return known.weight;
      }
    }
    const double weight = solve(base, world, stream);
    if (known_.size() >= 256) known_.erase(known_.begin());
    known_.push_back({stream.key0, stream.key1, base, weight});
    return weight;
  }

  struct Known {
    std::uint32_t key0, key1;
    WorldParams base;
    double weight;
  };

  StreamTime at_;
  Params params_;
  Space space_;
  mutable std::mutex mutex_;
  mutable std::vector<Known> known_;  // a memory, not a state: it changes no result
};

Schema<MagnitudeTargeted::Params> MagnitudeTargeted::schema() {
  Schema<Params> s;
  add_movement_fields(s);
  s.field("at", &Params::at,
          {.unit = "step", .help = "first step under the new law, or end", .per_lane = true});
  s.field(
      "distance", &Params::distance,
      {.help = "what is measured between the law before and after", .choices = distance_names()});
  s.field("magnitude", &Params::magnitude,
          {.unit = "1",
           .range = greater_than(0),
           .help = "the distance (nat for kl)",
           .per_lane = true});
  s.field("mechanism", &Params::mechanism,
          {.help = "prior, mechanism, visual, lexical or spurious; empty: kl of the whole law, the "
                   "largest of the other two"});
  s.field("space", &Params::space,
          {.help = "natural: positive tables move geometrically, probabilities along their logit, "
                   "simplex rows and the rest linearly; linear: all linearly",
           .choices = {"natural", "linear"}});
  s.check([](const Params& p) { return time_violation("at", p.at); });
  return s;
}

TR_REGISTER(DriftProcess, MagnitudeTargeted, "magnitude_targeted",
            "a sudden drift of a given exact KL, Hellinger or total variation",
            "after Webb et al. 2016, Data Mining and Knowledge Discovery 30; exact: ours");

}  // namespace
}  // namespace tightrope
