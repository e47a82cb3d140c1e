// SPDX-License-Identifier: Apache-2.0
// AdamW: weight decay shrinks the parameters directly (decoupled), by lr times weight_decay.
#include "optimizers/steppers/adam_update.h"

namespace tightrope {
namespace {

struct AdamWParams : AdamParams {
  AdamWParams() { weight_decay = 0.01; }  // PyTorch's default
};

class AdamW final : public Stepper {
 public:
  using Params = AdamWParams;

  static Schema<Params> schema() {
    return adam_fields<Params>(
        "parameters of decaying views shrink by lr * weight_decay each step (decoupled)");
  }

  explicit AdamW(Params params) : params_(std::move(params)) {}

  std::int64_t state_size(std::int64_t parameters) const override { return 2 * parameters; }

  StepReport update(std::span<float> parameters, std::span<const float> gradient,
                    std::span<float> state, std::int64_t step, std::int64_t steps,
                    const std::vector<ParameterView>& layout) const override {
    return adam_step(params_, /*decoupled=*/true, parameters, gradient, state, step, steps, layout);
  }

 private:
  Params params_;
};

TR_REGISTER(Stepper, AdamW, "adamw", "Adam with decoupled weight decay",
            "Loshchilov and Hutter 2019 (arXiv 1711.05101), algorithm 2");

}  // namespace
}  // namespace tightrope
