// SPDX-License-Identifier: Apache-2.0
// The transformer over ATen: one graph for all lanes, gradients by automatic differentiation. The
// reference that the fused passes are compared with, and what runs on a GPU.
#pragma once

#include <memory>
#include <span>

#include "core/api/policy.h"
#include "policies/transformer/autograd/network.h"

namespace tightrope {

class AutogradTransformer final : public Policy {
 public:
  // `options`: type of the arithmetic and device; parameters stay float32 on the host.
  AutogradTransformer(std::shared_ptr<const TransformerShape> shape, c10::TensorOptions options)
      : shape_(std::move(shape)), network_(*shape_, options) {}

  std::vector<ParameterView> layout() const override { return shape_->layout; }
  std::int64_t parameter_count() const override { return shape_->parameters; }
  bool has_value() const override { return shape_->value; }
  void initialise(const Stream& stream, std::span<float> parameters) const override;
  std::unique_ptr<Workspace> workspace() const override { return std::make_unique<Workspace>(); }

  void step(std::span<const float> parameters, const TokenBatch& batch, const TokenData& data,
            Wanted wanted, Pullback& pullback, std::span<float> gradient,
            Workspace& workspace) const override;
  // In one graph.
  bool wants_lanes() const override { return true; }
  void step_lanes(std::span<const LaneStep> lanes, Workspace& workspace) const override;
  void evaluate(std::span<const float> parameters, const TokenBatch& batch, Wanted wanted,
                TokenQuantities& out, Workspace& workspace) const override;
  void sample(std::span<const float> parameters, std::span<const float> images, int count,
              const SamplingOptions& options, const Stream& stream, std::uint32_t step,
              std::vector<Sample>& out, Workspace& workspace) const override;
  void distribution(std::span<const float> parameters, const TokenBatch& batch, Distributions& out,
                    Workspace& workspace) const override;

  // step_lanes() with the parameters given as a leaf tensor [L, P] that requires gradients: adds to
  // leaf.grad() and ignores the spans of parameters and gradients.
  void accumulate(const at::Tensor& leaf, std::span<const LaneStep> lanes) const;

 private:
  // How much more a pass takes at a time than on a CPU: a GPU wants to be filled.
  int fill() const { return network_.options().device().is_cuda() ? 16 : 1; }
  void check_size(std::size_t size) const;
  at::Tensor upload(std::span<const float> parameters) const;
  void check(std::size_t parameters, const TokenBatch& batch, Wanted wanted) const;

  std::shared_ptr<const TransformerShape> shape_;
  LaneNetwork network_;
};

}  // namespace tightrope
