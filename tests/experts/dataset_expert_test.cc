// SPDX-License-Identifier: Apache-2.0
// The expert that looks counterfactuals up in a file.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/graph/ccf_support.h"

namespace tightrope {
namespace {

using log_test::TemporaryFolder;
using test::Bench;

// 40 cases with ids and the file of their records.
struct Stored {
  Stored() : bench("{type: concept, graph: cxr}", 40) {
    records = test::records_of(*bench.world, bench.cases);
    for (const CcfRecord& record : records) bench.cases.id.push_back(record.dicom_id);
    write();
  }
  void write() {
    const CcfNames names(ccf_shape(*bench.world));
    test::write_text(file, test::lines_of(records, names));
  }
  std::shared_ptr<const Expert> expert(const std::string& more = "") const {
    return test::make_expert("{type: dataset, file: " + file + more + "}");
  }
  std::string prepare_error(const std::string& more = "") const {
    return log_test::message_of<InputError>([&] { expert(more)->prepare(bench.context()); });
  }

  TemporaryFolder folder;
  std::string file = folder / "ccf.jsonl";
  Bench bench;
  std::vector<CcfRecord> records;
};

TEST(DatasetExpert, GivesTheRecordsCounterfactualsEquallyOften) {
  const Stored stored;
  const auto expert = stored.expert();
  EXPECT_EQ(expert->record_files(), std::vector<std::string>{stored.file});
  ExpertContext context = stored.bench.context();
  const auto data = expert->prepare(context);
  context.data = data.get();
  const Vocabulary& v = stored.bench.world->vocabulary();
  int first = 0;
  constexpr int kRepeats = 50;
  for (int n = 0; n < 40; ++n) {
    const CcfRecord& record = stored.records[n];
    for (int repeat = 0; repeat < kRepeats; ++repeat) {
      const Pair pair = expert->propose(context, n, true, Stream(1, Purpose::kExpert, 0), repeat);
      const bool one = pair.rejected_disease == record.counterfactuals[0].disease;
      const CcfReport& other = record.counterfactuals[one ? 0 : 1];
      EXPECT_EQ(pair.rejected.tokens, make_trajectory(v, other.slot, -1, other.disease).tokens);
      EXPECT_EQ(pair.chosen.tokens,
                make_trajectory(v, record.factual.slot, -1, record.factual.disease).tokens);
      first += one ? 1 : 0;
    }
  }
  EXPECT_NEAR(first, 20 * kRepeats, 5 * std::sqrt(10.0 * kRepeats));
}

TEST(DatasetExpert, SeveralNegativesAreOneOfEachAndNoMore) {
  const Stored stored;
  const auto expert = stored.expert();
  ExpertContext context = stored.bench.context();
  const auto data = expert->prepare(context);
  context.data = data.get();
  const Stream stream(1, Purpose::kExpert, 0);
  for (int n = 0; n < 40; ++n) {
    std::vector<int> proposed;
    for (int k = 0; k < 2; ++k) {
      context.excluded = proposed;
      proposed.push_back(expert->propose(context, n, false, stream, 0).rejected_disease);
    }
    EXPECT_NE(proposed[0], proposed[1]);
    context.excluded = proposed;
    EXPECT_EQ(
        log_test::message_of<InputError>([&] { expert->propose(context, n, true, stream, 0); }),
        fmt::format("{}: the record d{} has 2 counterfactuals, one more is asked for", stored.file,
                    n));
    context.excluded = {};
  }
}

TEST(DatasetExpert, ErrorsSayWhatIsMissing) {
  Stored stored;
  stored.bench.cases.id[7] = "nobody";
  EXPECT_EQ(stored.prepare_error(), stored.file + ": no record has the dicom_id nobody of case 7");
  stored.bench.cases.id[7] = "d7";
  std::swap(stored.records[3].factual, stored.records[3].counterfactuals[0]);
  stored.write();
  EXPECT_NE(stored.prepare_error().find(": record 4: the diagnosis of d3 is "), std::string::npos)
      << stored.prepare_error();
  stored.records[3].dicom_id = "d2";
  stored.write();
  EXPECT_EQ(stored.prepare_error(),
            stored.file + ": record 4 (line 4): dicom_id: \"d2\" stands in an earlier record");
  EXPECT_EQ(stored.prepare_error(", skip_malformed: true"),
            stored.file + ": no good record has the dicom_id d3 of case 3");
  stored.bench.cases.id.clear();
  EXPECT_EQ(stored.prepare_error(), "expert dataset needs cases of a file: data.file");
  EXPECT_NE(
      log_test::message_of<InputError>([] { test::make_expert("{type: dataset}"); }).find("file"),
      std::string::npos);
}

// Cases in another order than the file's, and a file with more records than cases.
TEST(DatasetExpert, FindsRecordsByTheirId) {
  Stored stored;
  std::reverse(stored.records.begin(), stored.records.end());
  stored.write();
  ExpertContext context = stored.bench.context();
  const auto expert = stored.expert();
  const auto data = expert->prepare(context);
  context.data = data.get();
  const Pair pair = expert->propose(context, 39, true, Stream(1, Purpose::kExpert, 0), 0);
  const auto& others = stored.records[0].counterfactuals;
  EXPECT_TRUE(pair.rejected_disease == others[0].disease ||
              pair.rejected_disease == others[1].disease);
}

}  // namespace
}  // namespace tightrope
