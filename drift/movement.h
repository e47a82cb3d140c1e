// SPDX-License-Identifier: Apache-2.0
// What every drift process shares: which tables of the world it moves and where to. The process
// itself only says how far the way has gone.
#pragma once

#include <string>

#include "core/api/drift_process.h"
#include "core/api/world_params.h"
#include "core/config/schema.h"
#include "core/random/stream.h"
#include "drift/interpolate.h"
#include "drift/target.h"

namespace tightrope {

// The options all processes share, as they are written in YAML; a component's Params derives.
struct MovementParams {
  std::string factor = "prior";
  std::string table = "";
  Node to = Node::scalar("uniform");
};

// Adds the shared fields and rules; `Params` derives from MovementParams.
template <class Params>
void add_movement_fields(Schema<Params>& schema) {
  FieldOptions factor;
  factor.help =
      "what moves: prior, confounding, mechanism, visual, lexical, spurious, or another "
      "factor of the world";
  schema.field("factor", static_cast<std::string Params::*>(&Params::factor), factor);
  FieldOptions table;
  table.help = "one table of the factor; empty: every table of the factor that `to` fits";
  schema.field("table", static_cast<std::string Params::*>(&Params::table), table);
  FieldOptions to;
  to.help =
      "where to: uniform, reversed (first axis), permuted (last axis), a number, {scale: x}, "
      "{shift: x}, {rewired: fraction}, or the table's values";
  schema.field("to", static_cast<Node Params::*>(&Params::to), to);
  schema.check([](const Params& params) { return target_violation(params.to); });
}

class Movement {
 public:
  // Throws InputError when `to` is no target.
  explicit Movement(const MovementParams& params)
      : factor_(params.factor), table_(params.table), target_(parse_target(params.to)) {}

  const std::string& factor() const { return factor_; }

  // `base` with the moved tables at weight w in [0, 1] from their values to the target; unchanged
  // at 0. `stream` is the process's path. Throws InputError when the world lacks the factor (naming
  // those it has) or the table, when the target fits no table, or when it breaks a constraint.
  WorldParams apply(const WorldParams& base, double w, const Stream& stream,
                    Space space = Space::kLinear) const;

 private:
  std::vector<const Table*> tables_of(const WorldParams& base) const;

  std::string factor_;
  std::string table_;
  Target target_;
};

// A process that moves a factor as far as progress() says.
class MovingProcess : public DriftProcess {
 public:
  const std::string& factor() const final { return movement_.factor(); }
  // The moved tables at weight progress(t).
  WorldParams apply(const WorldParams& base, std::int64_t t, const DriftClock& clock,
                    const Stream& stream) const override {
    return movement_.apply(base, progress(t, clock, stream), stream);
  }

 protected:
  explicit MovingProcess(const MovementParams& params) : movement_(params) {}
  Movement movement_;
};

}  // namespace tightrope
