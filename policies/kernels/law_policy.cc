// SPDX-License-Identifier: Apache-2.0
#include "policies/kernels/law_policy.h"

#include <cmath>

#include "core/base/check.h"
#include "core/base/math.h"
#include "policies/parameter_layout.h"
#include "policies/sampling_rule.h"

namespace tightrope {
namespace {

// The kernel's state and the scratch of the passes.
struct LawWorkspace : Workspace {
  std::unique_ptr<LawKernel<float>> kernel;
  std::vector<double> log_prob, d_log_prob, weights;
  std::vector<int> order;
};

LawWorkspace& own(Workspace& workspace) {
  auto* mine = dynamic_cast<LawWorkspace*>(&workspace);
  TR_CHECK(mine != nullptr, "a workspace of another policy");
  return *mine;
}

class LawPolicy final : public Policy {
 public:
  explicit LawPolicy(LawPolicyParts parts)
      : parts_(std::move(parts)), count_(total_size(parts_.layout)) {}

  std::vector<ParameterView> layout() const override { return parts_.layout; }
  std::int64_t parameter_count() const override { return count_; }

  void initialise(const Stream& stream, std::span<float> parameters) const override {
    check_parameters(parameters.size());
    std::fill(parameters.begin(), parameters.end(), 0.0F);
    if (parts_.initialise) parts_.initialise(stream, parameters);
  }

  std::unique_ptr<Workspace> workspace() const override {
    auto out = std::make_unique<LawWorkspace>();
    out->kernel = parts_.kernel();
    return out;
  }

  void step(std::span<const float> parameters, const TokenBatch& batch, const TokenData& data,
            Wanted wanted, Pullback& pullback, std::span<float> gradient,
            Workspace& workspace) const override {
    check_wanted(wanted);
    check_parameters(parameters.size());
    check_parameters(gradient.size());
    check_batch(batch);
    TR_CHECK(
        data.reference_log_prob.empty() || data.reference_log_prob.size() == batch.tokens.size(),
        "{} reference values for {} tokens", data.reference_log_prob.size(), batch.tokens.size());
    LawWorkspace& mine = own(workspace);
    run_step<float>(*mine.kernel, parameters, batch, data, pullback, gradient, mine.log_prob,
                    mine.d_log_prob);
  }

  void evaluate(std::span<const float> parameters, const TokenBatch& batch, Wanted wanted,
                TokenQuantities& out, Workspace& workspace) const override {
    check_wanted(wanted);
    check_parameters(parameters.size());
    check_batch(batch);
    out.reset(batch.tokens.size(), {});
    run_evaluate<float>(*own(workspace).kernel, parameters, batch, out.log_prob);
  }

  void sample(std::span<const float> parameters, std::span<const float> images, int count,
              const SamplingOptions& options, const Stream& stream, std::uint32_t step,
              std::vector<Sample>& out, Workspace& workspace) const override;

  void distribution(std::span<const float> parameters, const TokenBatch& batch, Distributions& out,
                    Workspace& workspace) const override;

 private:
  void check_parameters(std::size_t size) const {
    TR_CHECK(static_cast<std::int64_t>(size) == count_, "{} parameters, expected {}", size, count_);
  }
  static void check_wanted(Wanted wanted) {
    TR_REQUIRE(!wanted.entropy && !wanted.value,
               "this policy has no {}; policy {{type: transformer}} has",
               wanted.value ? "value head" : "entropy");
  }
  void check_batch(const TokenBatch& batch) const {
    TR_CHECK(batch.channels == parts_.channels, "{} channels, expected {}", batch.channels,
             parts_.channels);
  }
  void sample_one(const SamplingOptions& options, Draws draws, Sample& sample,
                  LawWorkspace& mine) const;
  Token draw(const SamplingOptions& options, TokenRange range, Draws& draws, double& log_prob,
             LawWorkspace& mine) const;
  void distribution_of(const TokenBatch& batch, int trajectory, Distributions& out,
                       LawWorkspace& mine) const;

