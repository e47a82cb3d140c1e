// SPDX-License-Identifier: Apache-2.0
#include "experiments/pack_builder.h"

#include <filesystem>

#include "core/base/check.h"
#include "experiments/stage_policy.h"
#include "experiments/streams.h"

namespace tightrope {

PackBuilder::PackBuilder(const Plan& plan, std::string folder)
    : plan_(plan), folder_(std::move(folder)) {}

std::string PackBuilder::log_path(const Pack& pack) const {
  return folder_ + "/packs/" + pack.name + ".h5";
}

bool PackBuilder::finished(const Pack& pack) const {
  return log_state(log_path(pack)) == LogState::kFinished;
}

std::shared_ptr<const Experiment> PackBuilder::experiment(int point) {
  auto& slot = experiments_[point];
  if (!slot) slot = plan_.experiment(point);
  return slot;
}

const Checkpoint& PackBuilder::end_of(int segment) {
  const Segment& s = plan_.segments()[segment];
  auto found = policies_.find(s.pack);
  if (found == policies_.end()) {
    if (policies_.size() > 64) policies_.clear();
    const std::string path = policies_path(log_path(plan_.packs()[s.pack]));
    std::optional<LoadedCheckpoint> loaded = load_checkpoint(path, plan_.hash());
    if (!loaded) throw IoError("missing " + path + ": the stage before has not finished");
    found = policies_.emplace(s.pack, std::move(loaded->checkpoint)).first;
  }
  return found->second;
}

std::vector<float> PackBuilder::final_parameters(int segment) {
  return end_of(segment).get<float>(plan_.segments()[segment].id);
}

std::vector<DriftReaction> PackBuilder::final_reactions(int segment) {
  return load_reactions(end_of(segment), plan_.segments()[segment].id + "/reactions");
}

std::unique_ptr<PackRunner> PackBuilder::build(const Pack& pack, const PackInfo& info) {
  experiments_.clear();
  std::vector<std::unique_ptr<Lane>> lanes;
  std::vector<SegmentLabel> labels;
  std::shared_ptr<const Policy> policy;
  for (const int index : pack.segments) {
    const Segment& segment = plan_.segments()[index];
    const std::shared_ptr<const Experiment> settings = experiment(segment.point);
    const std::shared_ptr<WorldContext> context = contexts_.get(*settings, segment.seed);
    if (!policy) {
      policy = make_policy(*settings, context->world(), info.device);
    }
    std::vector<float> start(policy->parameter_count(), 0.0F);
    std::vector<DriftReaction> reactions;
    if (segment.parent >= 0) {
      start = final_parameters(segment.parent);
      reactions = final_reactions(segment.parent);
    } else {
      policy->initialise(lane_stream(*settings, Purpose::kInitial, segment.seed), start);
    }
    std::vector<float> reference =
        segment.reference >= 0 ? final_parameters(segment.reference) : start;
    lanes.push_back(std::make_unique<Lane>(settings, segment.stage, segment.seed, context, policy,
                                           std::move(start), std::move(reference),
                                           std::move(reactions)));
    SegmentLabel label{segment.id, "", plan_.rows()[segment.row], segment.seed,
                       to_json(settings->resolved)};
    if (segment.parent >= 0) label.parent = plan_.segments()[segment.parent].id;
    labels.push_back(std::move(label));
  }
  return std::make_unique<PackRunner>(log_path(pack), std::move(lanes), std::move(labels), info,
                                      plan_.hash());
}

}  // namespace tightrope
