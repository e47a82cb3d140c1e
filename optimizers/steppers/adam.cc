// SPDX-License-Identifier: Apache-2.0
// Adam: weight decay, if any, is an L2 term in the gradient (coupled).
#include "optimizers/steppers/adam_update.h"

namespace tightrope {
namespace {

class Adam final : public Stepper {
 public:
  using Params = AdamParams;

  static Schema<Params> schema() {
    return adam_fields<Params>("L2 factor added to the gradient (coupled)");
  }

  explicit Adam(Params params) : params_(std::move(params)) {}

  std::int64_t state_size(std::int64_t parameters) const override { return 2 * parameters; }

  StepReport update(std::span<float> parameters, std::span<const float> gradient,
                    std::span<float> state, std::int64_t step, std::int64_t steps,
                    const std::vector<ParameterView>& layout) const override {
    return adam_step(params_, /*decoupled=*/false, parameters, gradient, state, step, steps,
                     layout);
  }

 private:
  Params params_;
};

TR_REGISTER(Stepper, Adam, "adam", "Adam; weight_decay is an L2 term in the gradient",
            "Kingma and Ba 2015 (arXiv 1412.6980), algorithm 1");

}  // namespace
}  // namespace tightrope
