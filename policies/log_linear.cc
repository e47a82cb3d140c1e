// SPDX-License-Identifier: Apache-2.0
// The log-linear token policy: small, convex per law in its linear part, exact gradients by hand.
#include "core/api/policy.h"
#include "policies/kernels/kernels.h"
#include "policies/kernels/law_policy.h"
#include "policies/kernels/log_linear_shape.h"

namespace tightrope {
namespace {

class LogLinear final : public PolicyModel {
 public:
  using Params = LogLinearOptions;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("chain", &Params::chain,
            {.help = "law of a chain's next token: one softmax over the allowed tokens, or a "
                     "four-way softmax per attribute slot (silence, two synonyms, absence) whose "
                     "silences multiply up to the next mention",
             .choices = {"token", "slot"}});
    s.field("grammar", &Params::grammar,
            {.help = "mask tokens the grammar forbids in training too; sampling is always masked"});
    s.field("bag_scale", &Params::bag_scale,
            {.unit = "1", .help = "factor of the sum of the prefix tokens' rows (chain: token)"});
    s.field(
        "clamp", &Params::clamp,
        {.unit = "1", .range = greater_than(0), .help = "image features are v, min(|v|, clamp)"});
    s.field("answer_absolute", &Params::answer_absolute,
            {.help = "whether min(|v|, clamp) feeds the diagnosis logits"});
    s.field("answer_units", &Params::answer_units,
            {.unit = "1",
             .range = between(0, 4096),
             .help = "hidden tanh units that feed only the diagnosis logits"});
    s.field("gate", &Params::gate,
            {.help = "separate image weights of the diagnosis after </think> and <answer_now>"});
    return s;
  }

  explicit LogLinear(Params params) : params_(std::move(params)) {}

  std::shared_ptr<const Policy> make(const PolicyContext& context) const override {
    const auto shape = std::make_shared<const LogLinearShape>(context, params_);
    LawPolicyParts parts{shape->vocabulary,
                         shape->grammar,
                         shape->channels,
                         shape->layout,
                         [shape](const Stream& stream, std::span<float> parameters) {
                           initialise_log_linear(*shape, stream, parameters);
                         },
                         [shape] { return make_log_linear_kernel<float>(shape); }};
    return make_law_policy(std::move(parts));
  }

 private:
  Params params_;
};

TR_REGISTER(PolicyModel, LogLinear, "log_linear",
            "softmax over tokens, linear in the image and the tokens so far", "ours");

}  // namespace
}  // namespace tightrope
