// SPDX-License-Identifier: Apache-2.0
// A free logit for every (context, prefix, token): exact and convex, for worlds small enough to
// enumerate. The context is the largest image channel (one-hot images of the bandit world).
#include <algorithm>

#include "core/api/policy.h"
#include "core/base/check.h"
#include "policies/kernels/law_policy.h"
#include "policies/kernels/tabular_kernel.h"
#include "policies/parameter_layout.h"

namespace tightrope {
namespace {

struct TabularParams {
  std::int64_t max_parameters = 1000000;
};

class Tabular final : public PolicyModel {
 public:
  using Params = TabularParams;

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("max_parameters", &Params::max_parameters,
            {.unit = "1",
             .range = at_least(1),
             .help = "refuse tables larger than this (contexts x prefixes x tokens)"});
    return s;
  }

  explicit Tabular(Params params) : params_(params) {}

  std::shared_ptr<const Policy> make(const PolicyContext& context) const override {
    const Vocabulary& vocabulary = context.vocabulary;
    TR_REQUIRE(context.channels > 0, "the tabular policy needs at least one image channel");
    const Grammar grammar(vocabulary, context.max_mentions);
    const std::int64_t per_state = static_cast<std::int64_t>(context.channels) * vocabulary.size();
    const std::int64_t most = params_.max_parameters / per_state;
    const auto states = std::make_shared<const PrefixStates>(vocabulary, grammar, most);
    TR_REQUIRE(states->ok(),
               "a tabular policy for {} contexts, {} tokens and up to {} mentions needs more than "
               "{} parameters; use a smaller world, fewer mentions or policy log_linear",
               context.channels, vocabulary.size(), context.max_mentions, params_.max_parameters);
    std::vector<ParameterView> layout;
    add_view(layout, "logits", {context.channels, states->size(), vocabulary.size()});
    LawPolicyParts parts{vocabulary,
                         grammar,
                         context.channels,
                         std::move(layout),
                         nullptr,
                         [vocabulary, states, channels = context.channels] {
                           return std::make_unique<TabularKernel<float>>(vocabulary, states,
                                                                         channels);
                         }};
    return make_law_policy(std::move(parts));
  }

 private:
  Params params_;
};

TR_REGISTER(PolicyModel, Tabular, "tabular",
            "a free logit per context, prefix and token, for enumerable worlds", "ours");

}  // namespace
}  // namespace tightrope
