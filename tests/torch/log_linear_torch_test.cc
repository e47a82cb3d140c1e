// SPDX-License-Identifier: Apache-2.0
// The log-linear policy written a second time with ATen and its autograd, in the plain padded form
// (no prefix tree, no fusing): log-probs and gradients of a DPO loss must agree.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <memory>

#include "core/base/math.h"
#include "policies/kernels/kernels.h"
#include "policies/parameter_layout.h"
#include "tests/policies/fixtures.h"

namespace tightrope {
namespace {

at::Tensor view_of(const LogLinearShape& shape, const std::vector<at::Tensor>& views,
                   const std::string& name) {
  for (std::size_t i = 0; i < shape.layout.size(); ++i) {
    if (shape.layout[i].name == name) return views[i];
  }
  return {};
}

// Logits [V] of the law after tokens[0..t], by the definition.
at::Tensor logits_after(const LogLinearShape& shape, const std::vector<at::Tensor>& views,
                        const at::Tensor& image, std::span<const Token> prefix) {
  const LogLinearOptions& options = shape.options;
  const Vocabulary& vocabulary = shape.vocabulary;
  const int c = shape.channels;
  const auto view = [&](const char* name) { return view_of(shape, views, name); };
  const at::Tensor absolute = image.abs().clamp_max(options.clamp);
  at::Tensor feeds_v = at::ones({shape.width}, image.options());
  at::Tensor feeds_absolute = feeds_v.clone();
  const int first = vocabulary.first_disease(), end = vocabulary.first_attribute();
  if (options.gate) feeds_v.slice(0, first, end).zero_();
  if (options.gate || !options.answer_absolute) feeds_absolute.slice(0, first, end).zero_();
  const at::Tensor weights = view("weights");
  at::Tensor logits = view("bias") + at::matmul(image, weights.slice(0, 0, c)) * feeds_v +
                      at::matmul(absolute, weights.slice(0, c, 2 * c)) * feeds_absolute;
  for (const Token token : prefix) {
    logits = logits + options.bag_scale * view("bag").select(0, token);
  }
  logits = logits + view("last").select(0, prefix.back());
  logits = logits.slice(0, 0, vocabulary.size());
  const bool complete = prefix.back() == vocabulary.end_think();
  if (!complete && prefix.back() != Vocabulary::answer_now()) return logits;
  const at::Tensor features = options.answer_absolute ? at::cat({image, absolute}) : image;
  const int mode = complete ? 1 : 0;
  const int set = options.gate ? mode : 0;
  const int diseases = vocabulary.diseases();
  at::Tensor extra = at::zeros({diseases}, image.options());
  if (options.gate) {
    extra =
        extra + at::matmul(features, view("answer_weights").select(0, set)).slice(0, 0, diseases);
  }
  if (options.answer_units > 0) {
    at::Tensor hidden = at::matmul(features, view("unit_weights").select(0, set)) +
                        view("unit_bias").select(0, mode);
    for (const Token token : prefix) {
      if (vocabulary.is_category(token) || vocabulary.is_finding(token)) {
        hidden = hidden + view("unit_tokens").select(0, token);
      }
    }
    extra = extra + at::matmul(view("unit_output"), hidden.tanh());
  }
  return at::cat(
      {logits.slice(0, 0, first), logits.slice(0, first, end) + extra, logits.slice(0, end)});
}

// Log-probs [M] of the scored tokens (0 elsewhere).
at::Tensor log_probs(const LogLinearShape& shape, const std::vector<at::Tensor>& views,
                     const TokenBatch& batch) {
  std::vector<at::Tensor> out;
  const auto options = views[0].options();
  for (int b = 0; b < batch.cases(); ++b) {
    at::Tensor image = at::empty({batch.channels}, options);
    for (int i = 0; i < batch.channels; ++i) image[i] = batch.image(b)[i];
    for (int n = batch.group_begin[b]; n < batch.group_begin[b + 1]; ++n) {
      const std::span<const Token> tokens = batch.tokens_of(n);
      Grammar::State state;
      for (std::size_t t = 0; t < tokens.size(); ++t) {
        if (t > 1) state = shape.grammar.next(state, tokens[t - 1]);
        if (batch.mask[batch.offset[n] + t] == 0) {
          out.push_back(at::zeros({}, options));
          continue;
        }
        const TokenRange range = shape.grammar.allowed(state);
        const at::Tensor law = logits_after(shape, views, image, tokens.first(t))
                                   .slice(0, range.begin, range.end)
                                   .log_softmax(0);
        out.push_back(law[tokens[t] - range.begin]);
      }
    }
  }
  return at::stack(out);
}

// Mean over cases of -log sigmoid(beta (sum of the first trajectory - sum of the others)).
constexpr double kBeta = 0.3;

class MarginLoss final : public Pullback {
 public:
  explicit MarginLoss(int cases) : all_(cases) {}
  double loss = 0;
  std::vector<double> seen;

