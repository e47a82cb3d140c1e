// SPDX-License-Identifier: Apache-2.0
// Batches of numbers for tests of optimizers: builds groups, runs losses, splits and perturbs.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/api/optimizer.h"
#include "core/config/yaml.h"

namespace tightrope::optimizer_test {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Sequence {
  std::vector<double> log_prob, reference;
  std::vector<std::uint8_t> mask;
  std::vector<std::int32_t> tokens;
};

// `length` scored tokens that share the sums equally, with token ids id, id + 1, ...
inline Sequence even_sequence(double sum, double reference, int length, int id = 0) {
  Sequence s;
  for (int t = 0; t < length; ++t) {
    s.log_prob.push_back(sum / length);
    s.reference.push_back(reference / length);
    s.mask.push_back(1);
    s.tokens.push_back(id + t);
  }
  return s;
}

// Cases of one or two sequences, in order.
using CaseList = std::vector<std::vector<Sequence>>;

struct Outcome {
  double loss = 0;
  std::vector<double> gradient;  // by log_prob, in the order of the cases
  std::vector<double> by_entropy, by_value;
  MetricSums metrics;
};

// The flattened form of a list of cases.
class Flat {
 public:
  explicit Flat(const CaseList& cases) {
    for (const auto& sequences : cases) {
      for (const Sequence& s : sequences) {
        log_prob.insert(log_prob.end(), s.log_prob.begin(), s.log_prob.end());
        reference.insert(reference.end(), s.reference.begin(), s.reference.end());
        mask.insert(mask.end(), s.mask.begin(), s.mask.end());
        tokens.insert(tokens.end(), s.tokens.begin(), s.tokens.end());
        offset.push_back(static_cast<std::int32_t>(log_prob.size()));
        totals.add(s.mask, &s == &sequences.front());
      }
      begin.push_back(static_cast<std::int32_t>(offset.size()) - 1);
    }
    // What rollouts know besides: any numbers, the same for the same place and log-prob.
    for (std::size_t t = 0; t < log_prob.size(); ++t) {
      const double wave = std::sin(1.0 + 2.3 * static_cast<double>(t));
      behaviour.push_back(log_prob[t] + 0.15 * wave);
      advantage.push_back(0.4 - wave);
      value.push_back(0.3 * wave);
      value_old.push_back(0.3 * wave + 0.5 * std::sin(5.0 * wave));
      target_return.push_back(0.2 + wave);
      entropy.push_back(1 + 0.5 * wave);
    }
  }

  Group group(int first, int count) const {
    Group g;
    g.first_case = first;
    g.first_trajectory = begin[first];
    g.group_begin = std::span(begin).subspan(first, count + 1);
    const int trajectories = begin[first + count] - begin[first];
    g.offset = std::span(offset).subspan(begin[first], trajectories + 1);
    const int at = g.offset.front();
    const int size = g.offset.back() - at;
    g.mask = std::span(mask).subspan(at, size);
    g.log_prob = std::span(log_prob).subspan(at, size);
    g.data.reference_log_prob = std::span(reference).subspan(at, size);
    g.tokens = std::span(tokens).subspan(at, size);
    g.value = std::span(value).subspan(at, size);
    g.entropy = std::span(entropy).subspan(at, size);
    g.data.behaviour_log_prob = std::span(behaviour).subspan(at, size);
    g.data.behaviour_value = std::span(value_old).subspan(at, size);
    g.data.advantage = std::span(advantage).subspan(at, size);
    g.data.target_return = std::span(target_return).subspan(at, size);
    return g;
  }

  // The step's loss; `cuts` are the sizes of the groups it is computed in (empty: one group).
  Outcome run(const Optimizer& optimizer, std::vector<int> cuts = {}) const {
    if (cuts.empty()) cuts = {static_cast<int>(begin.size()) - 1};
    Outcome out;
    out.gradient.assign(log_prob.size(), 0.0);
    out.by_value = out.by_entropy = out.gradient;
    int first = 0;
    for (int count : cuts) {
      const Group g = group(first, count);
      const std::span<double> slice =
          std::span(out.gradient).subspan(g.offset.front(), g.log_prob.size());
      const auto part = [&](std::vector<double>& column) {
        return std::span(column).subspan(g.offset.front(), g.log_prob.size());
      };
      optimizer.loss(g, totals, {slice, part(out.by_entropy), part(out.by_value)}, out.metrics);
      first += count;
    }
    out.loss = out.metrics.at("loss").sum;
    return out;
  }

  std::vector<std::int32_t> begin{0}, offset{0}, tokens;
  std::vector<std::uint8_t> mask;
  std::vector<double> log_prob, reference;
  std::vector<double> behaviour, advantage, value, value_old, target_return, entropy;
  BatchTotals totals;
};

inline Outcome run(const Optimizer& optimizer, const CaseList& cases) {
  return Flat(cases).run(optimizer);
}

// Builds from YAML text, for example "{type: dpo, beta: 0.2}"; throws ConfigError.
inline std::shared_ptr<const Optimizer> build(const std::string& yaml) {
  Problems problems;
  auto optimizer = Registry<Optimizer>::get().build(parse_yaml(yaml, "test"), "", problems);
  problems.throw_if_any();
  return optimizer;
}

inline nlohmann::json golden(const std::string& name) {
  std::ifstream file(std::string(TIGHTROPE_SOURCE_DIR) + "/tests/golden/" + name);
  return nlohmann::json::parse(file);
}

// The error text of building; empty when it succeeds.
inline std::string build_error(const std::string& yaml) {
  try {
    build(yaml);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

// Fixture P of pairwise_losses.json, its sums spread evenly over the tokens.
inline CaseList fixture_p() {
  const nlohmann::json f = golden("pairwise_losses.json").at("fixture");
  CaseList cases;
  for (std::size_t i = 0; i < 3; ++i) {
    cases.push_back(
        {even_sequence(f["chosen"][i], f["reference_chosen"][i], f["chosen_length"][i]),
         even_sequence(f["rejected"][i], f["reference_rejected"][i], f["rejected_length"][i], 10)});
  }
  return cases;
}

// Every loss_type with the label_smoothing it needs, as YAML entries without braces.
inline std::vector<std::string> every_link() {
  return {"loss_type: sigmoid",
          "loss_type: sigmoid, label_smoothing: 0.1",
          "loss_type: robust, label_smoothing: 0.1",
          "loss_type: hinge",
          "loss_type: ipo_sum",
          "loss_type: ipo_avg",
          "loss_type: sigmoid_norm",
          "loss_type: exo_pair, label_smoothing: 0.1",
          "loss_type: nca_pair",
          "loss_type: bco_pair",
          "loss_type: bco_pair, bco_shift: 0.3",
          "loss_type: sppo_hard",
          "loss_type: apo_zero",
          "loss_type: apo_down",
          "loss_type: discopop"};
}

inline std::vector<std::string> every_divergence() {
  return {"f_divergence: reverse_kl", "f_divergence: forward_kl", "f_divergence: js",
          "f_divergence: alpha", "f_divergence: alpha, alpha_divergence: -0.5"};
}

inline std::vector<std::string> every_credit() {
  return {"credit: trajectory", "credit: first_divergence"};
}

}  // namespace tightrope::optimizer_test
