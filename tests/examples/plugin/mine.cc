// SPDX-License-Identifier: Apache-2.0
// A plugin: a drift process and a metric. The example of docs/plugins.md.
#include "core/api/drift_process.h"
#include "core/registry/plugin.h"
#include "drift/movement.h"
#include "experiments/metrics/rows.h"

TR_PLUGIN

namespace tightrope {
namespace {

// The new law on every other stretch of `period` steps. Draws nothing but the target's path.
class Zigzag final : public DriftProcess {
 public:
  struct Params : MovementParams {
    Params() { to = Node::scalar("0"); }
    std::int64_t period = 10;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    add_movement_fields(s);
    s.field("period", &Params::period,
            {.unit = "step", .range = at_least(1), .help = "length of a stretch"});
    return s;
  }

  explicit Zigzag(const Params& p) : movement_(p), period_(p.period) {}

  const std::string& factor() const override { return movement_.factor(); }
  WorldParams apply(const WorldParams& base, std::int64_t t, const DriftClock& clock,
                    const Stream& stream) const override {
    return movement_.apply(base, progress(t, clock, stream), stream);
  }
  std::vector<DriftEvent> events(const DriftClock&, const Stream&) const override { return {}; }
  double progress(std::int64_t t, const DriftClock&, const Stream&) const override {
    return t / period_ % 2 == 1 ? 1.0 : 0.0;
  }

 private:
  Movement movement_;
  std::int64_t period_;
};

TR_REGISTER(DriftProcess, Zigzag, "zigzag", "the new law on every other stretch", "ours");

// Share of free-running chains without a single finding.
class ChainIsEmpty final : public Metric {
 public:
  using Params = NoParams;
  static Schema<Params> schema() { return NoParams::schema(); }
  explicit ChainIsEmpty(const Params&) {}

  std::string unit() const override { return "1"; }
  void per_case(const EvaluationView& view, std::span<double> value,
                std::span<double> weight) const override {
    for (int n = 0; n < view.cases.size(); ++n) {
      bool empty = true;
      for (const Token token : view.thought[n].trajectory.tokens) {
        empty = empty && !view.world.vocabulary().is_finding(token);
      }
      value[n] = empty ? 1 : 0;
      weight[n] = 1;
    }
  }
};

TR_REGISTER(Metric, ChainIsEmpty, "chain_is_empty", "share of chains without a finding", "ours");

}  // namespace
}  // namespace tightrope
