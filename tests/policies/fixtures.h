// SPDX-License-Identifier: Apache-2.0
// Small vocabularies, random batches and a smooth loss for the policy tests.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/api/policy.h"
#include "core/config/yaml.h"

namespace tightrope {

inline PolicyContext small_context(int categories, int diseases, int attributes, int channels,
                                   int max_mentions) {
  Names names;
  for (int i = 0; i < categories; ++i) names.categories.push_back("g" + std::to_string(i));
  for (int i = 0; i < diseases; ++i) names.diseases.push_back("z" + std::to_string(i));
  for (int i = 0; i < attributes; ++i) names.attributes.push_back("a" + std::to_string(i));
  return {Vocabulary(names), channels, max_mentions};
}

inline Stream test_stream(std::uint64_t seed) { return Stream(1, Purpose::kProbe, seed); }

inline std::vector<float> random_images(int count, int channels, std::uint64_t seed) {
  std::vector<float> out(static_cast<std::size_t>(count) * channels);
  Draws draws = test_stream(seed).at(1);
  for (float& value : out) value = static_cast<float>(1.2 * draws.normal());
  return out;
}

// A random grammatical trajectory of the context: full, cut or direct, with random masks on top.
inline Trajectory random_trajectory(const PolicyContext& context, Draws& draws) {
  const Vocabulary& vocabulary = context.vocabulary;
  std::vector<Slot> report(vocabulary.attributes(), Slot::kSilent);
  for (Slot& slot : report) slot = static_cast<Slot>(draws.below(4));
  cap_mentions(report, context.max_mentions);
  const int category =
      vocabulary.categories() > 0 ? static_cast<int>(draws.below(vocabulary.categories())) : -1;
  const int disease = static_cast<int>(draws.below(vocabulary.diseases()));
  const std::uint32_t form = draws.below(5);
  Trajectory out;
  if (form == 0) {
    out = make_trajectory(vocabulary, report, category, disease, Ending::kAnswerNow, 0);
  } else if (form == 1) {
    out = make_trajectory(vocabulary, report, category, disease, Ending::kAnswerNow, 1);
    score_answer_only(vocabulary, out);
  } else {
    out = make_trajectory(vocabulary, report, category, disease);
    if (form == 2) {
      for (std::uint8_t& mask : out.mask) mask = mask != 0 && draws.below(3) > 0 ? 1 : 0;
    }
  }
  return out;
}

// `cases` cases with 1..3 trajectories each; the later ones often share a prefix with the first.
inline TokenBatch random_batch(const PolicyContext& context, int cases, std::uint64_t seed) {
  TokenBatch batch;
  batch.clear(context.channels);
  const std::vector<float> images = random_images(cases, context.channels, seed);
  Draws draws = test_stream(seed).at(2);
  for (int b = 0; b < cases; ++b) {
    batch.add_case(std::span(images).subspan(static_cast<std::size_t>(b) * context.channels,
                                             context.channels));
    const std::uint32_t count = 1 + draws.below(3);
    const Trajectory first = random_trajectory(context, draws);
    batch.add(first);
    for (std::uint32_t i = 1; i < count; ++i) {
      Trajectory other = random_trajectory(context, draws);
      if (draws.below(3) == 0) {  // the same chain, another diagnosis
        other = first;
        other.tokens[other.tokens.size() - 2] = context.vocabulary.disease(
            static_cast<int>(draws.below(context.vocabulary.diseases())));
      }
      batch.add(other);
    }
  }
  return batch;
}

// L = sum_i mask_i (w_i l_i + l_i^2 / 20) with fixed pseudo-random w; d = dL/dl.
class TestLoss : public Pullback {
 public:
  static double weight(std::size_t token) { return 0.5 + static_cast<double>(token * 7 % 5) / 4; }
  static double value(const TokenBatch& batch, std::span<const double> log_prob) {
    double total = 0;
    for (std::size_t i = 0; i < log_prob.size(); ++i) {
      if (batch.mask[i] != 0) {
        total += weight(i) * log_prob[i] + log_prob[i] * log_prob[i] / 20;
      }
    }
    return total;
  }
  void operator()(const Group& group, GroupGradient gradient) override {
    const std::size_t first = group.offset[0];
    for (std::size_t i = 0; i < group.log_prob.size(); ++i) {
      seen.push_back(group.log_prob[i]);
      // Unscored tokens get a gradient too: it must be ignored.
      gradient.log_prob[i] += weight(first + i) + group.log_prob[i] / 10;
    }
    cases += group.cases();
  }
  std::vector<double> seen;
  int cases = 0;
};

// Random parameters, zero nowhere.
template <class T>
std::vector<T> random_parameters(std::int64_t count, std::uint64_t seed, double deviation = 0.4) {
  std::vector<T> out(count);
  Draws draws = test_stream(seed).at(3);
  for (T& value : out) value = static_cast<T>(deviation * draws.normal());
  return out;
}

inline std::shared_ptr<const Policy> build_policy(const std::string& yaml,
                                                  const PolicyContext& context) {
  Problems problems;
  const auto model =
      Registry<PolicyModel>::get().build(parse_yaml(yaml, "test"), "policy", problems);
  problems.throw_if_any();
  return model->make(context);
}

}  // namespace tightrope
