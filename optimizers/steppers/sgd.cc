// SPDX-License-Identifier: Apache-2.0
// Stochastic gradient descent with optional (Nesterov) momentum, as PyTorch defines it with zero
// dampening.
#include "core/base/check.h"
#include "optimizers/steppers/schedule.h"
#include "optimizers/steppers/update_ops.h"

namespace tightrope {
namespace {

struct SgdParams : StepperParams {
  double momentum = 0;
  bool nesterov = false;
};

class Sgd final : public Stepper {
 public:
  using Params = SgdParams;

  static Schema<Params> schema() {
    Schema<Params> s;
    add_stepper_fields(s, "L2 factor added to the gradient of decaying views");
    s.field("momentum", &Params::momentum,
            {.unit = "1",
             .range = from_until(0, 1),
             .help = "decay of the velocity",
             .per_lane = true});
    s.field("nesterov", &Params::nesterov, {.help = "look one momentum step ahead"});
    s.check([](const Params& params) {
      return params.nesterov && params.momentum == 0 ? "nesterov = true needs momentum > 0"
                                                     : std::string();
    });
    return s;
  }

  explicit Sgd(Params params) : params_(std::move(params)) {}

  std::int64_t state_size(std::int64_t parameters) const override { return parameters; }

  StepReport update(std::span<float> parameters, std::span<const float> gradient,
                    std::span<float> state, std::int64_t step, std::int64_t steps,
                    const std::vector<ParameterView>& layout) const override {
    TR_CHECK(gradient.size() == parameters.size() && state.size() == parameters.size(),
             "{} parameters, {} gradients, {} of state", parameters.size(), gradient.size(),
             state.size());
    const StepReport report = prepare_step(params_, gradient, step, steps);
    if (!report.finite) return report;
    SgdCoefficients c;
    c.clip = static_cast<float>(clip_factor(report.gradient_norm, params_.max_grad_norm));
    c.momentum = static_cast<float>(params_.momentum);
    c.learning_rate = static_cast<float>(report.learning_rate);
    c.nesterov = params_.nesterov;
    for_each_view(layout, parameters.size(), [&](std::int64_t begin, std::int64_t n, bool decays) {
      c.l2 = static_cast<float>(decays ? params_.weight_decay : 0.0);
      update_ops().sgd(n, c, gradient.data() + begin, parameters.data() + begin,
                       state.data() + begin);
    });
    return report;
  }

 private:
  Params params_;
};

TR_REGISTER(Stepper, Sgd, "sgd", "stochastic gradient descent with optional momentum",
            "Sutskever et al. 2013 (momentum, Nesterov), PyTorch 2.11.0 torch.optim.SGD");

}  // namespace
}  // namespace tightrope
