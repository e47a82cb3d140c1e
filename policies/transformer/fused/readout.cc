// SPDX-License-Identifier: Apache-2.0
#include "policies/transformer/fused/readout.h"

#include <cmath>

namespace tightrope {

template <class T>
void Readout<T>::read(const TokenTree& tree, Rows<T> logits, Wanted wanted, TokenQuantities& out) {
  chosen_.resize(tree.targets.size());
  for (std::size_t i = 0; i < tree.targets.size(); ++i) {
    const TreeTarget& target = tree.targets[i];
    chosen_[i] = logits.row(target.active)[target.id];
    if (wanted.value) out.value[target.index] = logits.row(target.active)[vocabulary_];
  }
  sums_.resize(tree.active_rows());
  for (int a = 0; a < tree.active_rows(); ++a) {
    const TokenRange range = tree.allowed[a];
    sums_[a] = ops_.softmax(range.begin, range.end, width_, logits.row(a));
  }
  for (std::size_t i = 0; i < tree.targets.size(); ++i) {
    const TreeTarget& target = tree.targets[i];
    const SoftmaxSums<T>& sums = sums_[target.active];
    const double log_total = std::log(static_cast<double>(sums.total));
    out.log_prob[target.index] = static_cast<double>(chosen_[i]) - sums.top - log_total;
    if (wanted.entropy) {
      out.entropy[target.index] = log_total - static_cast<double>(sums.weighted) / sums.total;
    }
  }
}

template <class T>
void Readout<T>::write(const TokenTree& tree, Rows<T> logits, const GroupGradient& gradient) {
  weight_.assign(tree.active_rows(), 0.0);
  by_entropy_.assign(tree.active_rows(), 0.0);
  by_value_.assign(tree.active_rows(), 0.0);
  for (const TreeTarget& target : tree.targets) {
    weight_[target.active] += gradient.log_prob[target.index];
    if (!gradient.entropy.empty()) by_entropy_[target.active] += gradient.entropy[target.index];
    if (!gradient.value.empty()) by_value_[target.active] += gradient.value[target.index];
  }
  for (int a = 0; a < tree.active_rows(); ++a) {
    ops_.softmax_backward(width_, static_cast<T>(weight_[a]), static_cast<T>(by_entropy_[a]),
                          sums_[a], logits.row(a));
    if (!gradient.value.empty()) logits.row(a)[vocabulary_] += static_cast<T>(by_value_[a]);
  }
  for (const TreeTarget& target : tree.targets) {
    logits.row(target.active)[target.id] += static_cast<T>(gradient.log_prob[target.index]);
  }
}

template class Readout<float>;
template class Readout<double>;

}  // namespace tightrope