  LawPolicyParts parts_;
  std::int64_t count_;
};

Token LawPolicy::draw(const SamplingOptions& options, TokenRange range, Draws& draws,
                      double& log_prob, LawWorkspace& mine) const {
  std::vector<double>& law = mine.log_prob;
  law.resize(range.size());
  mine.kernel->law(range, law);
  shape_law(options, law, mine.order);
  const int chosen = draw_index(options, law, draws, mine.weights);
  log_prob = law[chosen];
  return range.begin + chosen;
}

void LawPolicy::sample_one(const SamplingOptions& options, Draws draws, Sample& sample,
                           LawWorkspace& mine) const {
  Trajectory& trajectory = sample.trajectory;
  trajectory.tokens.clear();
  trajectory.mask.clear();
  sample.log_prob.clear();
  Grammar::State state;
  const auto append = [&](Token token, bool scored, double log_prob) {
    trajectory.tokens.push_back(token);
    trajectory.mask.push_back(scored ? 1 : 0);
    sample.log_prob.push_back(log_prob);
    mine.kernel->push(token);
    state = trajectory.tokens.size() == 1 ? Grammar::start() : parts_.grammar.next(state, token);
  };
  append(Vocabulary::think(), false, 0);
  if (!options.thinking) append(Vocabulary::answer_now(), false, 0);
  while (state.last != Vocabulary::end_of_sequence()) {
    const TokenRange range = parts_.grammar.grammatical(state);
    double log_prob = 0;
    // Nothing is drawn where one token alone may follow.
    const Token token =
        range.size() == 1 ? range.begin : draw(options, range, draws, log_prob, mine);
    if (parts_.vocabulary.is_disease(token)) sample.disease = parts_.vocabulary.disease_of(token);
    append(token, true, log_prob);
  }
}

void LawPolicy::sample(std::span<const float> parameters, std::span<const float> images, int count,
                       const SamplingOptions& options, const Stream& stream, std::uint32_t step,
                       std::vector<Sample>& out, Workspace& workspace) const {
  check_parameters(parameters.size());
  check_sampling(options);
  TR_CHECK(images.size() >= static_cast<std::size_t>(count) * parts_.channels, "{} images", count);
  LawWorkspace& mine = own(workspace);
  out.resize(count);
  constexpr int kBlock = LawKernel<float>::kBlock;
  for (int block = 0; block < count; block += kBlock) {
    const int cases = std::min(kBlock, count - block);
    mine.kernel->open(parameters, images.subspan(static_cast<std::size_t>(block) * parts_.channels),
                      cases);
    for (int i = 0; i < cases; ++i) {
      mine.kernel->start(i);
      sample_one(options, stream.at(step, static_cast<std::uint32_t>(block + i)), out[block + i],
                 mine);
    }
  }
}

void LawPolicy::distribution_of(const TokenBatch& batch, int trajectory, Distributions& out,
                                LawWorkspace& mine) const {
  const std::span<const Token> tokens = batch.tokens_of(trajectory);
  Grammar::State state;
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    mine.kernel->push(tokens[t]);
    state = t == 0 ? Grammar::start() : parts_.grammar.next(state, tokens[t]);
    const std::size_t row = static_cast<std::size_t>(batch.offset[trajectory]) + t;
    const TokenRange range = parts_.grammar.allowed(state);
    const std::span<double> law = std::span(out.log_prob)
                                      .subspan(row * out.vocabulary, out.vocabulary)
                                      .subspan(range.begin, range.size());
    const std::span<double> belief =
        std::span(out.belief).subspan(row * out.diseases, out.diseases);
    if (tokens[t] != Vocabulary::end_of_sequence()) {  // nothing follows it: the row stays -inf
      mine.kernel->law(range, law);
      normalise_log(law);
    }
    const TokenRange answers{parts_.vocabulary.first_disease(),
                             parts_.vocabulary.first_attribute()};
    if (tokens[t] == parts_.vocabulary.end_think() || tokens[t] == Vocabulary::answer_now()) {
      mine.kernel->law(answers, belief);
    } else if (parts_.vocabulary.is_disease(tokens[t]) ||
               tokens[t] == Vocabulary::end_of_sequence()) {
      std::copy_n(belief.data() - out.diseases, out.diseases, belief.data());
    } else {
      mine.kernel->belief(belief);
    }
    normalise_log(belief);
  }
}

void LawPolicy::distribution(std::span<const float> parameters, const TokenBatch& batch,
                             Distributions& out, Workspace& workspace) const {
  check_parameters(parameters.size());
  check_batch(batch);
  LawWorkspace& mine = own(workspace);
  out.reset(parts_.vocabulary, batch.tokens.size());
  constexpr int kBlock = LawKernel<float>::kBlock;
  for (int block = 0; block < batch.cases(); block += kBlock) {
    const int cases = std::min(kBlock, batch.cases() - block);
    mine.kernel->open(
        parameters,
        std::span(batch.images).subspan(static_cast<std::size_t>(block) * batch.channels), cases);
    for (int i = 0; i < cases; ++i) {
      for (int n = batch.group_begin[block + i]; n < batch.group_begin[block + i + 1]; ++n) {
        mine.kernel->start(i);
        distribution_of(batch, n, out, mine);
      }
    }
  }
}

}  // namespace

std::shared_ptr<const Policy> make_law_policy(LawPolicyParts parts) {
  return std::make_shared<const LawPolicy>(std::move(parts));
}

}  // namespace tightrope
