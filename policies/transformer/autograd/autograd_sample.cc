// SPDX-License-Identifier: Apache-2.0
// Sampling. Every step runs the whole prefix again: the reference needs no cache.
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/math.h"
#include "policies/sampling_rule.h"
#include "policies/transformer/autograd/autograd_transformer.h"

namespace tightrope {
namespace {

constexpr int kSampleBlock = 256;  // on a CPU

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

void draw(const TransformerShape& shape, const SamplingOptions& options, const double* row,
          Writer& writer) {
  const TokenRange range = shape.grammar.grammatical(writer.state);
  if (range.size() == 1) return append(shape, writer, range.begin, true, 0);
  std::vector<double> law(row + range.begin, row + range.end), weights;
  normalise_log(law);
  std::vector<int> order;
  shape_law(options, law, order);
  const int chosen = draw_index(options, law, writer.draws, weights);
  append(shape, writer, range.begin + chosen, true, law[chosen]);
}

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
  const int most = kSampleBlock * fill();
  for (int first = 0; first < count; first += most) {
    std::vector<Writer> writers;
    for (int b = first; b < std::min(count, first + most); ++b) {
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
      const at::Tensor law = network_.forward(weights, padded)
                                 .law.select(2, length - 1)
                                 .to(at::kCPU, at::kDouble)
                                 .contiguous();
      for (int n = 0; n < sequences; ++n) {
        draw(*shape_, options, law.const_data_ptr<double>() + n * v, writers[n]);
      }
      std::erase_if(writers, [](const Writer& writer) {
        return writer.state.last == Vocabulary::end_of_sequence();
      });
    }
  }
}

}  // namespace tightrope
