// SPDX-License-Identifier: Apache-2.0
// Full distributions: the trajectories themselves, and for the beliefs every prefix of them with
// <answer_now> behind it.
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "core/base/math.h"
#include "policies/transformer/autograd/autograd_transformer.h"

namespace tightrope {
namespace {

constexpr std::size_t kBlock = 64;  // sequences of one forward pass on a CPU

// A sequence to run: a trajectory, or its first tokens with <answer_now> behind them.
struct Sequence {
  std::vector<Token> tokens;
  int in_case = 0;
  int trajectory = 0;
  int prefix = 0;  // 0: the trajectory itself
};

// Beliefs are read after <answer_now>, but where the trajectory itself comes to its diagnosis.
bool branches(const Vocabulary& vocabulary, Token token) {
  return token != Vocabulary::answer_now() && token != vocabulary.end_think() &&
         token != Vocabulary::end_of_sequence() && !vocabulary.is_disease(token);
}

std::vector<Sequence> sequences_of(const Vocabulary& vocabulary, const TokenBatch& batch) {
  std::vector<Sequence> out;
  for (int b = 0; b < batch.cases(); ++b) {
    for (int n = batch.group_begin[b]; n < batch.group_begin[b + 1]; ++n) {
      const std::span<const Token> ids = batch.tokens_of(n);
      out.push_back({{ids.begin(), ids.end()}, b, n, 0});
      for (std::size_t t = 0; t < ids.size(); ++t) {
        if (!branches(vocabulary, ids[t])) continue;
        Sequence cut{{ids.begin(), ids.begin() + t + 1}, b, n, static_cast<int>(t) + 1};
        cut.tokens.push_back(Vocabulary::answer_now());
        out.push_back(std::move(cut));
      }
    }
  }
  return out;
}

// Fills the rows of `out` from those of sequences, each [T, V].
class LawReader {
 public:
  LawReader(const TransformerShape& shape, const TokenBatch& batch, Distributions& out)
      : shape_(shape), batch_(batch), out_(out) {
    out.reset(shape.vocabulary, batch.tokens.size());
  }

  void read(const Sequence& from, const double* rows) {
    const std::size_t v = out_.vocabulary;
    const std::size_t first = batch_.offset[from.trajectory];
    if (from.prefix > 0) return read_belief(rows + from.prefix * v, first + from.prefix - 1);
    Grammar::State state = Grammar::start();
    for (std::size_t t = 0; t < from.tokens.size(); ++t) {
      const Token token = from.tokens[t];
      if (t > 0) state = shape_.grammar.next(state, token);
      const TokenRange range = shape_.grammar.allowed(state);
      if (token != Vocabulary::end_of_sequence()) {
        store(rows + t * v, range, &out_.log_prob[(first + t) * v + range.begin]);
      }
      if (token == Vocabulary::answer_now() || token == shape_.vocabulary.end_think()) {
        read_belief(rows + t * v, first + t);
      } else if (!branches(shape_.vocabulary, token)) {  // what the diagnosis was drawn from
        const std::size_t z = out_.diseases;
        std::copy_n(&out_.belief[(first + t - 1) * z], z, &out_.belief[(first + t) * z]);
      }
    }
  }

 private:
  static void store(const double* row, TokenRange range, double* to) {
    std::copy(row + range.begin, row + range.end, to);
    normalise_log(std::span(to, range.size()));
  }
  void read_belief(const double* row, std::size_t token) {
    const TokenRange answers{shape_.vocabulary.first_disease(),
                             shape_.vocabulary.first_attribute()};
    store(row, answers, &out_.belief[token * out_.diseases]);
  }

  const TransformerShape& shape_;
  const TokenBatch& batch_;
  Distributions& out_;
};

}  // namespace

void AutogradTransformer::distribution(std::span<const float> parameters, const TokenBatch& batch,
                                       Distributions& out, Workspace&) const {
  check(parameters.size(), batch, {});
  const at::NoGradGuard no_graph;
  const at::Tensor weights = upload(parameters).unsqueeze(0);
  LawReader reader(*shape_, batch, out);
  const std::vector<Sequence> all = sequences_of(shape_->vocabulary, batch);
  const std::size_t most = kBlock * fill();
  for (std::size_t first = 0; first < all.size(); first += most) {
    const std::span<const Sequence> block =
        std::span(all).subspan(first, std::min(most, all.size() - first));
    std::size_t length = 0;
    for (const Sequence& one : block) length = std::max(length, one.tokens.size());
    PaddedTokens padded(*shape_, 1, static_cast<int>(block.size()), static_cast<int>(length));
    for (std::size_t i = 0; i < block.size(); ++i) {
      padded.set(*shape_, 0, static_cast<int>(i), batch.image(block[i].in_case), block[i].tokens);
    }
    const at::Tensor law =
        network_.forward(weights, padded).law.to(at::kCPU, at::kDouble).contiguous();
    for (std::size_t i = 0; i < block.size(); ++i) {
      reader.read(block[i], law.const_data_ptr<double>() + i * length * out.vocabulary);
    }
  }
}

}  // namespace tightrope
