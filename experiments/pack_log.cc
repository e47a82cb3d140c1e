// SPDX-License-Identifier: Apache-2.0
#include "experiments/pack_log.h"

#include <algorithm>
#include <limits>

#include "core/base/check.h"
#include "experiments/provenance.h"

namespace tightrope {
namespace {

template <class T>
void extend(std::vector<T>& all, const std::vector<T>& part) {
  all.insert(all.end(), part.begin(), part.end());
}

LogWriter open_log(const std::string& path, const LogSchema& schema, const Checkpoint* from) {
  if (from == nullptr) return LogWriter::create(path, schema);
  return LogWriter::resume(path, schema, *from);
}

}  // namespace

PackLog::PackLog(const std::string& path, std::vector<std::unique_ptr<Lane>>& lanes,
                 const std::vector<SegmentLabel>& labels, const std::vector<NamedMetric>& metrics,
                 const PackInfo& info, const Checkpoint* resume_from)
    : shape_(probe_shape(lanes.front()->experiment(), lanes.front()->context().world())),
      scalars_(lanes.front()->scalar_names()),
      subsets_(subset_names(lanes.front()->context().world(),
                            lanes.front()->experiment().evaluate.groups)
                   .size()),
      environments_(lanes.front()->experiment().environments.size()),
      log_(open_log(path, schema(lanes, labels, metrics, info), resume_from)) {
  for (const NamedMetric& metric : metrics) metrics_.push_back(metric.name);
  if (resume_from != nullptr) return;
  write_constants(lanes, labels);
  write_drift(lanes);
  write_environments(lanes);
  write_events(lanes);
  log_.start();
}

void PackLog::write_constants(std::vector<std::unique_ptr<Lane>>& lanes,
                              const std::vector<SegmentLabel>& labels) {
  std::vector<std::string> id, parent, row, stage, config;
  std::vector<std::int64_t> seed;
  ProbeStatic all;
  for (std::size_t l = 0; l < lanes.size(); ++l) {
    id.push_back(labels[l].id);
    parent.push_back(labels[l].parent);
    row.push_back(labels[l].row);
    stage.push_back(lanes[l]->stage().name);
    config.push_back(labels[l].config);
    seed.push_back(labels[l].seed);
    if (shape_.probes == 0) continue;
    const ProbeStatic part = ProbeReader(*lanes[l], shape_).constant();
    extend(all.target, part.target);
    extend(all.valid, part.valid);
    extend(all.belief_oracle, part.belief_oracle);
    extend(all.belief_reference, part.belief_reference);
    extend(all.full_oracle, part.full_oracle);
    extend(all.full_reference, part.full_reference);
  }
  log_.write("meta/id", id);
  log_.write("meta/parent", parent);
  log_.write("meta/row", row);
  log_.write("meta/stage", stage);
  log_.write("meta/config", config);
  log_.write("meta/seed", seed);
  std::vector<std::int32_t> ids(lanes.front()->context().world().vocabulary().size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(i);
  log_.write("meta/token_id", ids);
  if (shape_.probes == 0) return;
  if (shape_.top > 0) {
    log_.write("tokens/target", all.target);
    log_.write("tokens/valid", all.valid);
  }
  if (shape_.full > 0) {
    log_.write("tokens_full/oracle", all.full_oracle);
    log_.write("tokens_full/reference", all.full_reference);
  }
  log_.write("belief/oracle", all.belief_oracle);
  log_.write("belief/reference", all.belief_reference);
}

void PackLog::write_drift(const std::vector<std::unique_ptr<Lane>>& lanes) {
  std::vector<double> named[3], timed[3], budget[2];
  for (const auto& lane : lanes) {
    WorldContext& context = lane->context();
    const auto put = [](const std::vector<MechanismDistance>& rows, std::vector<double>* out) {
      for (const MechanismDistance& d : rows) {
        out[0].push_back(d.kl);
        out[1].push_back(d.hellinger);
        out[2].push_back(d.total_variation);
      }
    };
    const auto add = [&](std::int64_t t, std::vector<double>* out) {
      put(lane->world().distances(t, lane->time()), out);
    };
    for (const NamedEnvironment& e : lane->experiment().environments) {
      if (e.only) {
        put(context.mixed_distances(e), named);
      } else {
        add(context.time_of(e), named);
      }
    }
    std::vector<double> spent[2];  // along the evaluated times, per mechanism
    std::int64_t before = 0;
    for (const std::int64_t t : drift_times(lane->experiment())) {
      add(t, timed);
      const std::vector<MechanismDistance> step = lane->world().step(before, t, lane->time());
      for (std::vector<double>& sum : spent) sum.resize(step.size(), 0.0);
      for (std::size_t m = 0; m < step.size(); ++m) {
        budget[0].push_back(spent[0][m] += step[m].hellinger);
        budget[1].push_back(spent[1][m] += step[m].total_variation);
      }
      before = t;
    }
  }
  log_.write("drift/budget_hellinger", budget[0]);
  log_.write("drift/budget_total_variation", budget[1]);
  const char* names[3] = {"kl", "hellinger", "total_variation"};
  for (int i = 0; i < 3; ++i) {
    log_.write(std::string("drift/environment_") + names[i], named[i]);
    log_.write(std::string("drift/") + names[i], timed[i]);
  }
}

void PackLog::write_environments(const std::vector<std::unique_ptr<Lane>>& lanes) {
  std::vector<std::int64_t> time;
  std::vector<std::uint8_t> taken;
  for (const auto& lane : lanes) {
    WorldContext& context = lane->context();
    for (const NamedEnvironment& e : lane->experiment().environments) {
      time.push_back(context.time_of(e));
      for (const MechanismDistance& d : context.drift_distances(0)) {
        const bool all = !e.only.has_value();
        taken.push_back(all ||
                        std::find(e.only->begin(), e.only->end(), d.mechanism) != e.only->end());
      }
    }
  }
  log_.write("drift/environment_time", time);
  log_.write("drift/environment_mechanism", taken);
}

void PackLog::write_events(const std::vector<std::unique_ptr<Lane>>& lanes) {
  const std::size_t count = event_count(lanes);
  if (count == 0) return;
  std::vector<std::int64_t> time;
  std::vector<std::string> process, factor, kind;
  for (const auto& lane : lanes) {
    std::vector<DriftEvent> events = lane->context().events();
    events.resize(count, {-1, "", "", ""});
    for (const DriftEvent& event : events) {
      time.push_back(event.time);
      process.push_back(event.process);
      factor.push_back(event.factor);
      kind.push_back(event.kind);
    }
  }
  log_.write("drift/event_time", time);
  log_.write("drift/event_process", process);
  log_.write("drift/event_factor", factor);
  log_.write("drift/event_kind", kind);
}

void PackLog::append_scalars(const std::vector<std::unique_ptr<Lane>>& lanes, std::int64_t first,
                             std::int64_t count, double wall_seconds) {
  const int axis = log_.axis("scalars/step");
  const std::size_t width = scalars_.size();
  std::vector<int> columns;
  for (const std::string& name : scalars_) {
    columns.push_back(log_.column("scalars/" + variable_name(name)));
  }
  const int wall = log_.column("scalars/wall_seconds");
  std::vector<double> values(lanes.size());
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::size_t c = 0; c < width; ++c) {
      for (std::size_t l = 0; l < lanes.size(); ++l) {
        values[l] = lanes[l]->pending()[static_cast<std::size_t>(i) * width + c];
      }
      log_.put<double>(columns[c], values);
    }
    log_.put<double>(wall, std::vector<double>{wall_seconds / static_cast<double>(count)});
    log_.end_row(axis, first + i);
  }
}

