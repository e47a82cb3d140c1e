// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <span>

#include "analysis/ledger/terms.h"
#include "core/base/check.h"

namespace tightrope {
namespace {

// KL(z || before) of two beliefs as logged, float32: they are normalised first.
double kl_of(std::span<const float> z, std::span<const float> before) {
  double sum = 0, sum_before = 0, kl = 0;
  for (std::size_t d = 0; d < z.size(); ++d) {
    sum += z[d];
    sum_before += before[d];
    if (z[d] != 0) kl += z[d] * std::log(static_cast<double>(z[d]) / before[d]);
  }
  return kl / sum - std::log(sum / sum_before);
}

// Calls put(s, e, n, j, drift) for the positions 1 .. answer of every probe. `beliefs`: [count,
// environment, recorded probes, position, disease].
template <class Put>
void each_move(const PackView& view, const LawBlock& block, const std::vector<float>& beliefs,
               std::size_t recorded, Put put) {
  const std::size_t z = view.disease.size();
  for (std::size_t s = 0; s < block.count(); ++s) {
    for (std::size_t e = 0; e < view.environments(); ++e) {
      for (std::size_t n = 0; n < view.probes; ++n) {
        const std::size_t row = ((s * view.environments() + e) * recorded + n) * view.positions;
        for (std::size_t j = 1; j + 1 < block.length(s, e, n); ++j) {
          const std::span<const float> all(beliefs);
          put(s, e, n, j, kl_of(all.subspan((row + j) * z, z), all.subspan((row + j - 1) * z, z)));
        }
      }
    }
  }
}

}  // namespace

void enter_belief_drift(const PackView& view, const LawBlock& block, FieldSet& fields) {
  if (!fields.has("measures/position_drift_policy")) return;
  const LogReader& log = view.log;
  const LogShape shape = log.info("belief/policy").shape;
  require_fit(shape.size() == 6 && shape[3] >= view.probes && shape[4] == view.positions &&
                  shape[0] == view.segments && shape[2] == view.environments() &&
                  shape[5] == view.disease.size(),
              "{}: the extents of /belief do not fit /tokens_full", log.path());
  const std::size_t recorded = shape[3];
  const LogShape rest = {view.environments(), recorded, view.positions, view.disease.size()};
  const auto read = [&](const std::string& name, LogShape offset, LogShape count) {
    offset.resize(offset.size() + rest.size(), 0);
    count.insert(count.end(), rest.begin(), rest.end());
    return log.read<float>(name, offset, count).values;
  };
  Field& oracle = fields["measures/position_drift_oracle"];
  Field& policy = fields["measures/position_drift_policy"];
  each_move(view, block, read("belief/oracle", {block.first()}, {block.count()}), recorded,
            [&](auto s, auto e, auto n, auto j, double kl) { oracle(s, e, n, j) = kl; });
  const auto steps = log.read<std::int64_t>("belief/checkpoint").values;
  for (std::size_t c = 0; c < view.checkpoint.size(); ++c) {
    require_fit(c < steps.size() && steps[c] == view.checkpoint[c],
                "{}: /belief and /tokens_full have different checkpoints", log.path());
    each_move(view, block, read("belief/policy", {block.first(), c}, {block.count(), 1}), recorded,
              [&](auto s, auto e, auto n, auto j, double kl) { policy(s, c, e, n, j) = kl; });
  }
}

}  // namespace tightrope
