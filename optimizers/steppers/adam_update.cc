// SPDX-License-Identifier: Apache-2.0
#include "optimizers/steppers/adam_update.h"

#include <cmath>

#include "core/base/check.h"
#include "optimizers/steppers/update_ops.h"

namespace tightrope {

namespace {

AdamCoefficients coefficients(const AdamParams& params, const StepReport& report,
                              std::int64_t step) {
  const double t = static_cast<double>(step + 1);
  const double beta1 = params.betas[0];
  const double beta2 = params.betas[1];
  AdamCoefficients out;
  out.clip = static_cast<float>(clip_factor(report.gradient_norm, params.max_grad_norm));
  out.beta1 = static_cast<float>(beta1);
  out.beta2 = static_cast<float>(beta2);
  out.one_minus_beta1 = static_cast<float>(1.0 - beta1);
  out.one_minus_beta2 = static_cast<float>(1.0 - beta2);
  out.step_size = static_cast<float>(report.learning_rate / (1.0 - std::pow(beta1, t)));
  out.second_scale = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(beta2, t)));
  out.epsilon = static_cast<float>(params.eps);
  return out;
}

}  // namespace

StepReport adam_step(const AdamParams& params, bool decoupled, std::span<float> parameters,
                     std::span<const float> gradient, std::span<float> state, std::int64_t step,
                     std::int64_t steps, const std::vector<ParameterView>& layout) {
  TR_CHECK(gradient.size() == parameters.size() && state.size() == 2 * parameters.size(),
           "{} parameters, {} gradients, {} of state", parameters.size(), gradient.size(),
           state.size());
  const StepReport report = prepare_step(params, gradient, step, steps);
  if (!report.finite) return report;
  AdamCoefficients c = coefficients(params, report, step);
  float* m = state.data();
  float* v = m + parameters.size();
  for_each_view(layout, parameters.size(), [&](std::int64_t begin, std::int64_t n, bool decays) {
    const double decay = decays ? params.weight_decay : 0.0;
    c.keep = static_cast<float>(decoupled ? 1.0 - report.learning_rate * decay : 1.0);
    c.l2 = static_cast<float>(decoupled ? 0.0 : decay);
    update_ops().adam(n, c, gradient.data() + begin, parameters.data() + begin, m + begin,
                      v + begin);
  });
  return report;
}

}  // namespace tightrope
