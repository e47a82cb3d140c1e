// SPDX-License-Identifier: Apache-2.0
#include "core/api/reward.h"
#include "core/config/schema.h"
#include "rewards/written.h"

namespace tightrope {
namespace {

// Partial credit for the chain of thought:
//
//   (1 - w) [diagnosis right] + w agree / either
//
// either: attributes that the trajectory or the case's report mentions; agree: those that both
// mention and both call present (either synonym) or both absent. agree / either is 1 when neither
// mentions anything.
class Shaped final : public RewardModel {
 public:
  struct Params {
    double findings = 0.5;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("findings", &Params::findings,
            {.unit = "1",
             .range = between(0, 1),
             .help = "weight w of the findings that agree with the report; 1 - w: the diagnosis",
             .per_lane = true});
    return s;
  }
  explicit Shaped(const Params& params) : weight_(params.findings) {}

  double score(const RewardContext& context, int n, const Trajectory& trajectory,
               std::span<const double>) const override {
    const Vocabulary& vocabulary = context.world.vocabulary();
    const std::vector<Slot> written = written_report(vocabulary, trajectory);
    const std::span<const Slot> report = context.cases.report_of(n);
    double either = 0, agree = 0;
    for (std::size_t k = 0; k < report.size(); ++k) {
      const bool both = written[k] != Slot::kSilent && report[k] != Slot::kSilent;
      either += written[k] != Slot::kSilent || report[k] != Slot::kSilent ? 1 : 0;
      agree += both && (written[k] == Slot::kAbsent) == (report[k] == Slot::kAbsent) ? 1 : 0;
    }
    const bool right = written_disease(vocabulary, trajectory) == context.cases.disease[n];
    return (1 - weight_) * (right ? 1 : 0) + weight_ * (either > 0 ? agree / either : 1);
  }

 private:
  double weight_;
};

TR_REGISTER(RewardModel, Shaped, "shaped",
            "the diagnosis plus partial credit for findings that agree with the report", "ours");

}  // namespace
}  // namespace tightrope
