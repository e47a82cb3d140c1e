// SPDX-License-Identifier: Apache-2.0
#include "policies/transformer/fused/workspace.h"

#include <algorithm>

#include "policies/transformer/case_group.h"

namespace tightrope {
namespace {

// Images are projected this many cases at a time.
constexpr int kOpenCases = 32;
// A chunk is closed once it has this many rows, were nothing shared: its state stays in the cache.
constexpr int kChunkRows = 100;

int unshared_rows(const TransformerShape& shape, const TokenBatch& batch, int b) {
  return shape.image_tokens + batch.offset[batch.group_begin[b + 1]] -
         batch.offset[batch.group_begin[b]];
}

}  // namespace

template <class T>
void FusedWorkspace<T>::for_each_chunk(const TokenBatch& batch, bool backward,
                                       const std::function<void(const Chunk&)>& f) {
  for (int open = 0; open < batch.cases(); open += kOpenCases) {
    const int cases = std::min(kOpenCases, batch.cases() - open);
    pass.open(batch, open, cases);
    for (int b = open; b < open + cases;) {
      Chunk chunk{b, 0, b - open};
      for (int rows = 0; b < open + cases && rows < kChunkRows; ++b, ++chunk.count) {
        rows += unshared_rows(shape_, batch, b);
      }
      f(chunk);
    }
    if (backward) pass.close();
  }
}

template <class T>
void FusedWorkspace<T>::forward_quantities(const TokenBatch& batch, const Chunk& chunk,
                                           Wanted wanted) {
  const int begin = batch.offset[batch.group_begin[chunk.first]];
  const int end = batch.offset[batch.group_begin[chunk.first + chunk.count]];
  tree.build(shape_, batch, chunk.first, chunk.count,
             wanted.value ? Reads::kPrefixes : Reads::kScored);
  quantities_.reset(end - begin, wanted);
  if (tree.active_rows() == 0) return;
  logits_ = pass.forward(tree, chunk.at);
  readout_.read(tree, logits_, wanted, quantities_);
}

template <class T>
void FusedWorkspace<T>::pull(const TokenBatch& batch, const Chunk& chunk, const TokenData& data,
                             Wanted wanted, Pullback& pullback) {
  Group group = case_group(batch, chunk.first, chunk.count, data);
  group.log_prob = quantities_.log_prob;
  group.entropy = quantities_.entropy;
  group.value = quantities_.value;
  gradient_.reset(group.mask.size(), wanted);
  pullback(group, {gradient_.log_prob, gradient_.entropy, gradient_.value});
}

template <class T>
void FusedWorkspace<T>::step(const TokenBatch& batch, const TokenData& data, Wanted wanted,
                             Pullback& pullback) {
  for_each_chunk(batch, true, [&](const Chunk& chunk) {
    forward_quantities(batch, chunk, wanted);
    pull(batch, chunk, data, wanted, pullback);
    if (tree.active_rows() == 0) return;
    readout_.write(tree, logits_, {gradient_.log_prob, gradient_.entropy, gradient_.value});
    pass.backward(tree, chunk.at);
  });
}

template <class T>
void FusedWorkspace<T>::evaluate(const TokenBatch& batch, Wanted wanted, TokenQuantities& out) {
  out.reset(batch.tokens.size(), wanted);
  for_each_chunk(batch, false, [&](const Chunk& chunk) {
    forward_quantities(batch, chunk, wanted);
    const int begin = batch.offset[batch.group_begin[chunk.first]];
    const auto store = [&](const std::vector<double>& from, std::vector<double>& to) {
      std::copy(from.begin(), from.end(), to.begin() + (to.empty() ? 0 : begin));
    };
    store(quantities_.log_prob, out.log_prob);
    store(quantities_.entropy, out.entropy);
    store(quantities_.value, out.value);
  });
}

template class FusedWorkspace<float>;
template class FusedWorkspace<double>;

}  // namespace tightrope
