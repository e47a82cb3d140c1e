// SPDX-License-Identifier: Apache-2.0
#include "experiments/pack_runner.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "experiments/interrupt.h"
#include "experiments/streams.h"
#include "experiments/workers.h"

namespace tightrope {
namespace {

double now_seconds() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

// The views of a policy's parameters, a JSON object each: whoever has the numbers alone can name
// them.
std::vector<std::string> layout_texts(const Policy& policy) {
  std::vector<std::string> out;
  for (const ParameterView& view : policy.layout()) {
    out.push_back(nlohmann::ordered_json{
        {"name", view.name}, {"shape", view.shape}, {"offset", view.offset}, {"size", view.size}}
                      .dump());
  }
  return out;
}

std::int64_t next_multiple(std::int64_t step, std::int64_t of) { return (step / of + 1) * of; }

}  // namespace

std::string policies_path(const std::string& log_path) { return log_path + ".policies"; }

PackRunner::PackRunner(std::string path, std::vector<std::unique_ptr<Lane>> lanes,
                       std::vector<SegmentLabel> labels, PackInfo info, std::uint64_t hash)
    : path_(std::move(path)),
      lanes_(std::move(lanes)),
      labels_(std::move(labels)),
      info_(std::move(info)),
      hash_(hash),
      metrics_(metrics_of(lanes_.front()->experiment().evaluate)),
      headline_(std::numeric_limits<double>::quiet_NaN()) {
  const Lane& lane = *lanes_.front();
  shape_ = probe_shape(lane.experiment(), lane.context().world());
  for (auto& each : lanes_) readers_.push_back(std::make_unique<ProbeReader>(*each, shape_));
}

std::int64_t PackRunner::next_boundary(std::int64_t step) const {
  const Experiment& e = lanes_.front()->experiment();
  std::int64_t next = lanes_.front()->stage().steps;
  next = std::min(next, next_multiple(step, e.evaluate.every));
  if (shape_.probes > 0) next = std::min(next, next_multiple(step, e.record.every));
  next = std::min(next, next_multiple(step, e.record.checkpoint_every));
  return std::min(next, next_multiple(step, e.record.block));
}

void PackRunner::run(bool resume, int threads, const Report& report) {
  threads_ = threads;
  std::optional<LoadedCheckpoint> loaded;
  const std::string checkpoint = path_ + ".ckpt";
  if (resume) loaded = load_checkpoint(checkpoint, hash_);
  if (loaded) {
    if (!loaded->warning.empty()) spdlog::warn(loaded->warning);
    for (std::size_t l = 0; l < lanes_.size(); ++l) {
      lanes_[l]->load(loaded->checkpoint, "lane/" + std::to_string(l));
    }
    done_ = loaded->checkpoint.get<std::int64_t>("done").at(0);
    log_ = std::make_unique<PackLog>(path_, lanes_, labels_, metrics_, info_, &loaded->checkpoint);
  } else {
    remove_checkpoints(checkpoint);
    log_ = std::make_unique<PackLog>(path_, lanes_, labels_, metrics_, info_, nullptr);
    at_boundary(0);
  }
  const std::int64_t steps = lanes_.front()->stage().steps;
  while (done_ < steps) {
    const std::int64_t next = next_boundary(done_);
    const std::int64_t gained = next - done_;
    advance_to(next);
    at_boundary(next);
    report({next, steps, gained * static_cast<std::int64_t>(lanes_.size()), headline_});
  }
  // Final policies first: a finished log promises that they are there.
  Checkpoint last(hash_);
  for (std::size_t l = 0; l < lanes_.size(); ++l) {
    last.set(labels_[l].id, lanes_[l]->parameters());
    save_reactions(last, labels_[l].id + "/reactions", lanes_[l]->world().reactions());
  }
  last.set("layout", layout_texts(lanes_.front()->policy()));
  save_checkpoint(policies_path(path_), last);
  log_->finish(lanes_);
  log_.reset();
  remove_checkpoints(checkpoint);
}

void PackRunner::advance_to(std::int64_t step) {
  const double begin = now_seconds();
  if (lanes_.front()->policy().wants_lanes()) {
    // One group fills a device; processors take a group each.
    const int groups = info_.device == "cpu" ? threads_ : 1;
    parallel_for(groups, groups, [&](int g) {
      const std::size_t first = lanes_.size() * g / groups, last = lanes_.size() * (g + 1) / groups;
      advance_together(std::span(lanes_).subspan(first, last - first), step, threads_ / groups,
                       interrupted());
    });
  } else {
    parallel_for(static_cast<int>(lanes_.size()), threads_,
                 [&](int l) { lanes_[l]->advance(step, interrupted()); });
  }
  if (interrupted()) {
    save();
    throw Interrupted{};
  }
  log_->append_scalars(lanes_, done_, step - done_, now_seconds() - begin);
  for (auto& lane : lanes_) lane->clear_pending();
  done_ = step;
}

void PackRunner::at_boundary(std::int64_t step) {
  const Lane& first = *lanes_.front();
  const Experiment& e = first.experiment();
  const bool end = step == first.stage().steps;
  const int count = static_cast<int>(lanes_.size());
  if (end || step % e.evaluate.every == 0) {
    std::vector<std::vector<double>> values(lanes_.size());
    parallel_for(count, threads_, [&](int l) {
      Lane& lane = *lanes_[l];
      const Stream stream =
          lane_stream(lane.experiment(), Purpose::kSampling, lane.seed()).child(step);
      for (std::size_t env = 0; env < e.environments.size(); ++env) {
        const std::vector<double> part =
            evaluate({lane.context(), env, lane.policy(), lane.parameters(), lane.stage().thinking,
                      e.evaluate.sampling, stream, static_cast<std::uint32_t>(env),
                      e.evaluate.groups, &lane.stage()},
                     metrics_, lane.workspace());
        values[l].insert(values[l].end(), part.begin(), part.end());
      }
      if (lane.frozen().step >= 0) {
        std::fill(values[l].begin(), values[l].end(), std::numeric_limits<double>::quiet_NaN());
      }
    });
    log_->append_evaluation(step, values);
    // Metrics are in order of name; "accuracy" of one environment is the headline.
    const std::size_t width = values.front().size() / e.environments.size();
    headline_ = 0;
    for (const auto& lane : values) headline_ += lane[width * e.headline_environment()];
    headline_ /= static_cast<double>(values.size());
  }
  if (shape_.probes > 0 && (end || step % e.record.every == 0)) {
    std::vector<ProbeRow> rows(lanes_.size());
    parallel_for(count, threads_, [&](int l) { rows[l] = readers_[l]->row(); });
    log_->append_probes(step, rows);
  }
  if (!end && step > 0 && step % e.record.checkpoint_every == 0) save();
}

void PackRunner::save() {
  Checkpoint checkpoint(hash_);
  for (std::size_t l = 0; l < lanes_.size(); ++l) {
    lanes_[l]->save(checkpoint, "lane/" + std::to_string(l));
  }
  checkpoint.set("done", std::vector<std::int64_t>{done_});
  log_->save(checkpoint);
  save_checkpoint(path_ + ".ckpt", checkpoint);
}

}  // namespace tightrope
