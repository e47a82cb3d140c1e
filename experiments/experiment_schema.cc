// SPDX-License-Identifier: Apache-2.0
#include "experiments/experiment_schema.h"

namespace tightrope {

Schema<ExperimentParams> ExperimentParams::schema() {
  using P = ExperimentParams;
  Schema<P> s;
  s.field("experiment", &P::experiment,
          {.help = "name of the experiment: folder names and tables use it", .required = true});
  s.field("description", &P::description, {.help = "one line for people"});
  s.field(
      "seed", &P::seed,
      {.unit = "1", .range = at_least(0), .help = "experiment seed, part of every stream's key"});
  s.field("seed_varies", &P::seed_varies,
          {.help = "what the seeds of `seeds:` vary; the rest is equal for all of them",
           .choices = {"world", "data", "init", "sampling"}});
  s.field("world", &P::world, {.help = "the generative model of cases", .required = true});
  s.field("drift", &P::drift, {.help = "drift processes, applied in order"});
  s.field("environments", &P::environments,
          {.help = "named environments: {source: {at: 0}, target: {at: end}}", .required = true});
  s.field("policy", &P::policy, {.help = "the policy that is trained", .required = true});
  s.field("stages", &P::stages, {.help = "training stages, in order", .required = true});
  s.field("evaluate", &P::evaluate, {.help = "when and on how many cases policies are evaluated"});
  s.field("record", &P::record, {.help = "what the log keeps of training"});
  s.field("sweep", &P::sweep, {.help = "axes of the sweep: arms, grid, zip, list, random, when"});
  s.field("seeds", &P::seeds,
          {.help = "seeds: 0..9, a list, or {explore: 0..9, confirm: 100..109}"});
  s.field("tune", &P::tune, {.help = "a tuning grid that every arm gets on the explore seeds"});
  s.field("tables", &P::tables, {.help = "tables printed and written at the end"});
  s.field("claims", &P::claims, {.help = "claims judged on the confirm seeds"});
  s.field("include", &P::include, {.help = "other files this one builds on"});
  s.field(
      "pack", &P::pack,
      {.unit = "segment", .range = between(1, 4096), .help = "largest number of lanes in a pack"});
  s.check([](const P& p) {
    const bool plain = !p.experiment.empty() && p.experiment.find('/') == std::string::npos;
    return plain ? std::string()
                 : "experiment = \"" + p.experiment +
                       "\" violates: the name of a folder, not empty and without /";
  });
  return s;
}

const std::vector<std::string>& experiment_keys() {
  static const std::vector<std::string> keys = [] {
    const Schema<ExperimentParams> schema = ExperimentParams::schema();
    std::vector<std::string> out;
    for (const FieldInfo& field : schema.fields()) out.push_back(field.name);
    return out;
  }();
  return keys;
}

Schema<StageParams> StageParams::schema() {
  using P = StageParams;
  Schema<P> s;
  s.field("name", &P::name,
          {.help = "name of the stage; sweeps and references use it", .required = true});
  s.field("optimizer", &P::optimizer, {.help = "the update rule", .required = true});
  s.field("expert", &P::expert, {.help = "who proposes the rejected trajectories of pairs"});
  s.field("reward", &P::reward,
          {.help = "who scores sampled trajectories, for optimizers that learn from rollouts"});
  s.field("stepper", &P::stepper,
          {.help = "what turns gradients into parameters", .required = true});
  s.field("data", &P::data, {.help = "the training cases", .required = true});
  s.field("thinking", &P::thinking,
          {.help = "false: train and evaluate direct answers without a chain of thought"});
  s.field(
      "train", &P::train,
      {.help = "parameters that this stage changes: base, adapters (and the value head) or all; "
               "auto: all, for policies without adapters",
       .choices = {"auto", "base", "adapters", "all"}});
  s.field(
      "reference", &P::reference,
      {.help = "stage whose final policy is the frozen reference; default: this stage's start"});
  s.field("reference_schedule", &P::reference_schedule,
          {.help = "how the reference follows the policy during the stage: frozen (default), sync, "
                   "ema, on_alarm; see `tightrope list reference_schedule`"});
  s.field("steps", &P::steps,
          {.unit = "step", .range = between(1, 1e7), .help = "optimizer steps", .required = true});
  s.field("batch", &P::batch,
          {.unit = "case", .range = between(1, 65536), .help = "cases per step"});
  s.field("direct", &P::direct,
          {.unit = "1",
           .range = between(0, 1),
           .help = "supervised stages with thinking: share of direct answers",
           .per_lane = true});
  s.field("truncated", &P::truncated,
          {.unit = "1",
           .range = between(0, 1),
           .help = "supervised stages with thinking: share of chains cut at a random place, "
                   "loss on the answer only",
           .per_lane = true});
  s.check([](const P& p) {
    return p.direct + p.truncated <= 1
               ? std::string()
               : "direct + truncated = " + std::to_string(p.direct + p.truncated) +
                     " violates direct + truncated <= 1";
  });
  return s;
}

Schema<DataParams> DataParams::schema() {
  using P = DataParams;
  Schema<P> s;
  s.field("kind", &P::kind,
          {.help = "fixed: one data set drawn at the start; stream: fresh cases every step",
           .choices = {"fixed", "stream"}});
  s.field("cases", &P::cases,
          {.unit = "case", .range = between(1, 1e7), .help = "size of a fixed data set"});
  s.field("environment", &P::environment,
          {.help = "named environment the cases come from, or `now` for a stream that follows the "
                   "stream time",
           .required = true});
  s.field("mixed_with", &P::mixed_with,
          {.help = "fixed: a second environment, from which a share of the cases comes instead"});
  s.field("mixed_share", &P::mixed_share,
          {.unit = "1",
           .range = between(0, 1),
           .help = "fixed: probability that a case comes from `mixed_with`"});
  s.field("trajectories", &P::trajectories,
          {.help = "what a supervised stage imitates: factual, the cases' own trajectories; "
                   "proposed, those that the stage's expert proposes as alternatives (expert "
                   "sources: what a source writes); preferred, those that it prefers to them (its "
                   "consensus)",
           .choices = {"factual", "proposed", "preferred"}});
  s.field("file", &P::file,
          {.help = "fixed: a CCF file (JSON lines or HDF5) whose first records are the cases, "
                   "relative to the current folder; `environment` names the law they follow"});
  s.field("skip_malformed", &P::skip_malformed,
          {.help = "file: leave malformed records out and say how many, instead of stopping"});
  s.field("prequential", &P::prequential,
          {.help = "streams: test every batch before training on it: accuracy, log loss and regret "
                   "of answers without thinking, one value a step"});
  s.check([](const P& p) {
    return p.prequential && p.kind != "stream"
               ? std::string("prequential = true violates: only with kind: stream")
               : std::string();
  });
  s.check([](const P& p) {
    return !p.mixed_with.empty() && p.kind != "fixed"
               ? "mixed_with = " + p.mixed_with + " violates: only with kind: fixed"
               : std::string();
  });
  s.check([](const P& p) {
    if (p.file.empty()) {
      return p.skip_malformed ? std::string("skip_malformed = true violates: only with a file")
                              : std::string();
    }
    if (p.kind != "fixed") return "file = " + p.file + " violates: only with kind: fixed";
    return p.mixed_with.empty() ? std::string()
                                : "mixed_with = " + p.mixed_with + " violates: not with a file";
  });
  return s;
}

Schema<EvaluateParams> EvaluateParams::schema() {
  using P = EvaluateParams;
  Schema<P> s;
  s.field("every", &P::every,
          {.unit = "step",
           .range = between(1, 1e7),
           .help = "steps between evaluations; the end of a stage is always evaluated"});
  s.field("cases", &P::cases,
          {.unit = "case", .range = between(1, 1e6), .help = "cases per environment"});
  s.field("thinking", &P::thinking,
          {.help = "how chains are produced", .choices = {"greedy", "sampled"}});
  s.field("temperature", &P::temperature,
          {.unit = "1", .range = greater_than(0), .help = "of sampled chains"});
  s.field("top_k", &P::top_k,
          {.unit = "token",
           .range = between(0, 4096),
           .help = "sampled chains draw from the k most probable tokens; 0: from all"});
  s.field("top_p", &P::top_p,
          {.unit = "1",
           .range = between(1e-6, 1),
           .help = "sampled chains draw from the fewest tokens that hold this mass"});
  s.field(
      "groups", &P::groups,
      {.help = "further subsets, {name: [disease, ...]}: plain means of their diseases' values"});
  s.field("metrics", &P::metrics,
          {.help = "metrics to compute besides those that always are: bleu_1 .. bleu_4, rouge_l, "
                   "meteor, cider, ...; see `tightrope list metric`"});
  return s;
}

Schema<RecordParams> RecordParams::schema() {
  using P = RecordParams;
  Schema<P> s;
  s.field("every", &P::every,
          {.unit = "step", .range = between(1, 1e7), .help = "steps between probe records"});
  s.field("block", &P::block,
          {.unit = "step", .range = between(1, 1e6), .help = "steps per block flushed to the log"});
  s.field("probes", &P::probes,
          {.unit = "case", .range = between(0, 1e5), .help = "probe cases per environment"});
  s.field("probe", &P::probe,
          {.help = "which cases the probes are: cases, balanced, entangled, undecided; see "
                   "`tightrope list probe`"});
  s.field("tokens", &P::tokens,
          {.help = "token log: none, or topK such as top16: the K most probable tokens"});
  s.field("tokens_full", &P::tokens_full,
          {.unit = "case", .range = between(0, 1e5), .help = "probes whose full laws are logged"});
  s.field("checkpoint_every", &P::checkpoint_every,
          {.unit = "step", .range = between(1, 1e7), .help = "steps between checkpoints"});
  return s;
}

}  // namespace tightrope
