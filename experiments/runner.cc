// SPDX-License-Identifier: Apache-2.0
#include "experiments/runner.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <fstream>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/strings.h"
#include "core/config/override.h"
#include "core/config/yaml.h"
#include "core/log/files.h"
#include "core/log/lock.h"
#include "experiments/case_file.h"
#include "experiments/evaluation.h"
#include "experiments/experiment_schema.h"
#include "experiments/expert_check.h"
#include "experiments/interrupt.h"
#include "experiments/manifest.h"
#include "experiments/output_folder.h"
#include "experiments/plan_check.h"
#include "experiments/plan_runner.h"
#include "experiments/streams.h"
#include "experiments/tuning.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;

void write_text(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.flush();
  if (!out) throw IoError("cannot write " + path + " (disk full or folder not writable)");
}

void write_plan(const CheckedExperiment& checked, const Node& tree, const std::string& folder) {
  write_text(folder + "/config.yaml", to_yaml(tree));
  write_manifest(folder + "/manifest.jsonl", checked.name, checked.plan, checked.environments,
                 checked.reporting);
}

// Beside others who write the same: the first one's files stay, and must say what these say.
void join_plan(const CheckedExperiment& checked, const Node& tree, const std::string& folder) {
  const std::string config = private_name(folder + "/config.yaml");
  write_text(config, to_yaml(tree));
  keep_first(config, folder + "/config.yaml");
  const std::string path = folder + "/manifest.jsonl", mine = private_name(path);
  const auto write = [&] {
    write_manifest(mine, checked.name, checked.plan, checked.environments, checked.reporting);
  };
  if (!fs::exists(path)) {
    write();
    if (keep_first(mine, path)) return;
  }
  write();
  const bool equal = same_content(mine, path);
  remove_file(mine);
  TR_REQUIRE(equal,
             "{} differs from this file's plan, which has the same runs: tables, claims or names "
             "changed; use the file the folder was started with",
             path);
}

RunOutcome run_plan(const CheckedExperiment& checked, const Node& tree, const std::string& folder,
                    bool resume, const RunOptions& options) {
  make_folder(folder);
  if (options.shard) {
    join_plan(checked, tree, folder);
  } else if (!resume || !fs::exists(folder + "/manifest.jsonl")) {
    write_plan(checked, tree, folder);
  }
  return run_packs(checked, folder, resume, options);
}

std::vector<SeedSet> only(const std::vector<SeedSet>& sets, const std::string& name) {
  std::vector<SeedSet> out;
  for (const SeedSet& set : sets) {
    if (set.name == name) out.push_back(set);
  }
  return out;
}

// Every arm gets the same grid on the explore seeds; the run then uses what each arm chose.
Node tuned_tree(const Node& tree, const std::vector<SeedSet>& seeds, const std::string& folder,
                bool resume, const RunOptions& options) {
  Problems problems;
  const Tuning tuning = read_tuning(tree, seeds, problems);
  problems.throw_if_any();
  const Node grid_tree = tuning_tree(tree, tuning);
  const CheckedExperiment checked = check_experiment(grid_tree, only(seeds, "explore"));
  const std::string where = folder + "/tuning";
  const RunOutcome outcome = run_plan(checked, grid_tree, where, resume, options);
  if (outcome.failed_packs > 0) throw IoError("tuning failed; see " + where);
  if (outcome.noted_failures > 0) throw IoError("tuning failed in another shard; see " + where);
  if (outcome.finished_packs < outcome.packs) {
    spdlog::warn("{} of {} packs of the tuning are done; what follows waits for the other shards",
                 outcome.finished_packs, outcome.packs);
    throw Interrupted{};
  }
  const Manifest manifest = read_manifest(where);
  const Choice choice = choose(tuning, checked.plan, read_results(where, manifest));
  write_text(private_name(where + "/chosen.md"), choice.markdown);
  rename_file(private_name(where + "/chosen.md"), where + "/chosen.md");
  return chosen_tree(tree, choice);
}

RunOutcome run_all(const Node& tree, const CheckedExperiment& checked, const std::string& folder,
                   bool resume, const RunOptions& options) {
  const Node* tune = tree.find("tune");
  if (tune == nullptr || tune->is_null()) return run_plan(checked, tree, folder, resume, options);
  Problems problems;
  const std::vector<SeedSet> seeds = read_seed_sets(tree, problems);
  problems.throw_if_any();
  const Node chosen = tuned_tree(tree, seeds, folder, resume, options);
  const CheckedExperiment confirmed = check_experiment(chosen, only(seeds, "confirm"));
  return run_plan(confirmed, chosen, folder, resume, options);
}

