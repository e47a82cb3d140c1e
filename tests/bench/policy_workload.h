// SPDX-License-Identifier: Apache-2.0
// The DPO step that policy benchmarks time: Gaussian images, pairs of about 10 tokens or of a fixed
// number of findings, AdamW.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/api/policy.h"
#include "core/api/stepper.h"

namespace tightrope {

struct WorkloadSizes {
  int lanes = 1;
  int pairs = 1024;  // in the pool; as many as the batch: every step takes all, in order
  int batch = 32;    // pairs a step
  int findings = 0;  // of every report, which has 4 tokens more; 0: about 6, varying
  int shared = 0;    // leading findings that the rejected report shares
  int diseases = 12;
  int attributes = 57;  // = C; V = 4 + diseases + 3 attributes
  std::string device = "cpu";
};

// Mean over pairs of -log sigmoid(beta ((chosen - reference) - (rejected - reference))).
constexpr double kWorkloadBeta = 0.3;

class PolicyWorkload {
 public:
  // `policy` and `stepper` are YAML, for example "{type: log_linear}".
  PolicyWorkload(const WorkloadSizes& sizes, const std::string& policy,
                 const std::string& stepper =
                     "{type: adamw, lr: 0.006, schedule: cosine, weight_decay: 0.05}");
  ~PolicyWorkload();

  // The next DPO step of the next lane (round-robin): batch, forward, loss, backward, update.
  void step();
  // The next DPO step of every lane, all of them together.
  void step_together();
  double last_loss() const { return last_loss_; }
  double mean_tokens() const;  // per trajectory

  const PolicyContext& context() const { return context_; }
  const Policy& policy() const { return *policy_; }
  const std::vector<ParameterView>& layout() const { return layout_; }
  std::span<const float> parameters(int lane) const { return lanes_[lane].parameters; }
  std::span<const float> images() const { return images_; }  // [pairs, C]
  const std::vector<Trajectory>& chosen() const { return chosen_; }
  const std::vector<Trajectory>& rejected() const { return rejected_; }
  // Per pair the reference log-probs of the chosen's tokens, then of the rejected's.
  const std::vector<std::vector<double>>& reference() const { return reference_; }

 private:
  struct Lane {
    std::vector<float> parameters, gradient, state;
    std::unique_ptr<Workspace> workspace;
    std::int64_t step = 0;
    TokenBatch batch;
    std::vector<double> reference;
  };
  void make_pairs();
  void gather(Lane& lane);
  void update(Lane& lane);

  WorkloadSizes sizes_;
  PolicyContext context_;
  std::shared_ptr<const Policy> policy_;
  std::shared_ptr<const Stepper> stepper_;
  std::vector<ParameterView> layout_;
  std::vector<Lane> lanes_;
  std::vector<float> images_;
  std::vector<Trajectory> chosen_, rejected_;
  std::vector<std::vector<double>> reference_;
  std::size_t next_lane_ = 0;
  double last_loss_ = 0;
};

}  // namespace tightrope
