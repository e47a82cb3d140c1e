// SPDX-License-Identifier: Apache-2.0
// Forward, pullback and backward, some cases of all lanes at a time.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "policies/transformer/autograd/autograd_transformer.h"
#include "policies/transformer/case_group.h"

namespace tightrope {
namespace {

// Padded rows of one graph on a CPU, all lanes together; bounds its memory.
constexpr std::int64_t kChunkRows = 16384;

// Cases [first, last) of every lane that has them.
struct CaseRange {
  int first = 0;
  int last = 0;
  int of(const LaneStep& lane) const { return std::min(last, lane.batch->cases()); }
  bool in(const LaneStep& lane) const { return first < lane.batch->cases(); }
};

// Sequences and length of the padded tensor of some cases.
struct Extent {
  int sequences = 0;
  int length = 0;
};

Extent extent_of(std::span<const LaneStep> lanes, CaseRange range) {
  Extent out;
  for (const LaneStep& lane : lanes) {
    if (!range.in(lane)) continue;
    const TokenBatch& batch = *lane.batch;
    const int begin = batch.group_begin[range.first], end = batch.group_begin[range.of(lane)];
    out.sequences = std::max(out.sequences, end - begin);
    for (int n = begin; n < end; ++n) out.length = std::max(out.length, batch.length(n));
  }
  return out;
}

CaseRange next_range(const TransformerShape& shape, std::span<const LaneStep> lanes,
                     std::int64_t most_rows, int first, int cases) {
  CaseRange range{first, first + 1};
  while (range.last < cases) {
    const Extent more = extent_of(lanes, {range.first, range.last + 1});
    const std::int64_t rows = static_cast<std::int64_t>(lanes.size()) * more.sequences *
                              (shape.image_tokens + more.length);
    if (rows > most_rows) break;
    ++range.last;
  }
  return range;
}

void check_allowed(const TransformerShape& shape, const TokenBatch& batch, int n) {
  const std::span<const Token> ids = batch.tokens_of(n);
  Grammar::State state = Grammar::start();
  for (std::size_t t = 1; t < ids.size(); ++t) {
    if (batch.mask[batch.offset[n] + t] != 0) {
      shape.check_scored(ids, t, shape.grammar.allowed(state));
    }
    state = shape.grammar.next(state, ids[t]);
  }
}

PaddedTokens pad(const TransformerShape& shape, std::span<const LaneStep> lanes, CaseRange range,
                 Extent extent) {
  PaddedTokens out(shape, static_cast<int>(lanes.size()), extent.sequences, extent.length);
  for (std::size_t l = 0; l < lanes.size(); ++l) {
    if (!range.in(lanes[l])) continue;
    const TokenBatch& batch = *lanes[l].batch;
    const int begin = batch.group_begin[range.first];
    for (int b = range.first; b < range.of(lanes[l]); ++b) {
      for (int n = batch.group_begin[b]; n < batch.group_begin[b + 1]; ++n) {
        check_allowed(shape, batch, n);
        out.set(shape, static_cast<int>(l), n - begin, batch.image(b), batch.tokens_of(n));
      }
    }
  }
  return out;
}

// Which quantities of [Q, L, N, T] are where.
struct Columns {
  int entropy = -1;
  int value = -1;
  int count = 1;
  explicit Columns(std::span<const LaneStep> lanes) {
    const auto any = [&](bool Wanted::*flag) {
      return std::any_of(lanes.begin(), lanes.end(),
                         [&](const LaneStep& lane) { return lane.wanted.*flag; });
    };
    if (any(&Wanted::entropy)) entropy = count++;
    if (any(&Wanted::value)) value = count++;
  }
};

// [Q, L, N, T]: entry t holds the quantities of token t + 1.
at::Tensor quantities_of(const LaneNetwork::Output& out, const at::Tensor& targets,
                         const Columns& columns) {
  std::vector<at::Tensor> parts;
  parts.reserve(columns.count);
  parts.push_back(out.law.gather(-1, targets.unsqueeze(-1)).squeeze(-1));
  if (columns.entropy >= 0) parts.push_back(-(out.law.exp() * out.law).sum(-1));
  if (columns.value >= 0) parts.push_back(out.value);
  return at::stack(parts);
}

// Copies between one column of a lane and the ragged tokens of its cases.
template <class Move>
void for_each_scored(const TokenBatch& batch, const PaddedTokens& padded, int l, int first_case,
                     int last_case, Move move) {
  const int first = batch.group_begin[first_case];
  for (int n = first; n < batch.group_begin[last_case]; ++n) {
    for (int t = 1; t < batch.length(n); ++t) {
      const int token = batch.offset[n] + t;
      if (batch.mask[token] != 0) {
        move(token - batch.offset[first], padded.at(l, n - first, t - 1));
      }
    }
  }
}

// One lane's part of a chunk: reads its quantities, calls its pullback, writes its gradients.
void pull(const LaneStep& lane, int l, CaseRange range, const PaddedTokens& padded,
          const Columns& columns, const double* quantities, double* gradients) {
  const TokenBatch& batch = *lane.batch;
  const int last = range.of(lane);
  Group group = case_group(batch, range.first, last - range.first, lane.data);
  const std::size_t column = padded.tokens.size();
  TokenQuantities at, slope;
  at.reset(group.mask.size(), lane.wanted);
  slope.reset(group.mask.size(), lane.wanted);
  const auto each = [&](auto move) {
    for_each_scored(batch, padded, l, range.first, last, [&](int token, std::size_t index) {
      move(at.log_prob, slope.log_prob, token, index);
      if (lane.wanted.entropy)
        move(at.entropy, slope.entropy, token, columns.entropy * column + index);
      if (lane.wanted.value) move(at.value, slope.value, token, columns.value * column + index);
    });
  };
  each([&](std::vector<double>& to, const auto&, int token, std::size_t index) {
    to[token] = quantities[index];
  });
  group.log_prob = at.log_prob;
  group.entropy = at.entropy;
  group.value = at.value;
  (*lane.pullback)(group, {slope.log_prob, slope.entropy, slope.value});
  each([&](const auto&, std::vector<double>& from, int token, std::size_t index) {
    gradients[index] = from[token];
  });
}

}  // namespace

void AutogradTransformer::accumulate(const at::Tensor& leaf,
                                     std::span<const LaneStep> lanes) const {
  const at::AutoGradMode with_graph(leaf.requires_grad());
  const Columns columns(lanes);
  int cases = 0;
  for (const LaneStep& lane : lanes) cases = std::max(cases, lane.batch->cases());
  for (int first = 0; first < cases;) {
    const CaseRange range = next_range(*shape_, lanes, fill() * kChunkRows, first, cases);
    first = range.last;
    const Extent extent = extent_of(lanes, range);
    // A chunk without a token still goes to the pullback.
    const PaddedTokens padded =
        pad(*shape_, lanes, range, {std::max(extent.sequences, 1), std::max(extent.length, 1)});
    const at::Tensor targets =
        at::from_blob(const_cast<std::int64_t*>(padded.targets.data()),
                      {padded.lanes, padded.sequences, padded.length}, at::kLong)
            .to(leaf.device());
    const at::Tensor quantities = quantities_of(network_.forward(leaf, padded), targets, columns);
    const at::Tensor host = quantities.detach().to(at::kCPU, at::kDouble).contiguous();
    const at::Tensor slopes = at::zeros_like(host);
    for (std::size_t l = 0; l < lanes.size(); ++l) {
      if (range.in(lanes[l])) {
        pull(lanes[l], static_cast<int>(l), range, padded, columns, host.const_data_ptr<double>(),
             slopes.mutable_data_ptr<double>());
      }
    }
    if (leaf.requires_grad()) quantities.backward(slopes.to(network_.options()));
  }
}

void AutogradTransformer::step_lanes(std::span<const LaneStep> lanes, Workspace&) const {
  std::vector<at::Tensor> rows;
  for (const LaneStep& lane : lanes) {
    check(lane.parameters.size(), *lane.batch, lane.wanted);
    rows.push_back(upload(lane.parameters));
  }
  const at::Tensor leaf = at::stack(rows).requires_grad_();
  accumulate(leaf, lanes);
  if (!leaf.grad().defined()) return;
  const at::Tensor total = leaf.grad().to(at::kCPU, at::kFloat).contiguous();
  for (std::size_t l = 0; l < lanes.size(); ++l) {
    const float* from = total.const_data_ptr<float>() + l * shape_->parameters;
    for (std::size_t i = 0; i < lanes[l].gradient.size(); ++i) lanes[l].gradient[i] += from[i];
  }
}

namespace {

// Keeps what it is shown.
class Recorder final : public Pullback {
 public:
  explicit Recorder(TokenQuantities& out) : out_(out) {}
  void operator()(const Group& group, GroupGradient) override {
    const auto append = [](std::vector<double>& to, std::span<const double> from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(out_.log_prob, group.log_prob);
    append(out_.entropy, group.entropy);
    append(out_.value, group.value);
  }

 private:
  TokenQuantities& out_;
};

}  // namespace

void AutogradTransformer::evaluate(std::span<const float> parameters, const TokenBatch& batch,
                                   Wanted wanted, TokenQuantities& out, Workspace&) const {
  check(parameters.size(), batch, wanted);
  out = {};
  Recorder recorder(out);
  const LaneStep lane{{}, &batch, {}, wanted, &recorder, {}};
  accumulate(upload(parameters).unsqueeze(0), std::span(&lane, 1));
}

}  // namespace tightrope