// What a folder belongs to: the plan, what it is tuned by, and the device, because devices differ
// by rounding: a run stays on the one it was started on.
std::uint64_t run_hash(const Node& tree, const CheckedExperiment& checked,
                       const std::string& device) {
  const Node* tune = tree.find("tune");
  const bool tunes = tune != nullptr && !tune->is_null();
  std::uint64_t hash = tunes ? hash64(to_json(*tune), checked.plan.hash()) : checked.plan.hash();
  return device == "cpu" ? hash : hash64(device, hash);
}

Node tree_of_folder(const std::string& folder) {
  const std::string path = folder + "/config.yaml";
  TR_REQUIRE(fs::exists(path), "--out {}: no run has begun here; name the experiment file", folder);
  TR_REQUIRE(!fs::exists(folder + "/tuning"),
             "--out {}: a run with `tune:` keeps what it chose, not the file; name the file",
             folder);
  return load_yaml(path);
}

RunOutcome run_shard(const Node& tree, const CheckedExperiment& checked,
                     const RunOptions& options) {
  make_folder(options.out);
  join_run(options.out, checked.name, run_hash(tree, checked, options.device));
  const FolderLock lock = FolderLock::share(options.out);
  return run_all(tree, checked, options.out, true, options);
}

}  // namespace

Node load_experiment_tree(const std::string& file, const std::vector<std::string>& sets) {
  Node tree = load_yaml(file);
  Problems problems;
  for (const std::string& set : sets) {
    const std::size_t equal = set.find('=');
    TR_REQUIRE(equal != std::string::npos && equal > 0,
               "--set {}: expected path=value, for example --set rft.optimizer.beta=0.1", set);
    const Node value = parse_value(set.substr(equal + 1), "--set " + set);
    tree = apply_override(tree, set.substr(0, equal), value, problems, experiment_keys());
  }
  problems.throw_if_any();
  return tree;
}

CheckedExperiment check_experiment(const Node& tree, const std::vector<SeedSet>& seeds,
                                   const std::string& device) {
  Plan plan(tree, seeds);
  Problems problems;
  check_worlds(plan, device, problems);
  problems.throw_if_any();
  check_stages(plan, problems);
  problems.throw_if_any();
  check_case_files(plan, problems);
  problems.throw_if_any();
  check_experts(plan, problems);
  problems.throw_if_any();
  const std::shared_ptr<const Experiment> first = plan.experiment(0);
  std::vector<std::string> environments;
  for (const NamedEnvironment& named : first->environments) environments.push_back(named.name);
  const std::shared_ptr<const World> world =
      first->world->make(lane_stream(*first, Purpose::kWorld, plan.segments().front().seed));
  check_groups(*first, *world, tree, problems);
  problems.throw_if_any();
  std::vector<std::string> metrics;
  for (const NamedMetric& metric : metrics_of(first->evaluate)) metrics.push_back(metric.name);
  Reporting reporting = read_reporting(
      tree, plan.rows(), {metrics, environments, subset_names(*world, first->evaluate.groups)},
      problems);
  problems.throw_if_any();
  const std::string name = first->name;
  return {name, std::move(plan), std::move(reporting), std::move(environments)};
}

CheckedExperiment check_file(const Node& tree, const std::string& device) {
  Problems problems;
  const std::vector<SeedSet> seeds = read_seed_sets(tree, problems);
  problems.throw_if_any();
  const Node* tune = tree.find("tune");
  if (tune == nullptr || tune->is_null()) return check_experiment(tree, seeds, device);
  const Tuning tuning = read_tuning(tree, seeds, problems);
  problems.throw_if_any();
  check_experiment(tuning_tree(tree, tuning), only(seeds, "explore"), device);
  return check_experiment(tree, only(seeds, "confirm"), device);
}

RunOutcome run_experiment(const RunOptions& options) {
  interrupted();  // from here on signals mean: checkpoint and stop
  const Node tree = options.file.empty() ? tree_of_folder(options.out)
                                         : load_experiment_tree(options.file, options.sets);
  const CheckedExperiment checked = check_file(tree, options.device);
  if (options.shard) return run_shard(tree, checked, options);
  const std::uint64_t hash = run_hash(tree, checked, options.device);
  const OutputChoice output =
      choose_output(options.out, checked.name, options.resume, options.fresh, hash);
  make_folder(output.folder);
  const FolderLock lock = FolderLock::claim(output.folder);
  if (!output.resume) {
    clear_run(output.folder);
    mark_run(output.folder, checked.name, hash);
  }
  return run_all(tree, checked, output.folder, output.resume, options);
}

}  // namespace tightrope
