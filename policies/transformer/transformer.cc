// SPDX-License-Identifier: Apache-2.0
// The transformer policy: a small decoder over image prefix tokens and report tokens.
#include "core/api/policy.h"
#include "core/base/check.h"
#include "policies/transformer/backends.h"
#include "policies/transformer/shape.h"

namespace tightrope {
namespace {

class Transformer final : public PolicyModel {
 public:
  using Params = TransformerOptions;

  static Schema<Params> schema() {
    using P = Params;
    Schema<Params> s;
    const auto count = [&s](const char* name, std::int64_t P::*member, int low, int high,
                            const char* help) {
      s.field(name, member, {.unit = "1", .range = between(low, high), .help = help});
    };
    const auto choice = [&s](const char* name, std::string P::*member,
                             std::vector<std::string> choices, const char* help) {
      s.field(name, member, {.help = help, .choices = std::move(choices)});
    };
    choice("backend", &P::backend, {"auto", "fused", "autograd"},
           "fused: hand-written passes on the CPU, float32; autograd: ATen, any device, the "
           "reference; auto: fused on the CPU, autograd elsewhere");
    count("layers", &P::layers, 1, 64, "decoder layers");
    count("width", &P::width, 1, 4096, "of the residual stream; a multiple of heads");
    count("heads", &P::heads, 1, 256, "attention heads");
    s.field("mlp_ratio", &P::mlp_ratio,
            {.unit = "1", .range = between(0.01, 64), .help = "hidden width over width"});
    choice("norm", &P::norm, {"layer", "rms"}, "of the inputs of every half layer, gain only");
    choice("activation", &P::activation, {"gelu", "swiglu"},
           "of the hidden units: GELU (tanh form) or silu(gate) times up");
    choice("positions", &P::positions, {"learned", "rotary"},
           "a learned vector per position, or queries and keys turned by their position");
    choice("head", &P::head, {"untied", "tied"},
           "output weights of their own, or the embedding transposed");
    count("image_tokens", &P::image_tokens, 1, 64, "prefix tokens projected from the image");
    s.field("value_head", &P::value_head, {.help = "a linear value of every prefix, for ppo"});
    count("lora_rank", &P::lora_rank, 0, 1024,
          "rank of the adapters of all matrices of the layers; 0: none");
    s.field("lora_alpha", &P::lora_alpha,
            {.unit = "1", .range = greater_than(0), .help = "adapters count alpha / rank"});
    s.field("output_gain", &P::output_gain,
            {.unit = "1",
             .range = at_least(0),
             .help = "scale of the initial output weights; small: near uniform at step 0"});
    s.field("grammar", &P::grammar,
            {.help = "mask tokens the grammar forbids in training too; sampling is always masked"});
    choice("precision", &P::precision, {"float32", "float64"},
           "of the arithmetic; parameters are float32; float64 needs backend: autograd");
    s.check([](const P& p) {
      return p.precision == "float32" || p.backend == "autograd"
                 ? std::string()
                 : std::string("precision = float64 violates: only with backend: autograd");
    });
    return s;
  }

  explicit Transformer(Params params) : params_(std::move(params)) {}

  bool runs_on(const std::string& device) const override {
    return device == "cpu" || device == "cuda";
  }

  std::shared_ptr<const Policy> make(const PolicyContext& context) const override {
    auto shape = std::make_shared<const TransformerShape>(context, params_);
    const bool on_cpu = context.device == "cpu";
    TR_REQUIRE(on_cpu || params_.backend != "fused",
               "backend = fused runs on the CPU; with --device {} take auto or autograd",
               context.device);
    if (params_.backend == "autograd" || !on_cpu) {
      return make_autograd_transformer(std::move(shape), params_.precision, context.device);
    }
    return make_fused_transformer(std::move(shape));
  }

 private:
  Params params_;
};

TR_REGISTER(PolicyModel, Transformer, "transformer",
            "a pre-norm decoder over image and report tokens",
            "arXiv 1706.03762, GPT-2; options 1910.07467, 2002.05202, 2104.09864, 2106.09685");

}  // namespace
}  // namespace tightrope
