// SPDX-License-Identifier: Apache-2.0
// What the environment's moves and the policy's moves did to the metrics of /evaluation.
#include <algorithm>
#include <cmath>

#include "analysis/ledger/mechanism_subsets.h"
#include "analysis/ledger/terms.h"
#include "analysis/measures/shapley.h"
#include "analysis/measures/two_orders.h"

namespace tightrope {
namespace {

// The effects on every metric between two rows of /evaluation; put(transition, metric, effects).
template <class Put>
void each_effect(const PackView& view, std::size_t segment, std::size_t begin, std::size_t end,
                 Put put) {
  const std::vector<std::size_t> order = view.by_time();
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    for (std::size_t m = 0; m < view.metric.size(); ++m) {
      const auto j = [&](std::size_t row, std::size_t e) { return view.value(m, segment, row, e); };
      put(i, m,
          two_effects({j(begin, order[i]), j(begin, order[i + 1]), j(end, order[i]),
                       j(end, order[i + 1])}));
    }
  }
}

void put_intervals(const PackView& view, std::size_t segment, std::size_t s, FieldSet& fields) {
  Field& environment = fields["ledger/environment_effect"];
  Field& adaptation = fields["ledger/adaptation_effect"];
  Field& interaction = fields["ledger/interaction"];
  for (std::size_t c = 1; c < view.checkpoint.size(); ++c) {
    const auto begin = view.evaluation_at(view.checkpoint[c - 1]);
    const auto end = view.evaluation_at(view.checkpoint[c]);
    if (!begin || !end) continue;
    each_effect(view, segment, *begin, *end, [&](auto i, auto m, const TwoEffects& effects) {
      environment(s, c - 1, i, m) = effects.environment_averaged();
      adaptation(s, c - 1, i, m) = effects.adaptation_averaged();
      interaction(s, c - 1, i, m) = effects.interaction;
    });
  }
}

void put_stage(const PackView& view, std::size_t segment, std::size_t s, FieldSet& fields) {
  if (view.evaluation_checkpoint.size() < 2) return;
  each_effect(view, segment, 0, view.evaluation_checkpoint.size() - 1,
              [&](auto i, auto m, const TwoEffects& effects) {
                fields["ledger/stage_environment_effect"](s, i, m) = effects.environment_averaged();
                fields["ledger/stage_adaptation_effect"](s, i, m) = effects.adaptation_averaged();
                fields["ledger/stage_interaction"](s, i, m) = effects.interaction;
              });
}

void put_shapley(const PackView& view, const MechanismSubsets& subsets, std::size_t segment,
                 std::size_t s, Field& field) {
  for (std::size_t c = 0; c < view.checkpoint.size(); ++c) {
    const auto row = view.evaluation_at(view.checkpoint[c]);
    if (!row) continue;
    for (std::size_t m = 0; m < view.metric.size(); ++m) {
      std::vector<double> values;
      for (const std::size_t e : subsets.environment) {
        values.push_back(view.value(m, segment, *row, e));
      }
      if (!std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); })) {
        continue;
      }
      for (std::size_t k = 0; k < view.mechanism.size(); ++k) field(s, c, m, k) = 0;
      const std::vector<double> shares = shapley(values);
      for (std::size_t j = 0; j < shares.size(); ++j) field(s, c, m, subsets.causes[j]) = shares[j];
    }
  }
}

}  // namespace

void enter_effects(const PackView& view, std::size_t first, std::size_t count, FieldSet& fields) {
  const auto subsets = find_subsets(view);
  for (std::size_t s = 0; s < count; ++s) {
    if (fields.has("ledger/environment_effect")) {
      put_intervals(view, first + s, s, fields);
      put_stage(view, first + s, s, fields);
    }
    if (subsets && fields.has("ledger/shapley")) {
      put_shapley(view, *subsets, first + s, s, fields["ledger/shapley"]);
    }
  }
}

}  // namespace tightrope
