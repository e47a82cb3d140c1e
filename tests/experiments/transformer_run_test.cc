// SPDX-License-Identifier: Apache-2.0
// The transformer in the engine: the same bits alone or packed, with one thread or two and after a
// kill, for preference pairs and for rollouts; adapters on a frozen base; lanes in one graph.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "core/base/hash.h"
#include "core/log/checkpoint.h"
#include "core/tables/run_folder.h"
#include "experiments/runner.h"
#include "experiments/stage_policy.h"
#include "experiments/world_context.h"
#include "tests/experiments/engine_support.h"

namespace tightrope {
namespace {

using namespace engine_test;

const std::string kSize = "layers: 2, width: 16, heads: 2, image_tokens: 2, value_head: true";
const std::string kArms =
    "sweep={arms: {random: {}, slower: {rft.stepper.lr: 0.003}, rollouts: {rft.optimizer: {type: "
    "ppo, minibatches: 2, "
    "entropy_coefficient: 0.01, target_kl: 0.003}, rft.expert: null, rft.reward: {type: shaped}}, "
    "counterfactual: "
    "{rft.optimizer: {type: cpo}, rft.expert: {type: concept_graph}}}}";

std::vector<std::string> run_of(const std::string& out, const std::string& policy,
                                const std::vector<std::string>& more = {}) {
  std::vector<std::string> args = {
      "--set",
      "policy={type: transformer, " + kSize + ", " + policy + "}",
      "--set",
      kArms,
      "--set",
      "evaluate={every: 60, cases: 40, thinking: sampled, temperature: 0.9, top_k: 5, top_p: 0.9}"};
  args.insert(args.end(), more.begin(), more.end());
  return tiny_run(out, args);
}

Plan plan_of(const std::string& folder) {
  return Plan(load_experiment_tree(folder + "/config.yaml", {}), {{"confirm", {0, 1}}});
}

// Final parameters of every segment of a run folder, as "row stage seed".
using Policies = std::map<std::string, std::vector<float>>;
Policies policies_of(const std::string& folder) {
  std::map<std::string, std::vector<float>> by_id;
  for (const std::string& file : files_ending(folder + "/packs", ".policies")) {
    const std::string path = folder + "/packs/" + file;
    const Checkpoint saved = decode(read_text(path), path);
    for (const auto& [id, value] : saved.values()) {
      if (id == "layout") continue;  // the names of the parameters
      by_id[id] = std::get<std::vector<float>>(value);
    }
  }
  const Plan plan = plan_of(folder);
  Policies out;
  for (const Segment& s : plan.segments()) {
    out[fmt::format("{} {} {}", plan.rows()[s.row], s.stage, s.seed)] = by_id.at(s.id);
  }
  return out;
}

struct Finished {
  Policies policies;
  std::string results;
};

Finished finish(const std::string& policy, const std::vector<std::string>& more = {},
                int threads = 1) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  std::vector<std::string> args = run_of(out, policy, more);
  *std::find(args.begin(), args.end(), "1") = std::to_string(threads);
  const auto said = engine(args);
  EXPECT_EQ(said.code, 0) << said.err;
  return {policies_of(out), read_text(out + "/results.csv")};
}

TEST(TransformerRun, SameBitsAlonePackedAndThreaded) {
  const Finished packed = finish("backend: fused");
  EXPECT_EQ(packed.policies.size(), 10U);  // two seeds: sft and four arms
  for (const auto& [pack, threads] : {std::pair("pack=1", 1), {"pack=3", 1}, {"pack=16", 2}}) {
    const Finished again = finish("backend: fused", {"--set", pack}, threads);
    EXPECT_EQ(again.results, packed.results) << pack << " " << threads;
    EXPECT_EQ(again.policies, packed.policies) << pack << " " << threads;
  }
}

TEST(TransformerRun, ResumesToTheSameBitsAfterKills) {
  const TemporaryFolder folder, texts;
  const std::string whole = folder / "whole", cut = folder / "cut";
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(engine(run_of(whole, "backend: fused")).code, 0);
  const std::chrono::duration<double> once = std::chrono::steady_clock::now() - begin;
  int kills = 0, code = -1;
  for (int n = 0; code != 0; ++n) {
    ASSERT_LT(n, 100) << "no progress";
    Engine process(run_of(cut, "backend: fused", {"--resume"}), texts);
    const double share =
        0.1 + 0.6 * static_cast<double>((hash64(std::to_string(n)) >> 20) % 1000) / 1000;
    std::this_thread::sleep_for(share * once);
    process.signal(SIGKILL);
    code = process.wait();
    kills += code != 0 ? 1 : 0;
  }
  EXPECT_GE(kills, 2);
  expect_same_run(cut, whole);
}

// lora on top: the second stage changes adapters and value head, no bit of the base; the first one
// leaves the adapters as they were drawn, which is no change of the base.
TEST(TransformerRun, AdaptersTrainOnAFrozenBase) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const auto said = engine(
      run_of(out, "lora_rank: 2", {"--set", "sft.train=base", "--set", "rft.train=adapters"}));
  ASSERT_EQ(said.code, 0) << said.err;
  const std::shared_ptr<const Experiment> experiment = plan_of(out).experiment(0);
  const WorldContext context(*experiment, 0);
  const std::vector<ParameterView> layout = make_policy(*experiment, context.world())->layout();
  const Policies policies = policies_of(out);
  for (const char* row : {"random", "rollouts", "counterfactual"}) {
    for (const ParameterView& view : layout) {
      const auto part = [&](const std::string& name) {
        const float* first = policies.at(name).data() + view.offset;
        return std::vector<float>(first, first + view.size);
      };
      const std::vector<float> before = part("random 0 0");  // the arms share it
      const bool moves = view.part == ParameterPart::kAdapter ||
                         (view.part == ParameterPart::kValueHead && std::string(row) == "rollouts");
      EXPECT_EQ(before != part(std::string(row) + " 1 0"), moves) << row << " " << view.name;
      if (view.name.ends_with(".lora_b")) {
        EXPECT_EQ(before, std::vector<float>(view.size, 0.0F)) << view.name;
      }
    }
  }
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double off = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    off += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
    norm += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(off / norm);
}

// All lanes in one graph against one lane a pack, and against the fused passes: the same data, so
// what differs is rounding. The lanes of the rollout arm take different numbers of updates.
TEST(TransformerRun, AutogradLanesAreThoseOfOneLaneAndOfTheFusedPasses) {
  if (!fs::exists(fs::path(TIGHTROPE_BINARY_DIR) / "tightrope_autograd.so")) {
    GTEST_SKIP() << "built without LibTorch";
  }
  // Adam would turn the rounding of a gradient near zero into a whole step.
  const std::vector<std::string> shorter = {
      "--set", "sft.steps=20", "--set", "sft.stepper={type: sgd, lr: 0.1}",
      "--set", "rft.steps=10", "--set", "rft.stepper={type: sgd, lr: 0.1}"};
  std::vector<std::string> one_by_one = shorter;
  one_by_one.insert(one_by_one.end(), {"--set", "pack=1"});
  const Policies together = finish("backend: autograd", shorter).policies;
  const Policies alone = finish("backend: autograd", one_by_one).policies;
  const Policies fused = finish("backend: fused", shorter).policies;
  ASSERT_EQ(together.size(), 10U);
  for (const auto& [name, parameters] : together) {
    EXPECT_LT(distance(parameters, alone.at(name)), 1e-3) << name;
    EXPECT_LT(distance(parameters, fused.at(name)), 1e-3) << name;
  }
}

}  // namespace
}  // namespace tightrope
