// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/pack_view.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/check.h"

namespace tightrope {
namespace {

using nlohmann::json;

// Stream times from the resolved configuration of a segment.
struct Clock {
  std::int64_t stage_start = 0, horizon = 0;
  bool follows_world = false;
  json environments;
};

Clock clock_of(const std::string& config, const std::string& stage, const std::string& path) {
  Clock clock;
  try {
    const json resolved = json::parse(config);
    bool before = true;
    for (const json& entry : resolved.at("stages")) {
      const auto steps = entry.at("steps").get<std::int64_t>();
      if (entry.at("name") == stage) {
        before = false;
        const json& data = entry.at("data");
        clock.follows_world = data.at("kind") == "stream" && data.at("environment") == "now";
      }
      if (before) clock.stage_start += steps;
      clock.horizon += steps;
    }
    require_fit(!before, "{}: its configuration has no stage '{}'", path, stage);
    clock.environments = resolved.at("environments");
  } catch (const json::exception& error) {
    throw IoError(fmt::format("{}: /meta/config is damaged: {}", path, error.what()));
  }
  return clock;
}

std::int64_t time_of(const Clock& clock, const std::string& environment, const std::string& path) {
  const auto found = clock.environments.find(environment);
  if (found == clock.environments.end() || !found->contains("at")) {
    throw IoError(fmt::format("{}: its configuration has no time of '{}'", path, environment));
  }
  const json& at = found->at("at");
  return at.is_number() ? at.get<std::int64_t>() : clock.horizon;
}

void read_evaluation(PackView& view) {
  const LogReader& log = view.log;
  view.evaluation_checkpoint = log.read<std::int64_t>("evaluation/checkpoint").values;
  const std::size_t rows = view.evaluation_checkpoint.size();
  const auto subsets = log.read_strings("evaluation/subset").values;
  const auto all = std::find(subsets.begin(), subsets.end(), "all") - subsets.begin();
  require_fit(static_cast<std::size_t>(all) < subsets.size(), "{}: /evaluation has no subset 'all'",
              log.path());
  for (const LogVariableInfo& info : log.variables("evaluation")) {
    if (info.dims.size() != 4) continue;
    const LogShape shape = {view.segments, rows, view.environments(), subsets.size()};
    require_fit(info.shape == shape, "{}: {} does not fit the axes of its group", log.path(),
                info.name);
    view.metric.push_back(info.name.substr(info.name.find('/') + 1));
    const auto values = log.read<double>(info.name).values;
    for (std::size_t i = all; i < values.size(); i += subsets.size()) {
      view.values.push_back(values[i]);
    }
  }
}

void read_drift(PackView& view) {
  const LogReader& log = view.log;
  if (log.has("drift/mechanism")) view.mechanism = log.read_strings("drift/mechanism").values;
  if (log.has("drift/environment_mechanism")) {
    const LogShape shape = log.info("drift/environment_mechanism").shape;
    const LogShape expected = {view.segments, view.environments(), view.mechanism.size()};
    require_fit(shape == expected, "{}: /drift/environment_mechanism does not fit its axes",
                log.path());
    view.taken =
        log.read<std::uint8_t>("drift/environment_mechanism", {0, 0, 0}, {1, shape[1], shape[2]})
            .values;
  }
  if (!log.has("drift/budget_hellinger")) return;
  view.budget_time = log.read<std::int64_t>("drift/stream_time").values;
  view.budget_hellinger = log.read<double>("drift/budget_hellinger").values;
  view.budget_total_variation = log.read<double>("drift/budget_total_variation").values;
  const std::size_t expected = view.segments * view.budget_time.size() * view.mechanism.size();
  require_fit(
      view.budget_hellinger.size() == expected && view.budget_total_variation.size() == expected,
      "{}: the variation budgets do not fit the axes of /drift", log.path());
}

void read_clocks(PackView& view) {
  const std::string& path = view.log.path();
  const auto configs = view.log.read_strings("meta/config").values;
  require_fit(configs.size() == view.segments && view.stage.size() == view.segments,
              "{}: {} configurations and {} stages of {} segments", path, configs.size(),
              view.stage.size(), view.segments);
  for (std::size_t s = 0; s < view.segments; ++s) {
    const Clock clock = clock_of(configs[s], view.stage[s], path);
    view.stage_start.push_back(clock.stage_start);
    view.follows_world.push_back(clock.follows_world ? 1 : 0);
    if (view.log.has("drift/environment_time")) continue;
    for (const std::string& name : view.environment) {
      view.environment_time.push_back(time_of(clock, name, path));
    }
  }
  if (view.log.has("drift/environment_time")) {
    view.environment_time = view.log.read<std::int64_t>("drift/environment_time").values;
  }
  require_fit(view.environment_time.size() == view.segments * view.environments(),
              "{}: {} times of {} environments", path, view.environment_time.size(),
              view.environments());
}

void read_probes(PackView& view) {
  if (!view.log.has("tokens_full/policy")) return;
  const LogVariableInfo policy = view.log.info("tokens_full/policy");
  const LogVariableInfo oracle = view.log.info("tokens_full/oracle");
  const LogShape& shape = policy.shape;
  require_fit(
      shape.size() == 6 && oracle.shape.size() == 5 && shape[0] == view.segments &&
          shape[2] == view.environments() && shape[5] == view.vocabulary() &&
          std::equal(shape.begin() + 2, shape.end(), oracle.shape.begin() + 1) &&
          view.log.info("tokens_full/reference").shape == oracle.shape,
      "{}: the extents of /tokens_full do not fit the vocabulary, the environments and each "
      "other",
      view.log.path());
  view.probes = shape[3];
  view.positions = shape[4];
  view.block = policy.chunk.empty() ? 1 : std::clamp<std::size_t>(policy.chunk[0], 1, shape[0]);
  view.checkpoint = view.log.read<std::int64_t>("tokens_full/checkpoint").values;
  require_fit(view.checkpoint.size() == shape[1], "{}: {} checkpoints for {} rows of laws",
              view.log.path(), view.checkpoint.size(), shape[1]);
  view.has_targets = view.log.has("tokens/target");
  if (!view.has_targets) return;
  const LogShape target = view.log.info("tokens/target").shape;
  require_fit(target.size() == 4 && target[0] == shape[0] && target[1] == shape[2] &&
                  target[2] >= shape[3] && target[3] == shape[4],
              "{}: the extents of /tokens/target do not fit /tokens_full", view.log.path());
}

}  // namespace

PackView PackView::open(const std::string& path) {
  PackView view(LogReader::open(path));
  const LogReader& log = view.log;
  view.row = log.read_strings("meta/row").values;
  view.stage = log.read_strings("meta/stage").values;
  view.token = log.read_strings("meta/token").values;
  view.segments = view.row.size();
  view.environment = log.read_strings("evaluation/environment").values;
  read_evaluation(view);
  read_drift(view);
  if (log.has("belief/disease")) view.disease = log.read_strings("belief/disease").values;
  read_clocks(view);
  read_probes(view);
  return view;
}

bool PackView::mixed(std::size_t e) const {
  if (taken.empty()) return false;
  const auto first = taken.begin() + static_cast<std::ptrdiff_t>(e * mechanism.size());
  return std::find(first, first + static_cast<std::ptrdiff_t>(mechanism.size()), 0) !=
         first + static_cast<std::ptrdiff_t>(mechanism.size());
}

std::vector<std::size_t> PackView::by_time() const {
  std::vector<std::size_t> order;
  for (std::size_t e = 0; e < environments(); ++e) {
    if (!mixed(e)) order.push_back(e);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return environment_time[a] < environment_time[b];
  });
  return order;
}

std::optional<std::size_t> PackView::evaluation_at(std::int64_t steps) const {
  const auto found = std::find(evaluation_checkpoint.begin(), evaluation_checkpoint.end(), steps);
  if (found == evaluation_checkpoint.end()) return {};
  return static_cast<std::size_t>(found - evaluation_checkpoint.begin());
}

void PackView::require_laws() const {
  TR_REQUIRE(probes > 0,
             "{}: holds no whole next-token laws, which the ledger and the measures need: run the "
             "experiment with record.probes and record.tokens_full at least 1",
             log.path());
}

}  // namespace tightrope
