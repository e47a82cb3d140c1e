// SPDX-License-Identifier: Apache-2.0
// One free logit b_y per token: pi(y | v, y_<t) = exp b_y / sum over the allowed tokens of exp b.
// Blind to image and history: the floor below every other policy. Initial logits are normal with
// deviation `spread`, from the initial stream. The example of docs/adding-a-policy.md.
#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"
#include "policies/kernels/law_policy.h"
#include "policies/parameter_layout.h"

namespace tightrope {
namespace {

class UnigramKernel final : public LawKernel<float> {
 public:
  UnigramKernel(Vocabulary vocabulary, Grammar grammar)
      : vocabulary_(std::move(vocabulary)), grammar_(grammar) {}

  void open(std::span<const float> logits, std::span<const float>, int) override {
    logits_ = logits;
  }
  void forward(const CaseRange& range, std::span<double> log_prob) override {
    std::fill(log_prob.begin(), log_prob.end(), 0.0);
    for_each_scored(range, [&](int place, Token token, TokenRange allowed) {
      log_prob[place] = law_[token - allowed.begin];
    });
  }
  void backward(const CaseRange& range, std::span<const double> d_log_prob,
                std::span<float> gradient) override {
    for_each_scored(range, [&](int place, Token token, TokenRange allowed) {
      for (Token y = allowed.begin; y < allowed.end; ++y) {
        const double hit = y == token ? 1 : 0;
        const double slope = hit - std::exp(law_[y - allowed.begin]);
        gradient[y] += static_cast<float>(d_log_prob[place] * slope);
      }
    });
  }
  void close(std::span<float>) override {}

  // The law does not depend on the prefix, so a prefix under construction needs no state.
  void start(int) override {}
  void push(Token) override {}
  void law(TokenRange range, std::span<double> out) override {
    fill_law(range);
    std::copy(law_.begin(), law_.end(), out.begin());
  }
  void belief(std::span<double> out) override {
    law({vocabulary_.first_disease(), vocabulary_.first_attribute()}, out);
  }

 private:
  void fill_law(TokenRange range) {
    law_.assign(logits_.begin() + range.begin, logits_.begin() + range.end);
    const double total = log_sum_exp(law_);
    for (double& value : law_) value -= total;
  }

  // Calls visit(place in the group, token, allowed tokens) with law_ filled, for scored tokens.
  template <class Visit>
  void for_each_scored(const CaseRange& range, Visit visit) {
    const TokenBatch& batch = *range.batch;
    for (int n = range.begin_trajectory(); n < range.end_trajectory(); ++n) {
      const std::span<const Token> tokens = batch.tokens_of(n);
      Grammar::State state = Grammar::start();
      for (int t = 1; t < batch.length(n); ++t) {
        const int place = batch.offset[n] + t;
        if (batch.mask[place] != 0) {
          const TokenRange allowed = grammar_.allowed(state);
          TR_REQUIRE(allowed.contains(tokens[t]), "token {} is scored but not allowed after {}",
                     vocabulary_.name(tokens[t]), vocabulary_.name(tokens[t - 1]));
          fill_law(allowed);
          visit(place - range.begin_token(), tokens[t], allowed);
        }
        state = grammar_.next(state, tokens[t]);
      }
    }
  }

  Vocabulary vocabulary_;
  Grammar grammar_;
  std::span<const float> logits_;
  std::vector<double> law_;
};

class Unigram final : public PolicyModel {
 public:
  struct Params {
    double spread = 0.1;
  };
  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("spread", &Params::spread,
            {.unit = "nat", .range = at_least(0), .help = "deviation of the initial logits"});
    return s;
  }
  explicit Unigram(const Params& params) : spread_(params.spread) {}

  std::shared_ptr<const Policy> make(const PolicyContext& context) const override {
    const Vocabulary& vocabulary = context.vocabulary;
    const Grammar grammar(vocabulary, context.max_mentions);
    std::vector<ParameterView> layout;
    add_view(layout, "logits", {vocabulary.size()});
    const auto initialise = [spread = spread_](const Stream& stream, std::span<float> logits) {
      Draws draws = stream.at(0);
      for (float& b : logits) b = static_cast<float>(spread * draws.normal());
    };
    const auto kernel = [vocabulary, grammar] {
      return std::make_unique<UnigramKernel>(vocabulary, grammar);
    };
    return make_law_policy(
        {vocabulary, grammar, context.channels, std::move(layout), initialise, kernel});
  }

 private:
  double spread_;
};

TR_REGISTER(PolicyModel, Unigram, "unigram", "one free logit per token", "ours (floor)");

}  // namespace
}  // namespace tightrope
