// SPDX-License-Identifier: Apache-2.0
#include "experiments/loss_pullback.h"

#include <algorithm>

#include "core/base/check.h"

namespace tightrope {

LossPullback::LossPullback(const Optimizer& optimizer, const TokenBatch& batch,
                           const BatchTotals& totals, MetricSums& metrics,
                           std::vector<std::uint8_t> source)
    : optimizer_(optimizer),
      batch_(batch),
      totals_(totals),
      source_(std::move(source)),
      metrics_(metrics) {
  for (const std::int32_t first : batch.unit_begin) {
    unit_trajectory_.push_back(batch.group_begin[first]);
  }
  case_weight_ = optimizer.case_weights({unit_trajectory_, batch.offset, batch.mask, source_});
}

void LossPullback::compute_ahead(const TokenData& data, const TokenQuantities& quantities) {
  Group group;
  group.group_begin = unit_trajectory_;
  group.offset = batch_.offset;
  group.mask = batch_.mask;
  group.log_prob = quantities.log_prob;
  group.entropy = quantities.entropy;
  group.value = quantities.value;
  group.data = data;
  group.case_weight = case_weight_;
  group.source = source_;
  group.tokens = batch_.tokens;
  slopes_.log_prob.assign(quantities.log_prob.size(), 0.0);
  slopes_.entropy.assign(quantities.entropy.size(), 0.0);
  slopes_.value.assign(quantities.value.size(), 0.0);
  ahead_ = true;
  optimizer_.loss(group, totals_, {slopes_.log_prob, slopes_.entropy, slopes_.value}, metrics_);
}

void LossPullback::operator()(const Group& group, GroupGradient gradient) {
  if (ahead_) {
    const auto hand_out = [&](const std::vector<double>& from, std::span<double> to) {
      if (!to.empty()) std::copy_n(from.begin() + group.offset[0], to.size(), to.begin());
    };
    hand_out(slopes_.log_prob, gradient.log_prob);
    hand_out(slopes_.entropy, gradient.entropy);
    hand_out(slopes_.value, gradient.value);
    return;
  }
  TR_CHECK(batch_.units() == batch_.cases(), "{} units of {} cases", batch_.units(),
           batch_.cases());
  Group whole = group;
  if (!case_weight_.empty()) {
    whole.case_weight = std::span(case_weight_).subspan(group.first_case, group.cases());
  }
  if (!source_.empty()) {
    whole.source = std::span(source_).subspan(group.first_case, group.cases());
  }
  optimizer_.loss(whole, totals_, gradient, metrics_);
}

}  // namespace tightrope