  void operator()(const Group& group, GroupGradient gradient) override {
    seen.insert(seen.end(), group.log_prob.begin(), group.log_prob.end());
    for (int b = 0; b < group.cases(); ++b) {
      const int n = group.group_begin[b] - group.group_begin[0];
      const int m = group.group_begin[b + 1] - group.group_begin[0];
      const int begin = group.offset[n] - group.offset[0];
      const int middle = group.offset[n + 1] - group.offset[0];
      const int end = group.offset[m] - group.offset[0];
      double margin = 0;
      for (int i = begin; i < end; ++i) {
        margin += (i < middle ? 1 : -1) * group.log_prob[i];
      }
      loss -= log_sigmoid(kBeta * margin) / all_;
      const double d = -kBeta * sigmoid(-kBeta * margin) / all_;
      for (int i = begin; i < end; ++i) gradient.log_prob[i] += i < middle ? d : -d;
    }
  }

 private:
  double all_;
};

at::Tensor margin_loss(const at::Tensor& log_prob, const TokenBatch& batch) {
  at::Tensor total = at::zeros({}, log_prob.options());
  for (int b = 0; b < batch.cases(); ++b) {
    const int n = batch.group_begin[b], m = batch.group_begin[b + 1];
    const at::Tensor margin = log_prob.slice(0, batch.offset[n], batch.offset[n + 1]).sum() -
                              log_prob.slice(0, batch.offset[n + 1], batch.offset[m]).sum();
    total = total - at::log_sigmoid(kBeta * margin) / batch.cases();
  }
  return total;
}

template <class T>
void compare(const PolicyContext& context, const LogLinearOptions& options, std::uint64_t seed,
             double tolerance) {
  const auto shape = std::make_shared<const LogLinearShape>(context, options);
  const std::vector<T> parameters = random_parameters<T>(total_size(shape->layout), seed, 0.4);
  const TokenBatch batch = random_batch(context, 9, seed);
  std::vector<at::Tensor> views;
  for (const ParameterView& view : shape->layout) {
    const std::vector<std::int64_t> sizes(view.shape.begin(), view.shape.end());
    at::Tensor tensor = at::empty(sizes, at::TensorOptions().dtype(at::kDouble));
    double* data = tensor.data_ptr<double>();
    for (std::int64_t i = 0; i < view.size; ++i) data[i] = parameters[view.offset + i];
    views.push_back(tensor.requires_grad_(true));
  }
  const at::Tensor expected = log_probs(*shape, views, batch);
  const at::Tensor loss = margin_loss(expected, batch);
  loss.backward();

  const auto kernel = make_log_linear_kernel<T>(shape);
  std::vector<T> gradient(parameters.size());
  std::vector<double> log_prob, d_log_prob;
  MarginLoss ours(batch.cases());
  run_step<T>(*kernel, parameters, batch, {}, ours, gradient, log_prob, d_log_prob);
  EXPECT_NEAR(ours.loss, loss.item<double>(), tolerance);
  ASSERT_EQ(static_cast<std::int64_t>(ours.seen.size()), expected.numel());
  for (std::size_t i = 0; i < ours.seen.size(); ++i) {
    EXPECT_NEAR(ours.seen[i], expected[static_cast<std::int64_t>(i)].item<double>(),
                10 * tolerance);
  }
  double largest = 0;
  for (std::size_t v = 0; v < views.size(); ++v) {
    const ParameterView& view = shape->layout[v];
    if (!views[v].grad().defined()) continue;
    const at::Tensor reference = views[v].grad().contiguous();
    const double* data = reference.data_ptr<double>();
    for (std::int64_t i = 0; i < view.size; ++i) {
      largest = std::max(largest, std::abs(data[i]));
      EXPECT_NEAR(gradient[view.offset + i], data[i], tolerance) << view.name << " " << i;
    }
  }
  EXPECT_GT(largest, 1e-3);
}

void compare_both(const PolicyContext& context, const LogLinearOptions& options,
                  std::uint64_t seed) {
  compare<double>(context, options, seed, 1e-12);
  compare<float>(context, options, seed, 2e-6);
}

TEST(LogLinearAutograd, Plain) { compare_both(small_context(0, 4, 6, 6, 4), {}, 1); }
TEST(LogLinearAutograd, Categories) { compare_both(small_context(3, 4, 6, 6, 4), {}, 2); }
TEST(LogLinearAutograd, GrammarOff) {
  compare_both(small_context(2, 4, 6, 6, 4), {.grammar = false}, 3);
}
TEST(LogLinearAutograd, Absolute) {
  compare_both(small_context(0, 4, 6, 6, 4), {.clamp = 0.7, .answer_absolute = true}, 4);
}
TEST(LogLinearAutograd, UnitsAndGate) {
  compare_both(small_context(2, 4, 6, 6, 4),
               {.answer_absolute = true, .answer_units = 9, .gate = true}, 5);
}

}  // namespace
}  // namespace tightrope
