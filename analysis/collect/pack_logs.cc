// SPDX-License-Identifier: Apache-2.0
#include "analysis/collect/pack_logs.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace tightrope {
namespace {

PackEnds read_ends(const LogReader& log) {
  PackEnds out;
  for (const LogAttribute& attribute : log.attributes()) {
    if (const auto* texts = std::get_if<std::vector<std::string>>(&attribute.value)) {
      if (attribute.name == "segment_status") out.status = *texts;
      if (attribute.name == "frozen_cause") out.cause = *texts;
    }
    const auto* steps = std::get_if<std::vector<std::int64_t>>(&attribute.value);
    if (steps != nullptr && attribute.name == "frozen_step") out.step = *steps;
  }
  const std::uint64_t lanes = log.info("meta/id").shape.at(0);
  if (out.status.size() != lanes || out.cause.size() != lanes || out.step.size() != lanes) {
    throw IoError(fmt::format("{}: does not say how its {} segments ended", log.path(), lanes));
  }
  return out;
}

}  // namespace

OpenPack& PackLogs::open(const std::string& pack) {
  for (auto entry = recent_.begin(); entry != recent_.end(); ++entry) {
    if (entry->first != pack) continue;
    recent_.splice(recent_.begin(), recent_, entry);
    return recent_.front().second;
  }
  LogReader log = LogReader::open(index_.log_path(pack));
  PackEnds ends = read_ends(log);
  for (const IndexedRun& run : index_.runs) {
    for (const RunStage& stage : run.stages) {
      if (stage.pack == pack && stage.lane >= ends.status.size()) {
        throw IoError(fmt::format("{}: has {} segments, the manifest wants number {}", log.path(),
                                  ends.status.size(), stage.lane));
      }
    }
  }
  recent_.emplace_front(pack, OpenPack{std::move(log), std::move(ends), {}});
  if (recent_.size() > kOpen) recent_.pop_back();
  return recent_.front().second;
}

}  // namespace tightrope
