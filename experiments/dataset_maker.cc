// SPDX-License-Identifier: Apache-2.0
#include "experiments/dataset_maker.h"

#include <algorithm>

#include "core/base/check.h"
#include "experiments/interrupt.h"
#include "experiments/workers.h"
#include "experts/proposal.h"
#include "graph/ccf_json.h"
#include "graph/concept_environment.h"

namespace tightrope {
namespace {

constexpr int kJob = 1024;  // records of one job

// Consecutive records and their lines.
struct Part {
  std::vector<CcfRecord> records;
  std::string lines;
};

class Maker {
 public:
  Maker(const DatasetPlan& plan, const World& world, const Environment& environment,
        const CcfNames& names)
      : plan_(plan),
        world_(world),
        environment_(dynamic_cast<const ConceptEnvironment*>(&environment)),
        names_(names),
        nearest_("nearest", plan.counterfactuals) {
    TR_REQUIRE(environment_ != nullptr,
               "dataset make needs a world with a concept graph (type: concept)");
    const int diseases = world.vocabulary().diseases();
    TR_REQUIRE(plan.counterfactuals < diseases,
               "--counterfactuals {}: the world has {} diseases, at most {} are others",
               plan.counterfactuals, diseases, diseases - 1);
    for (int i = 1; i < plan.counterfactuals; ++i) {
      later_.push_back(plan.expert.child(static_cast<std::uint64_t>(i)));
    }
  }

  // Records [first, first + count).
  Part make(std::int64_t first, int count) const {
    Cases cases;
    environment_->sample(plan_.data, 0, static_cast<std::uint32_t>(first), count, cases);
    Part out;
    for (int n = 0; n < count; ++n) {
      out.records.push_back(record(cases, n, first + n));
      append_ccf_line(out.records.back(), names_, out.lines);
    }
    return out;
  }

 private:
  CcfRecord record(const Cases& cases, int n, std::int64_t row) const {
    CcfRecord out;
    out.dicom_id = fmt::format("d{:08}", row);
    out.sid = fmt::format("s{:08}", row);
    out.pid = fmt::format("p{:08}", row);
    const auto report = cases.report_of(n);
    out.factual = {cases.disease[n], cases.category[n], {report.begin(), report.end()}};
    const auto image = cases.image_of(n);
    out.image.emplace(image.begin(), image.end());
    out.site = cases.site[n];
    const auto attributes = cases.attributes_of(n);
    out.attributes.emplace(attributes.begin(), attributes.end());
    ExpertContext context{world_, *environment_, cases, {}};
    std::vector<int> proposed;
    for (int i = 0; i < plan_.counterfactuals; ++i) {
      context.excluded = proposed;
      const Stream& stream = i == 0 ? plan_.expert : later_[i - 1];
      Draws draws = stream.at(0, static_cast<std::uint32_t>(row));
      const int j = nearest_.draw(context, n, draws);
      AlternativeReport other = environment_->edit(cases, n, j, draws);
      out.counterfactuals.push_back({j, other.category, std::move(other.report)});
      proposed.push_back(j);
    }
    return out;
  }

  const DatasetPlan& plan_;
  const World& world_;
  const ConceptEnvironment* environment_;
  const CcfNames& names_;
  Proposal nearest_;
  std::vector<Stream> later_;
};

}  // namespace

void make_dataset(const DatasetPlan& plan, const World& world, const Environment& environment,
                  const std::string& folder, const std::function<void(std::int64_t)>& done) {
  const CcfNames names(ccf_shape(world));
  const Maker maker(plan, world, environment, names);
  CcfWriter writer(folder, names, plan.records, plan.counterfactuals);
  const int jobs = 4 * plan.threads;
  std::vector<Part> parts(jobs);
  for (std::int64_t first = 0; first < plan.records; first += std::int64_t{kJob} * jobs) {
    const auto begin = [&](int job) {
      return std::min(plan.records, first + std::int64_t{kJob} * job);
    };
    parallel_for(jobs, plan.threads, [&](int job) {
      parts[job] = maker.make(begin(job), static_cast<int>(begin(job + 1) - begin(job)));
    });
    for (int job = 0; job < jobs; ++job) {
      writer.write(parts[job].records, parts[job].lines);
      done(static_cast<std::int64_t>(parts[job].records.size()));
    }
    if (interrupted().load(std::memory_order_relaxed)) throw Interrupted{};
  }
  writer.finish();
}

}  // namespace tightrope
