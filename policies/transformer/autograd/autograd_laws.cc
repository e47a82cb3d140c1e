// SPDX-License-Identifier: Apache-2.0
// Sampling and full distributions. Every step of sampling runs the whole prefix again: the
// reference needs no cache.
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/math.h"
#include "policies/sampling_rule.h"
#include "policies/transformer/autograd/autograd_transformer.h"

namespace tightrope {
namespace {

constexpr int kSampleBlock = 256;
constexpr int kDistributionBlock = 64;  // sequences

// A trajectory being written, with its own draws.
struct Writer {
  Sample* out;
  Draws draws;
  Grammar::State state;
};

void append(const TransformerShape& shape, Writer& writer, Token token, bool scored,
            double log_prob) {
  Sample& out = *writer.out;
  writer.state =
      out.trajectory.tokens.empty() ? Grammar::start() : shape.grammar.next(writer.state, token);
  out.trajectory.tokens.push_back(token);
  out.trajectory.mask.push_back(scored ? 1 : 0);
  out.log_prob.push_back(log_prob);
  if (shape.vocabulary.is_disease(token)) out.disease = shape.vocabulary.disease_of(token);
}

// Normalised over `range`; a law row may spread further where the grammar is switched off.
std::vector<double> law_of(const double* row, TokenRange range) {
  std::vector<double> law(row + range.begin, row + range.end);
  const double total = log_sum_exp(law);
  for (double& value : law) value -= total;
  return law;
}

void draw(const TransformerShape& shape, const SamplingOptions& options, const double* row,
          Writer& writer) {
  const TokenRange range = shape.grammar.grammatical(writer.state);
  if (range.size() == 1) return append(shape, writer, range.begin, true, 0);
  std::vector<double> law = law_of(row, range), weights;
  std::vector<int> order;
  shape_law(options, law, order);
  const int chosen = draw_index(options, law, writer.draws, weights);
  append(shape, writer, range.begin + chosen, true, law[chosen]);
}

at::Tensor host(const at::Tensor& law) { return law.to(at::kCPU, at::kDouble).contiguous(); }

}  // namespace

void AutogradTransformer::sample(std::span<const float> parameters, std::span<const float> images,
                                 int count, const SamplingOptions& options, const Stream& stream,
                                 std::uint32_t step, std::vector<Sample>& out, Workspace&) const {
  check_sampling(options);
  const std::size_t channels = shape_->channels;
  TR_CHECK(images.size() >= count * channels, "fewer than {} images", count);
  const at::NoGradGuard no_graph;
  const at::Tensor weights = upload(parameters).unsqueeze(0);
  const std::size_t v = shape_->vocabulary.size();
  out.resize(count);
  for (int first = 0; first < count; first += kSampleBlock) {
    std::vector<Writer> writers;
    for (int b = first; b < std::min(count, first + kSampleBlock); ++b) {
      out[b] = {};
      writers.push_back({&out[b], stream.at(step, static_cast<std::uint32_t>(b)), {}});
      append(*shape_, writers.back(), Vocabulary::think(), false, 0);
      if (!options.thinking) append(*shape_, writers.back(), Vocabulary::answer_now(), false, 0);
    }
    while (!writers.empty()) {
      const int sequences = static_cast<int>(writers.size());
      const int length = static_cast<int>(writers[0].out->trajectory.tokens.size());
      PaddedTokens padded(*shape_, 1, sequences, length);
      for (int n = 0; n < sequences; ++n) {
        const std::size_t b = writers[n].out - out.data();
        padded.set(*shape_, 0, n, images.subspan(b * channels, channels),
                   writers[n].out->trajectory.tokens);
      }
      const at::Tensor law = host(network_.forward(weights, padded).law.select(2, length - 1));
      for (int n = 0; n < sequences; ++n) {
        draw(*shape_, options, law.const_data_ptr<double>() + n * v, writers[n]);
      }
      std::erase_if(writers, [](const Writer& writer) {
        return writer.state.last == Vocabulary::end_of_sequence();
      });
    }
  }
}

namespace {

// A sequence whose last rows are read: those of a trajectory, or a belief branched off by
// <answer_now> after `prefix` tokens of it.
struct Branch {
  int trajectory = 0;
  int prefix = 0;  // 0: the trajectory itself
};

// Beliefs are read after <answer_now>, but where the trajectory itself is at its diagnosis.
bool branches(const Vocabulary& vocabulary, Token token) {
  return token != Vocabulary::answer_now() && token != vocabulary.end_think() &&
         token != Vocabulary::end_of_sequence() && !vocabulary.is_disease(token);
}

}  // namespace

void AutogradTransformer::distribution(std::span<const float> parameters, const TokenBatch& batch,
                                       Distributions& out, Workspace&) const {
  check(parameters.size(), batch, {});
  const at::NoGradGuard no_graph;
  const at::Tensor weights = upload(parameters).unsqueeze(0);
  const Vocabulary& vocabulary = shape_->vocabulary;
  const TokenRange answers{vocabulary.first_disease(), vocabulary.first_attribute()};
  const std::size_t v = vocabulary.size(), z = vocabulary.diseases();
  out.vocabulary = vocabulary.size();
  out.diseases = vocabulary.diseases();
  out.log_prob.assign(batch.tokens.size() * v, kNegativeInfinity);
  out.belief.assign(batch.tokens.size() * z, 0);

  std::vector<int> case_of(batch.trajectories());
  std::vector<Branch> branch;
  for (int b = 0; b < batch.cases(); ++b) {
    for (int n = batch.group_begin[b]; n < batch.group_begin[b + 1]; ++n) {
      case_of[n] = b;
      branch.push_back({n, 0});
      const std::span<const Token> ids = batch.tokens_of(n);
      for (std::size_t t = 0; t < ids.size(); ++t) {
        if (branches(vocabulary, ids[t])) branch.push_back({n, static_cast<int>(t) + 1});
      }
    }
  }
  const auto tokens_of = [&](const Branch& one) {
    const std::span<const Token> ids = batch.tokens_of(one.trajectory);
    if (one.prefix == 0) return std::vector<Token>(ids.begin(), ids.end());
    std::vector<Token> cut(ids.begin(), ids.begin() + one.prefix);
    cut.push_back(Vocabulary::answer_now());
    return cut;
  };
  const auto store = [&](const double* row, TokenRange range, double* to) {
    std::ranges::copy(law_of(row, range), to);
  };
  // The rows of one trajectory.
  const auto read_trajectory = [&](int n, const double* rows) {
    const std::span<const Token> ids = batch.tokens_of(n);
    Grammar::State state = Grammar::start();
    for (std::size_t t = 0; t < ids.size(); ++t) {
      if (t > 0) state = shape_->grammar.next(state, ids[t]);
      const std::size_t at = batch.offset[n] + t;
      const TokenRange range = shape_->grammar.allowed(state);
      if (ids[t] != Vocabulary::end_of_sequence()) {
        store(rows + t * v, range, &out.log_prob[at * v + range.begin]);
      }
      if (ids[t] == Vocabulary::answer_now() || ids[t] == vocabulary.end_think()) {
        store(rows + t * v, answers, &out.belief[at * z]);
      } else if (!branches(vocabulary, ids[t])) {
        std::copy_n(&out.belief[(at - 1) * z], z, &out.belief[at * z]);
      }
    }
  };
  for (std::size_t first = 0; first < branch.size(); first += kDistributionBlock) {
    const std::size_t last = std::min(branch.size(), first + kDistributionBlock);
    std::size_t length = 0;
    for (std::size_t i = first; i < last; ++i)
      length = std::max(length, tokens_of(branch[i]).size());
    PaddedTokens padded(*shape_, 1, static_cast<int>(last - first), static_cast<int>(length));
    for (std::size_t i = first; i < last; ++i) {
      padded.set(*shape_, 0, static_cast<int>(i - first),
                 batch.image(case_of[branch[i].trajectory]), tokens_of(branch[i]));
    }
    const at::Tensor law = host(network_.forward(weights, padded).law);
    for (std::size_t i = first; i < last; ++i) {
      const double* rows = law.const_data_ptr<double>() + (i - first) * length * v;
      const Branch& one = branch[i];
      if (one.prefix == 0) {
        read_trajectory(one.trajectory, rows);
      } else {
        const std::size_t at = batch.offset[one.trajectory] + one.prefix - 1;
        store(rows + one.prefix * v, answers, &out.belief[at * z]);
      }
    }
  }
}

}  // namespace tightrope
