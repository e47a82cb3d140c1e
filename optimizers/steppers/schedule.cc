// SPDX-License-Identifier: Apache-2.0
#include "optimizers/steppers/schedule.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"
#include "optimizers/steppers/update_ops.h"

namespace tightrope {

double schedule_factor(const StepperParams& params, std::int64_t step, std::int64_t steps) {
  const double rise =
      std::min(1.0, static_cast<double>(step + 1) /
                        static_cast<double>(std::max<std::int64_t>(1, params.warmup)));
  if (params.schedule == "constant") return rise;
  const double done =
      static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(1, steps));
  const double shape =
      params.schedule == "linear" ? 1.0 - done : 0.5 * (1.0 + std::cos(kPi * done));
  return rise * (params.final + (1.0 - params.final) * shape);
}

double clip_factor(double norm, double max_norm) {
  return max_norm > 0 ? std::min(1.0, max_norm / (norm + 1e-6)) : 1.0;
}

StepReport prepare_step(const StepperParams& params, std::span<const float> gradient,
                        std::int64_t step, std::int64_t steps) {
  StepReport report;
  report.gradient_norm = std::sqrt(
      update_ops().squared_norm(static_cast<std::int64_t>(gradient.size()), gradient.data()));
  report.learning_rate = params.lr * schedule_factor(params, step, steps);
  report.finite = std::isfinite(report.gradient_norm);
  return report;
}

void for_each_view(const std::vector<ParameterView>& layout, std::size_t parameters,
                   const std::function<void(std::int64_t, std::int64_t, bool)>& update) {
  const std::int64_t count = static_cast<std::int64_t>(parameters);
  if (layout.empty()) {
    update(0, count, true);
    return;
  }
  std::int64_t next = 0;
  for (const ParameterView& view : layout) {
    TR_CHECK(view.offset == next, "view {} starts at {}, expected {}", view.name, view.offset,
             next);
    next += view.size;
    TR_CHECK(next <= count, "views cover more than {} parameters", count);
    if (view.trained) update(view.offset, view.size, view.decay);
  }
  TR_CHECK(next == count, "views cover {} of {} parameters", next, count);
}

}  // namespace tightrope
