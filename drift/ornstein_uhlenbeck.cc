// SPDX-License-Identifier: Apache-2.0
// Mean-reverting drift: from step `at` on the weight w of the new law is the Ornstein-Uhlenbeck
// process
//
//   dw = rate (mean - w) dt + volatility dW,  w(at) = first
//
// cut off at 0 and 1. Left alone it has standard deviation volatility / sqrt(2 rate) around mean.
// The path is drawn from the process's path, exactly at whole steps.
#include <algorithm>
#include <cmath>

#include "drift/movement.h"
#include "drift/random_path.h"
#include "drift/stream_time.h"

namespace tightrope {
namespace {

class OrnsteinUhlenbeck final : public MovingProcess {
 public:
  struct Params : MovementParams {
    Node at = Node::scalar("0");
    double mean = 0.5;
    double rate = 0.01;
    double volatility = 0.02;
    double first = 0;
  };

  static Schema<Params> schema();

  explicit OrnsteinUhlenbeck(const Params& p)
      : MovingProcess(p),
        at_(parse_time("at", p.at)),
        path_{p.rate, p.volatility},
        mean_(p.mean),
        first_(p.first) {}

  std::vector<DriftEvent> events(const DriftClock& clock, const Stream&) const override {
    if (at_.on(clock) > clock.horizon) return {};
    return {{at_.on(clock), "ornstein_uhlenbeck", factor(), "start"}};
  }

  double progress(std::int64_t t, const DriftClock& clock, const Stream& stream) const override {
    const std::int64_t since = t - at_.on(clock);
    if (since < 0) return 0;
    const double pulled =
        mean_ + (first_ - mean_) * std::exp(-path_.rate * static_cast<double>(since));
    return std::clamp(pulled + path_.at(since, stream), 0.0, 1.0);
  }

 private:
  StreamTime at_;
  RandomPath path_;
  double mean_, first_;
};

Schema<OrnsteinUhlenbeck::Params> OrnsteinUhlenbeck::schema() {
  Schema<Params> s;
  add_movement_fields(s);
  s.field("at", &Params::at,
          {.unit = "step", .help = "step at which the process starts, or end", .per_lane = true});
  const auto number = [&s](const char* name, double Params::*member, const char* unit, Range range,
                           const char* help) {
    s.field(name, member, {.unit = unit, .range = range, .help = help, .per_lane = true});
  };
  number("mean", &Params::mean, "1", between(0, 1), "weight of the new law that pulls");
  number("rate", &Params::rate, "1/step", greater_than(0), "how fast it pulls");
  number("volatility", &Params::volatility, "1", at_least(0),
         "standard deviation of the random change in one step");
  number("first", &Params::first, "1", between(0, 1), "weight of the new law at the start");
  s.check([](const Params& p) { return time_violation("at", p.at); });
  return s;
}

TR_REGISTER(DriftProcess, OrnsteinUhlenbeck, "ornstein_uhlenbeck",
            "a mean-reverting random path between the old and the new law",
            "Uhlenbeck and Ornstein 1930, Physical Review 36; as drift: ours");

}  // namespace
}  // namespace tightrope