void PackLog::append_evaluation(std::int64_t step, const std::vector<std::vector<double>>& values) {
  for (std::size_t m = 0; m < metrics_.size(); ++m) {
    std::vector<double> block;
    for (const std::vector<double>& lane : values) {
      for (std::size_t e = 0; e < environments_; ++e) {
        const std::size_t begin = (e * metrics_.size() + m) * subsets_;
        block.insert(block.end(), lane.begin() + static_cast<std::ptrdiff_t>(begin),
                     lane.begin() + static_cast<std::ptrdiff_t>(begin + subsets_));
      }
    }
    log_.put<double>(log_.column("evaluation/" + metrics_[m]), block);
  }
  log_.end_row(log_.axis("evaluation/checkpoint"), step);
}

void PackLog::append_probes(std::int64_t step, const std::vector<ProbeRow>& rows) {
  if (shape_.probes == 0) return;
  const auto put = [&](const char* name, auto member) {
    std::remove_cvref_t<decltype(rows.front().*member)> all;
    for (const ProbeRow& row : rows) extend(all, row.*member);
    log_.put(log_.column(name), all);
  };
  if (shape_.top > 0) {
    put("tokens/token", &ProbeRow::token);
    put("tokens/policy", &ProbeRow::policy);
    put("tokens/reference", &ProbeRow::reference);
    put("tokens/oracle", &ProbeRow::oracle);
    put("tokens/tail_mass", &ProbeRow::tail_mass);
    put("tokens/entropy", &ProbeRow::entropy);
    put("tokens/target_rank", &ProbeRow::target_rank);
    put("tokens/target_log_prob", &ProbeRow::target_log_prob);
    log_.end_row(log_.axis("tokens/checkpoint"), step);
  }
  if (shape_.full > 0) {
    put("tokens_full/policy", &ProbeRow::full);
    log_.end_row(log_.axis("tokens_full/checkpoint"), step);
  }
  put("belief/policy", &ProbeRow::belief);
  log_.end_row(log_.axis("belief/checkpoint"), step);
}

void PackLog::finish(const std::vector<std::unique_ptr<Lane>>& lanes) {
  std::vector<std::string> status, cause;
  std::vector<std::int64_t> step;
  for (const auto& lane : lanes) {
    status.push_back(lane->frozen().step < 0 ? "done" : "diverged");
    cause.push_back(lane->frozen().cause);
    step.push_back(lane->frozen().step);
  }
  log_.finish({{"status", std::string("done")},
               {"segment_status", status},
               {"frozen_step", step},
               {"frozen_cause", cause},
               {"finished_utc", utc_now()}});
}

}  // namespace tightrope
