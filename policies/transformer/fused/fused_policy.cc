// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/check.h"
#include "core/base/math.h"
#include "policies/sampling_rule.h"
#include "policies/transformer/backends.h"
#include "policies/transformer/fused/workspace.h"

namespace tightrope {
namespace {

class FusedTransformer final : public Policy {
 public:
  explicit FusedTransformer(std::shared_ptr<const TransformerShape> shape)
      : shape_(std::move(shape)), plan_(*shape_) {}

  std::vector<ParameterView> layout() const override { return shape_->layout; }
  std::int64_t parameter_count() const override { return shape_->parameters; }
  bool has_value() const override { return shape_->value; }

  void initialise(const Stream& stream, std::span<float> parameters) const override {
    check_size(parameters.size());
    initialise_transformer(*shape_, stream, parameters);
  }

  std::unique_ptr<Workspace> workspace() const override {
    return std::make_unique<FusedWorkspace<float>>(*shape_, plan_);
  }

  void step(std::span<const float> parameters, const TokenBatch& batch, const TokenData& data,
            Wanted wanted, Pullback& pullback, std::span<float> gradient,
            Workspace& workspace) const override {
    check(parameters.size(), batch, wanted);
    check_size(gradient.size());
    FusedWorkspace<float>& mine = own(workspace);
    mine.pass.weights().load<float>(parameters, true);
    mine.step(batch, data, wanted, pullback);
    mine.pass.weights().unload(gradient);
  }

  void evaluate(std::span<const float> parameters, const TokenBatch& batch, Wanted wanted,
                TokenQuantities& out, Workspace& workspace) const override {
    check(parameters.size(), batch, wanted);
    FusedWorkspace<float>& mine = own(workspace);
    mine.pass.weights().load<float>(parameters, false);
    mine.evaluate(batch, wanted, out);
  }

  void sample(std::span<const float> parameters, std::span<const float> images, int count,
              const SamplingOptions& options, const Stream& stream, std::uint32_t step,
              std::vector<Sample>& out, Workspace& workspace) const override {
    check_size(parameters.size());
    check_sampling(options);
    const std::size_t channels = shape_->channels;
    TR_CHECK(images.size() >= count * channels, "fewer than {} images", count);
    FusedWorkspace<float>& mine = own(workspace);
    mine.pass.weights().load<float>(parameters, false);
    out.resize(count);
    constexpr int kBlock = FusedSampler<float>::kBlock;
    for (int first = 0; first < count; first += kBlock) {
      const int block = std::min(kBlock, count - first);
      mine.sampler.sample(mine.pass.weights(), images.subspan(first * channels), block, options,
                          stream, step, static_cast<std::uint32_t>(first),
                          std::span(out).subspan(first, block));
    }
  }

  void distribution(std::span<const float> parameters, const TokenBatch& batch, Distributions& out,
                    Workspace& workspace) const override;

 private:
  void check_size(std::size_t size) const {
    TR_CHECK(static_cast<std::int64_t>(size) == shape_->parameters, "{} parameters, expected {}",
             size, shape_->parameters);
  }
  void check(std::size_t parameters, const TokenBatch& batch, Wanted wanted) const {
    check_size(parameters);
    TR_CHECK(batch.channels == shape_->channels, "{} channels, expected {}", batch.channels,
             shape_->channels);
    TR_REQUIRE(!wanted.value || shape_->value,
               "this transformer has no value head; policy {{value_head: true}} gives it one");
  }
  static FusedWorkspace<float>& own(Workspace& workspace) {
    auto* mine = dynamic_cast<FusedWorkspace<float>*>(&workspace);
    TR_CHECK(mine != nullptr, "a workspace of another policy");
    return *mine;
  }

  std::shared_ptr<const TransformerShape> shape_;
  WeightPlan plan_;
};

// The normalised law over the logits of `range`.
void write_law(const float* logits, TokenRange range, std::span<double> law) {
  for (int i = 0; i < range.size(); ++i) law[i] = static_cast<double>(logits[range.begin + i]);
  normalise_log(law);
}

void FusedTransformer::distribution(std::span<const float> parameters, const TokenBatch& batch,
                                    Distributions& out, Workspace& workspace) const {
  check(parameters.size(), batch, {});
  FusedWorkspace<float>& mine = own(workspace);
  mine.pass.weights().load<float>(parameters, false);
  const Vocabulary& vocabulary = shape_->vocabulary;
  const TokenRange answers{vocabulary.first_disease(), vocabulary.first_attribute()};
  const std::size_t v = vocabulary.size(), z = vocabulary.diseases();
  out.reset(vocabulary, batch.tokens.size());
  mine.for_each_chunk(batch, false, [&](const auto& chunk) {
    mine.tree.build(*shape_, batch, chunk.first, chunk.count, Reads::kEverything);
    const Rows<float> logits = mine.pass.forward(mine.tree, chunk.at);
    const std::size_t begin = batch.offset[batch.group_begin[chunk.first]];
    for (std::size_t i = 0; i < mine.tree.law_row.size(); ++i) {
      const std::span<double> belief = std::span(out.belief).subspan((begin + i) * z, z);
      if (const int row = mine.tree.law_row[i]; row >= 0) {
        const TokenRange range = mine.tree.allowed[row];
        write_law(logits.row(row), range,
                  std::span(out.log_prob).subspan((begin + i) * v + range.begin, range.size()));
      }
      if (const int row = mine.tree.belief_row[i]; row >= 0) {
        write_law(logits.row(row), answers, belief);
      } else {  // a diagnosis or <eos>: the belief that the diagnosis was drawn from
        std::copy_n(belief.data() - z, z, belief.data());
      }
    }
  });
}

}  // namespace

std::shared_ptr<const Policy> make_fused_transformer(
    std::shared_ptr<const TransformerShape> shape) {
  return std::make_shared<const FusedTransformer>(std::move(shape));
}

}  // namespace tightrope
