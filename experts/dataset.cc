// SPDX-License-Identifier: Apache-2.0
// Counterfactuals that were made once and stored: those of the case's record in a CCF file, found
// by its id. Draws uniformly among those whose disease was not proposed before, in the order of the
// file, from stream.at(repeat, n). What a practitioner has.
#include <algorithm>
#include <unordered_map>

#include "core/base/check.h"
#include "experts/proposal.h"
#include "graph/ccf_reader.h"

namespace tightrope {
namespace {

struct Stored final : ExpertData {
  std::vector<std::vector<CcfReport>> of_case;  // [N]
};

class DatasetExpert final : public Expert {
 public:
  struct Params {
    std::string file;
    bool skip_malformed = false;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("file", &Params::file,
            {.help = "CCF file (JSON lines or HDF5) with a record for every case of the stage, "
                     "relative to the current folder",
             .required = true});
    s.field("skip_malformed", &Params::skip_malformed,
            {.help = "leave malformed records out and say how many, instead of stopping"});
    return s;
  }
  explicit DatasetExpert(Params params) : params_(std::move(params)) {}

  std::vector<std::string> record_files() const override { return {params_.file}; }

  // Streams the file until every case was found: as much memory as the cases need.
  std::shared_ptr<const ExpertData> prepare(const ExpertContext& context) const override {
    const Cases& cases = context.cases;
    TR_REQUIRE(static_cast<int>(cases.id.size()) == cases.size(),
               "expert dataset needs cases of a file: data.file");
    std::unordered_map<std::string_view, int> wanted;
    for (int n = 0; n < cases.size(); ++n) wanted.emplace(cases.id[n], n);
    auto out = std::make_shared<Stored>();
    out->of_case.resize(cases.size());
    std::size_t found = 0;
    CcfReader reader(params_.file, context.world, {.skip_malformed = params_.skip_malformed});
    for (CcfRecord record; found < wanted.size() && reader.next(record);) {
      const auto at = wanted.find(record.dicom_id);
      if (at == wanted.end()) continue;
      const int n = at->second;
      TR_REQUIRE(record.factual.disease == cases.disease[n],
                 "{}: record {}: the diagnosis of {} is {}, the case's is {}", params_.file,
                 reader.records(), record.dicom_id, name(context, record.factual.disease),
                 name(context, cases.disease[n]));
      out->of_case[n] = std::move(record.counterfactuals);
      ++found;
    }
    for (int n = 0; found < wanted.size() && n < cases.size(); ++n) {
      TR_REQUIRE(!out->of_case[n].empty(), "{}: no {}record has the dicom_id {} of case {}",
                 params_.file, reader.malformed() > 0 ? "good " : "", cases.id[n], n);
    }
    warn_of_skipped(reader);
    return out;
  }

  Pair propose(const ExpertContext& context, int n, bool thinking, const Stream& stream,
               std::uint32_t repeat) const override {
    std::shared_ptr<const ExpertData> own;  // where the caller did not prepare
    if (context.data == nullptr) own = prepare(context);
    const auto* stored =
        dynamic_cast<const Stored*>(context.data != nullptr ? context.data : own.get());
    TR_CHECK(stored != nullptr, "the data of another expert");
    std::vector<const CcfReport*> left;
    for (const CcfReport& other : stored->of_case[n]) {
      const auto& out = context.excluded;
      if (std::find(out.begin(), out.end(), other.disease) == out.end()) left.push_back(&other);
    }
    TR_REQUIRE(!left.empty(), "{}: the record {} has {} counterfactuals, one more is asked for",
               params_.file, context.cases.id[n], stored->of_case[n].size());
    Draws draws = stream.at(repeat, static_cast<std::uint32_t>(n));
    const CcfReport& other = *left[draws.below(static_cast<std::uint32_t>(left.size()))];
    return {factual(context, n, thinking),
            thinking ? make_trajectory(context.world.vocabulary(), other.slot, other.category,
                                       other.disease)
                     : direct_answer(context.world, other.disease),
            other.disease};
  }

 private:
  static const std::string& name(const ExpertContext& context, int disease) {
    return context.world.vocabulary().names().diseases[disease];
  }

  Params params_;
};

TR_REGISTER(Expert, DatasetExpert, "dataset",
            "the counterfactuals that a CCF file holds for the case",
            "arXiv 2505.13081, the CXR-CounterFact data set");

}  // namespace
}  // namespace tightrope
