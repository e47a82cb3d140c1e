// SPDX-License-Identifier: Apache-2.0
// The DPO step that policy benchmarks time: 12 diseases, 57 attributes (V = 187, C = 57), pairs of
// about 10 tokens or of a fixed number of findings, AdamW.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/api/policy.h"
#include "core/api/stepper.h"

namespace tightrope {

class PolicyWorkload {
 public:
  // Builds `lanes` lanes and `pairs` chosen-rejected pairs; `policy` is YAML, for example
  // "{type: log_linear}". findings > 0: every report has so many (and 4 tokens more), otherwise
  // about 6; the rejected one shares the first `shared` of them.
  PolicyWorkload(int lanes, const std::string& policy, int pairs = 1024, int batch = 32,
                 int findings = 0, int shared = 0);
  ~PolicyWorkload();

  // The next DPO step of the next lane (round-robin): batch, forward, loss, backward, update.
  void step();
  double last_loss() const { return last_loss_; }
  double mean_tokens() const;  // per trajectory

 private:
  struct Lane {
    std::vector<float> parameters, gradient, state;
    std::unique_ptr<Workspace> workspace;
    std::int64_t step = 0;
  };
  void make_pairs(int pairs, int findings, int shared);

  PolicyContext context_;
  std::shared_ptr<const Policy> policy_;
  std::shared_ptr<const Stepper> stepper_;
  std::vector<ParameterView> layout_;
  std::vector<Lane> lanes_;
  std::vector<float> images_;
  std::vector<Trajectory> chosen_, rejected_;
  std::vector<std::vector<double>> reference_;  // per pair: chosen's tokens, then rejected's
  TokenBatch batch_;
  std::vector<double> batch_reference_;
  int batch_size_;
  std::size_t next_lane_ = 0;
  double last_loss_ = 0;
};

}  // namespace tightrope
