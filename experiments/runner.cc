// SPDX-License-Identifier: Apache-2.0
#include "experiments/runner.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/strings.h"
#include "core/config/override.h"
#include "core/config/yaml.h"
#include "core/log/lock.h"
#include "experiments/case_file.h"
#include "experiments/experiment_schema.h"
#include "experiments/expert_check.h"
#include "experiments/interrupt.h"
#include "experiments/manifest.h"
#include "experiments/output_folder.h"
#include "experiments/pack_builder.h"
#include "experiments/plan_check.h"
#include "experiments/progress.h"
#include "experiments/stage_policy.h"
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

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw IoError("cannot make the folder " + path + ": " + error.message());
}

// One plan in one folder; used for the run itself and for its tuning.
class PlanRunner {
 public:
  PlanRunner(const CheckedExperiment& checked, std::string folder, const RunOptions& options)
      : checked_(checked), folder_(std::move(folder)), options_(options) {
    threads_ = options.threads > 0
                   ? options.threads
                   : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  }

  RunOutcome run(bool resume) {
    const Plan& plan = checked_.plan;
    PackBuilder builder(plan, folder_);
    make_folder(folder_ + "/packs");
    std::int64_t total = 0;
    std::int64_t skipped = 0;
    for (const Pack& pack : plan.packs()) {
      const std::int64_t steps = pack_steps(pack);
      total += steps;
      if (resume && builder.finished(pack)) skipped += steps;
    }
    Progress progress(total, skipped, options_.quiet);
    std::vector<bool> failed(plan.packs().size(), false);
    RunOutcome out;
    out.folder = folder_;
    for (std::size_t p = 0; p < plan.packs().size(); ++p) {
      const Pack& pack = plan.packs()[p];
      if (resume && builder.finished(pack)) {
        remove_log_leftovers(builder.log_path(pack));
        continue;
      }
      failed[p] = !run_pack(builder, pack, p, failed, resume, progress);
      out.failed_packs += failed[p] ? 1 : 0;
    }
    progress.finish();
    finish(out);
    return out;
  }

 private:
  std::int64_t pack_steps(const Pack& pack) {
    const int point = checked_.plan.segments()[pack.segments.front()].point;
    auto& steps = steps_[{point, pack.stage}];
    if (steps == 0) {
      steps = checked_.plan.experiment(point)->stages[static_cast<std::size_t>(pack.stage)].steps;
    }
    return steps * static_cast<std::int64_t>(pack.segments.size());
  }

  bool depends_on_failure(const Pack& pack, const std::vector<bool>& failed) const {
    const std::vector<Segment>& segments = checked_.plan.segments();
    for (const int s : pack.segments) {
      if (segments[s].parent >= 0 && failed[segments[segments[s].parent].pack]) return true;
    }
    return false;
  }

  bool run_pack(PackBuilder& builder, const Pack& pack, std::size_t p,
                const std::vector<bool>& failed, bool resume, Progress& progress) {
    const std::string note = builder.log_path(pack) + ".failed";
    if (depends_on_failure(pack, failed)) {
      progress.finish();
      spdlog::error("{}: skipped, the stage before it failed", pack.name);
      return false;
    }
    if (fs::exists(note)) {
      if (resume && !options_.retry_failed) {
        progress.finish();
        spdlog::error("{}: failed in an earlier run; --retry-failed tries again ({})", pack.name,
                      note);
        return false;
      }
      fs::remove(note);
    }
    try {
      const PackInfo info{checked_.name, hex(checked_.plan.hash()), options_.device, threads_};
      const auto runner = builder.build(pack, info);
      const std::string what =
          fmt::format("stage {} pack {}/{}", pack.stage + 1, p + 1, checked_.plan.packs().size());
      runner->run(resume, threads_, [&](const PackProgress& now) {
        progress.update(now.lane_steps, what, now.headline);
      });
      return true;
    } catch (const InternalError&) {
      throw;
    } catch (const std::exception& error) {
      progress.finish();
      spdlog::error("{}: {}", pack.name, error.what());
      std::ofstream(note) << error.what() << '\n';
      return false;
    }
  }

  Results finished_results(const Manifest& manifest) const {
    try {
      return read_results(folder_, manifest);
    } catch (const IoError& error) {
      throw IoError(fmt::format(
          "{}\nthe other packs are untouched; to compute this one again delete it and run with "
          "--resume",
          error.what()));
    }
  }

  void finish(RunOutcome& out) const {
    const Manifest manifest = read_manifest(folder_);
    const Results results = finished_results(manifest);
    out.summary = summarise(manifest, results);
    out.paths = write_tables(folder_, out.summary, results);
    for (const RunResult& run : results.runs()) {
      const auto value = run.values.find({"accuracy", checked_.environments.front(), "all"});
      if (value != run.values.end() && !std::isfinite(value->second)) ++out.diverged;
    }
  }

  const CheckedExperiment& checked_;
  std::string folder_;
  const RunOptions& options_;
  int threads_;
  std::map<std::pair<int, int>, std::int64_t> steps_;
};

RunOutcome run_plan(const CheckedExperiment& checked, const Node& tree, const std::string& folder,
                    bool resume, const RunOptions& options) {
  make_folder(folder);
  if (!resume || !fs::exists(folder + "/manifest.jsonl")) {
    write_text(folder + "/config.yaml", to_yaml(tree));
    write_manifest(folder + "/manifest.jsonl", checked.name, checked.plan, checked.environments,
                   checked.reporting);
  }
  return PlanRunner(checked, folder, options).run(resume);
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
  const Manifest manifest = read_manifest(where);
  const Choice choice = choose(tuning, checked.plan, read_results(where, manifest));
  write_text(where + "/chosen.md", choice.markdown);
  return chosen_tree(tree, choice);
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
  const Node tree = load_experiment_tree(options.file, options.sets);
  Problems problems;
  const std::vector<SeedSet> seeds = read_seed_sets(tree, problems);
  problems.throw_if_any();
  const bool tunes = tree.find("tune") != nullptr && !tree.find("tune")->is_null();
  const CheckedExperiment checked = check_file(tree, options.device);
  std::uint64_t hash =
      tunes ? hash64(to_json(*tree.find("tune")), checked.plan.hash()) : checked.plan.hash();
  // Devices differ by rounding: a run stays on the one it was started on.
  if (options.device != "cpu") hash = hash64(options.device, hash);
  const OutputChoice output =
      choose_output(options.out, checked.name, options.resume, options.fresh, hash);
  make_folder(output.folder);
  const FolderLock lock = FolderLock::claim(output.folder);
  if (!output.resume) {
    clear_run(output.folder);
    mark_run(output.folder, checked.name, hash);
  }
  if (!tunes) return run_plan(checked, tree, output.folder, output.resume, options);
  const Node chosen = tuned_tree(tree, seeds, output.folder, output.resume, options);
  const CheckedExperiment confirmed = check_experiment(chosen, only(seeds, "confirm"));
  return run_plan(confirmed, chosen, output.folder, output.resume, options);
}

}  // namespace tightrope
