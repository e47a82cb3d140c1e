// SPDX-License-Identifier: Apache-2.0
// Cases a second of the concept world on the shipped 12 x 53 graph, on one core.
#include <benchmark/benchmark.h>

#include "core/api/cases.h"
#include "core/api/world.h"
#include "core/config/node.h"
#include "core/config/yaml.h"
#include "graph/concept_environment.h"

namespace tightrope {
namespace {

std::shared_ptr<const World> make_world(const std::string& diagnosis) {
  Problems problems;
  const auto model = Registry<WorldModel>::get().build(
      parse_yaml("{type: concept, graph: cxr, diagnosis: " + diagnosis + "}", "bench"), "world",
      problems);
  problems.throw_if_any();
  return model->make(Stream(1, Purpose::kWorld, 0));
}

struct Setting {
  explicit Setting(const std::string& diagnosis)
      : world(make_world(diagnosis)),
        environment(std::dynamic_pointer_cast<const ConceptEnvironment>(
            world->environment(world->base()))) {}
  std::shared_ptr<const World> world;
  std::shared_ptr<const ConceptEnvironment> environment;
};

constexpr int kBatch = 1000;

void sample_cases(benchmark::State& state, const std::string& diagnosis) {
  const Setting setting(diagnosis);
  const Stream stream(1, Purpose::kData, 0);
  Cases cases;
  std::uint32_t step = 0;
  for (auto unused : state) {
    setting.environment->sample(stream, step++, 0, kBatch, cases);
    benchmark::DoNotOptimize(cases.image.data());
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

// A case and one counterfactual of it.
void sample_pairs(benchmark::State& state, const std::string& diagnosis, bool structural) {
  const Setting setting(diagnosis);
  const Stream stream(1, Purpose::kData, 0);
  const Stream expert(1, Purpose::kExpert, 0);
  const int diseases = setting.world->vocabulary().diseases();
  Cases cases;
  std::uint32_t step = 0;
  for (auto unused : state) {
    setting.environment->sample(stream, step, 0, kBatch, cases);
    for (int n = 0; n < kBatch; ++n) {
      Draws draws = expert.at(step, n);
      const int j = (cases.disease[n] + 1) % diseases;
      const AlternativeReport other = structural
                                          ? setting.environment->structural(cases, n, j, draws)
                                          : setting.environment->edit(cases, n, j, draws);
      benchmark::DoNotOptimize(other.report.data());
    }
    ++step;
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

// full: the whole law at every position; otherwise the log-probabilities of the case's own tokens.
void oracle_cases(benchmark::State& state, const std::string& diagnosis, bool full) {
  const Setting setting(diagnosis);
  const Vocabulary& vocabulary = setting.world->vocabulary();
  Cases cases;
  setting.environment->sample(Stream(1, Purpose::kData, 0), 0, 0, kBatch, cases);
  std::vector<Trajectory> trajectories;
  for (int n = 0; n < kBatch; ++n) {
    trajectories.push_back(
        make_trajectory(vocabulary, cases.report_of(n), cases.category[n], cases.disease[n]));
  }
  OracleTrace trace;
  std::vector<double> log_prob;
  int n = 0;
  for (auto unused : state) {
    const std::vector<Token>& tokens = trajectories[n].tokens;
    if (full) {
      setting.environment->oracle(cases.image_of(n), tokens, trace);
      benchmark::DoNotOptimize(trace.law.data());
    } else {
      log_prob.resize(tokens.size());
      setting.environment->oracle_log_prob(cases.image_of(n), tokens, log_prob);
      benchmark::DoNotOptimize(log_prob.data());
    }
    n = (n + 1) % kBatch;
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(sample_cases, generative, "generative");
BENCHMARK_CAPTURE(sample_cases, rule, "rule");
BENCHMARK_CAPTURE(sample_pairs, generative_structural, "generative", true);
BENCHMARK_CAPTURE(sample_pairs, generative_edit, "generative", false);
BENCHMARK_CAPTURE(sample_pairs, rule_structural, "rule", true);
BENCHMARK_CAPTURE(sample_pairs, rule_edit, "rule", false);
BENCHMARK_CAPTURE(oracle_cases, generative_law, "generative", true);
BENCHMARK_CAPTURE(oracle_cases, generative_log_prob, "generative", false);
BENCHMARK_CAPTURE(oracle_cases, rule_law, "rule", true);
BENCHMARK_CAPTURE(oracle_cases, rule_log_prob, "rule", false);

}  // namespace
}  // namespace tightrope

BENCHMARK_MAIN();
