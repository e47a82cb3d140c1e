// SPDX-License-Identifier: Apache-2.0
// Dynamic regret along the stream. Between checkpoints nothing is logged of the policy's laws, so
// every sum is of a step function: what a checkpoint shows holds until the next.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "analysis/ledger/terms.h"

namespace tightrope {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The exact variation budgets of one segment.
class Budgets {
 public:
  Budgets(const PackView& view, std::size_t segment)
      : time_(view.budget_time),
        mechanisms_(view.mechanism.size()),
        first_(segment * time_.size() * mechanisms_) {}

  // Index of the first mechanism in the logged arrays, at the last logged time not after t.
  std::size_t at(std::int64_t t) const {
    const auto after = std::upper_bound(time_.begin(), time_.end(), t);
    const auto row = after == time_.begin() ? 0 : after - time_.begin() - 1;
    return first_ + static_cast<std::size_t>(row) * mechanisms_;
  }
  bool empty() const { return time_.empty(); }

 private:
  const std::vector<std::int64_t>& time_;
  std::size_t mechanisms_, first_;
};

// Whether the world has not moved from t to u, as far as the logged times tell.
bool still(const PackView& view, const Budgets& budgets, std::int64_t t, std::int64_t u) {
  for (std::size_t m = 0; m < view.mechanism.size(); ++m) {
    const double a = view.budget_hellinger[budgets.at(t) + m];
    if (!(a == view.budget_hellinger[budgets.at(u) + m])) return false;
  }
  return true;
}

// The named environment that the world is in at stream time t: the latest one not after t, when
// the world has stood still since; nothing otherwise.
std::optional<std::size_t> environment_at(const PackView& view, const Budgets& budgets,
                                          std::size_t segment, std::int64_t t) {
  std::optional<std::size_t> best;
  const std::int64_t* time = view.environment_time.data() + segment * view.environments();
  for (std::size_t e = 0; e < view.environments(); ++e) {
    if (view.mixed(e)) continue;
    if (time[e] <= t && (!best || time[e] > time[*best])) best = e;
  }
  if (best && !budgets.empty() && !still(view, budgets, time[*best], t)) return {};
  return best;
}

// 1 - accuracy / oracle_accuracy of one evaluation; NaN where they are not logged.
double lost_accuracy(const PackView& view, std::size_t segment, std::size_t row, std::size_t e) {
  const auto of = [&](const char* name) {
    const auto found = std::find(view.metric.begin(), view.metric.end(), name);
    if (found == view.metric.end()) return kNan;
    return view.value(static_cast<std::size_t>(found - view.metric.begin()), segment, row, e);
  };
  return 1 - of("accuracy") / of("oracle_accuracy");
}

void put_prequential(const PackView& view, std::size_t segment, std::size_t s, FieldSet& fields) {
  if (!fields.has("ledger/regret_prequential")) return;
  const std::uint64_t steps = view.log.rows("scalars/step");
  const auto series =
      view.log.read<double>("scalars/prequential_regret", {segment, 0}, {1, steps}).values;
  const auto step = view.log.read<std::int64_t>("scalars/step").values;
  double sum = 0;
  std::size_t next = 0;
  for (std::size_t c = 0; c < view.checkpoint.size(); ++c) {
    for (; next < steps && step[next] < view.checkpoint[c]; ++next) sum += series[next];
    fields["ledger/regret_prequential"](s, c) = sum;
  }
}

void put_budgets(const PackView& view, const Budgets& budgets, std::int64_t start, std::size_t s,
                 FieldSet& fields) {
  if (!fields.has("ledger/budget_hellinger")) return;
  for (std::size_t c = 0; c < view.checkpoint.size(); ++c) {
    const std::size_t row = budgets.at(start + view.checkpoint[c]);
    for (std::size_t m = 0; m < view.mechanism.size(); ++m) {
      fields["ledger/budget_hellinger"](s, c, m) = view.budget_hellinger[row + m];
      fields["ledger/budget_total_variation"](s, c, m) = view.budget_total_variation[row + m];
    }
  }
}

}  // namespace

void enter_regret(const PackView& view, std::size_t first, std::size_t count, FieldSet& fields) {
  Field& regret = fields["ledger/regret"];
  Field& of_accuracy = fields["ledger/regret_accuracy"];
  Field& index = fields["ledger/regret_environment"];
  Field& kl = fields["ledger/kl_sum"];
  for (std::size_t s = 0; s < count; ++s) {
    const std::size_t segment = first + s;
    const Budgets budgets(view, segment);
    const std::int64_t start = view.stage_start[segment];
    double sums[kParts] = {}, accuracy_sum = 0;
    std::optional<std::size_t> evaluated;  // latest row
    for (std::size_t c = 0; c < view.checkpoint.size(); ++c) {
      const auto e = environment_at(view, budgets, segment, start + view.checkpoint[c]);
      index(s, c) = e ? static_cast<double>(*e) : kNan;
      if (const auto row = view.evaluation_at(view.checkpoint[c])) evaluated = row;
      const double accuracy_rate =
          e && evaluated ? lost_accuracy(view, segment, *evaluated, *e) : kNan;
      of_accuracy(s, c) = accuracy_sum;
      for (std::size_t p = 0; p < kParts; ++p) regret(s, c, p) = sums[p];
      if (c + 1 == view.checkpoint.size()) break;
      const auto gap = static_cast<double>(view.checkpoint[c + 1] - view.checkpoint[c]);
      accuracy_sum += gap * accuracy_rate;
      for (std::size_t p = 0; p < kParts; ++p) sums[p] += e ? gap * kl(s, c, *e, p) : kNan;
    }
    put_budgets(view, budgets, start, s, fields);
    put_prequential(view, segment, s, fields);
  }
}

}  // namespace tightrope
