// SPDX-License-Identifier: Apache-2.0
// A policy is an autoregressive token distribution pi(y_j | v, y_<j) with flat parameters [P]. The
// object holds structure only; parameters, gradients and workspaces belong to the caller, so one
// object serves every lane and thread. A policy never sees a loss.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/api/token_batch.h"
#include "core/api/vocabulary.h"
#include "core/api/waist.h"
#include "core/random/stream.h"
#include "core/registry/registry.h"

namespace tightrope {

// What a parameter belongs to; a stage may train the base or the adapters alone.
enum class ParameterPart : std::uint8_t { kBase, kAdapter, kValueHead };

// One named view into the flat parameter buffer, row-major.
struct ParameterView {
  std::string name;
  std::vector<int> shape;
  std::int64_t offset = 0;
  std::int64_t size = 0;
  bool decay = true;    // weight decay applies
  bool trained = true;  // false: steppers leave it alone
  ParameterPart part = ParameterPart::kBase;
};

// Scratch memory of one thread; policies derive their own. Holds no state between calls.
class Workspace {
 public:
  virtual ~Workspace() = default;
};

struct SamplingOptions {
  bool greedy = true;
  double temperature = 1.0;  // > 0
  int top_k = 0;             // keep the k most probable tokens; 0: all
  double top_p = 1.0;        // keep the fewest tokens that hold this mass, in (0, 1]
  bool thinking = true;      // false: <think> <answer_now> diagnosis <eos>
};

// A sampled trajectory with the log-prob of each of its tokens under the law that was drawn from:
// tempered, cut and renormalised (entry 0 and <answer_now> are 0).
struct Sample {
  Trajectory trajectory;
  std::vector<double> log_prob;
  int disease = 0;
};

// Per-token quantities [M] of a batch; 0 where the mask is 0, empty unless wanted.
struct TokenQuantities {
  std::vector<double> log_prob;  // log pi(y_t | v, y_<t), nat
  std::vector<double> entropy;
  std::vector<double> value;
  // Zeros of `tokens` tokens for the log-probs and what is wanted.
  void reset(std::size_t tokens, Wanted wanted);
};

// Full distributions along the trajectories of a batch. Row of token t of trajectory n is
// offset[n] + t and holds the law of the token AFTER it (so row of <think> is the first position).
struct Distributions {
  int vocabulary = 0;
  int diseases = 0;
  std::vector<double> log_prob;  // [M, V] normalised log pi(. | v, y_<=t); -inf where masked
  std::vector<double> belief;    // [M, Z] log P(z | v, y_<=t) branched off by <answer_now>; at
                                 // </think> and <answer_now> it is the law of the diagnosis itself
  // Room for `tokens` rows: log_prob -inf, belief 0.
  void reset(const Vocabulary& of, std::size_t tokens);
};

// One lane's part of Policy::step_lanes(); fields as in Policy::step().
struct LaneStep {
  std::span<const float> parameters;
  const TokenBatch* batch = nullptr;
  TokenData data;
  Wanted wanted;
  Pullback* pullback = nullptr;
  std::span<float> gradient;
};

class Policy {
 public:
  virtual ~Policy() = default;
  virtual std::vector<ParameterView> layout() const = 0;
  virtual std::int64_t parameter_count() const = 0;
  // Initial weights, drawn from a stream of purpose kInitial.
  virtual void initialise(const Stream& stream, std::span<float> parameters) const = 0;
  virtual std::unique_ptr<Workspace> workspace() const = 0;

  // Whether a value can be wanted of it.
  virtual bool has_value() const { return false; }

  // Forward and backward, group by group: `data` is handed through to the pullback, which returns
  // the gradients of the log-probs and of what else is wanted; the parameter gradient [P] is
  // accumulated (added to what is there). Throws InputError for what it cannot compute.
  virtual void step(std::span<const float> parameters, const TokenBatch& batch,
                    const TokenData& data, Wanted wanted, Pullback& pullback,
                    std::span<float> gradient, Workspace& workspace) const = 0;
  // Whether lanes should be stepped together, to fill a device.
  virtual bool wants_lanes() const { return false; }
  // step() of every lane, whose batches may differ in size; by default one after another. A policy
  // that wants lanes may differ from step() by rounding, within 1e-5 of a gradient's norm.
  virtual void step_lanes(std::span<const LaneStep> lanes, Workspace& workspace) const;
  // The same quantities as step() without gradients.
  virtual void evaluate(std::span<const float> parameters, const TokenBatch& batch, Wanted wanted,
                        TokenQuantities& out, Workspace& workspace) const = 0;
  // One trajectory per image of `images` [B, C]; row b draws from stream.at(step, b). The grammar
  // is always applied while sampling.
  virtual void sample(std::span<const float> parameters, std::span<const float> images, int count,
                      const SamplingOptions& options, const Stream& stream, std::uint32_t step,
                      std::vector<Sample>& out, Workspace& workspace) const = 0;
  virtual void distribution(std::span<const float> parameters, const TokenBatch& batch,
                            Distributions& out, Workspace& workspace) const = 0;
};

// What a policy must know of the world and of where it runs.
struct PolicyContext {
  Vocabulary vocabulary;
  int channels = 0;
  int max_mentions = 0;
  std::string device = "cpu";  // or "cuda"
};

// What the registry builds from YAML: makes the policy for a vocabulary and an image.
class PolicyModel {
 public:
  virtual ~PolicyModel() = default;
  // Whether make() knows this device; every model knows the CPU.
  virtual bool runs_on(const std::string& device) const { return device == "cpu"; }
  // Throws InputError when the options do not fit the world, or the device is not there.
  virtual std::shared_ptr<const Policy> make(const PolicyContext& context) const = 0;
};

template <>
struct InterfaceName<PolicyModel> {
  static constexpr auto value = "policy";
};

}  // namespace tightrope
