// SPDX-License-Identifier: Apache-2.0
// CCF files: what was written is what is read, in both formats and in every kind of world.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>

#include "tests/graph/ccf_support.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;
using log_test::TemporaryFolder;
using test::Bench;

const std::vector<std::string> kWorlds = {
    "{type: concept, graph: cxr}", "{type: concept, graph: cxr, diagnosis: rule}",
    "{type: concept, graph: toy, report_from: image, sites: 2}",
    "{type: concept, graph: synthetic, diagnosis: rule, max_mentions: 3}"};

TEST(Ccf, BothFormatsGiveBackTheSameRecords) {
  for (const std::string& text : kWorlds) {
    SCOPED_TRACE(text);
    const Bench bench(text, 1500);  // more than one block of rows
    const std::vector<CcfRecord> records = test::records_of(*bench.world, bench.cases);
    const CcfNames names(ccf_shape(*bench.world));
    const TemporaryFolder folder;
    CcfWriter writer(folder / "out", names, 1500, 2);
    const auto half = std::span(records);
    for (const auto& part : {half.first(700), half.subspan(700)}) {
      writer.write(part, test::lines_of({part.begin(), part.end()}, names));
    }
    EXPECT_FALSE(fs::exists(writer.paths()[0]));
    EXPECT_FALSE(fs::exists(writer.paths()[1]));
    writer.finish();
    for (const std::string& path : writer.paths()) {
      const std::vector<CcfRecord> back = test::read_all(path, *bench.world, {.complete = true});
      ASSERT_EQ(back.size(), records.size()) << path;
      for (std::size_t n = 0; n < back.size(); ++n) {
        ASSERT_EQ(back[n], records[n]) << path << " " << n;
        ASSERT_EQ(std::memcmp(back[n].image->data(), records[n].image->data(),
                              sizeof(float) * records[n].image->size()),
                  0);
      }
    }
  }
}

TEST(Ccf, SetCaseGivesTheSampledCase) {
  const Bench bench("{type: concept, graph: cxr, diagnosis: rule}", 100);
  const std::vector<CcfRecord> records = test::records_of(*bench.world, bench.cases);
  Cases cases;
  cases.resize(100, bench.cases.attributes, bench.cases.channels);
  cases.id.resize(100);
  for (int n = 0; n < 100; ++n) set_case(records[n], cases, n);
  EXPECT_EQ(cases.site, bench.cases.site);
  EXPECT_EQ(cases.category, bench.cases.category);
  EXPECT_EQ(cases.disease, bench.cases.disease);
  EXPECT_EQ(cases.attribute, bench.cases.attribute);
  EXPECT_EQ(cases.image, bench.cases.image);
  EXPECT_EQ(cases.report, bench.cases.report);
  EXPECT_EQ(cases.id[7], "d7");
}

// The shortest text of any finite float reads back as its bits: denormals, negative zero, extremes.
TEST(Ccf, EveryFiniteFloatSurvivesItsText) {
  const Bench bench("{type: concept, graph: cxr}", 1);
  const CcfNames names(ccf_shape(*bench.world));
  CcfRecord record = test::records_of(*bench.world, bench.cases)[0];
  record.counterfactuals = {{(record.factual.disease + 1) % 12, -1, record.factual.slot}};
  Draws draws = Stream(3, Purpose::kStatistics, 0).at(0);
  std::vector<float> special = {0.0F, -0.0F, 1e-45F, 3.4028235e38F, 16777216.0F, 0.1F};
  for (int repeat = 0; repeat < 2000; ++repeat) {
    for (float& value : *record.image) {
      do {
        value = std::bit_cast<float>(draws.bits());
      } while (!std::isfinite(value));
    }
    if (repeat == 0) std::copy(special.begin(), special.end(), record.image->begin());
    std::string line;
    append_ccf_line(record, names, line);
    line.pop_back();
    const CcfRecord back = read_ccf_line(line, names);
    ASSERT_EQ(
        std::memcmp(back.image->data(), record.image->data(), sizeof(float) * record.image->size()),
        0)
        << line;
  }
}

// The keys of the paper alone are a record, without a case to train on.
TEST(Ccf, OursMayBeMissing) {
  const Bench bench("{type: concept, graph: toy}", 1);
  const TemporaryFolder folder;
  test::write_text(folder / "f",
                   R"({"sid": "s", "pid": "p", "dicom_id": "a", "report": "", )"
                   R"("diagnose": "pneumonia", "counterfact": {"lung_opacity": ""}})");
  const auto records = test::read_all(folder / "f", *bench.world);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_FALSE(has_case(records[0]));
  EXPECT_EQ(test::reading_error(folder / "f", *bench.world, {.complete = true}),
            (folder / "f") +
                ": record 1 (line 1): the key image is missing: to be trained on a case needs "
                "image, site and attributes");
}

TEST(Ccf, WriterRefusesAFolderWithContentAndLeavesNothingUnfinished) {
  const Bench bench("{type: concept, graph: toy}", 4);
  const CcfNames names(ccf_shape(*bench.world));
  const TemporaryFolder folder;
  test::write_text(folder / "ccf.h5", "kept");
  const auto write = [&](const std::string& to) { CcfWriter(to, names, 4, 2); };
  EXPECT_EQ(log_test::message_of<InputError>([&] { write(folder.path()); }),
            "--out " + folder.path() + ": the folder is not empty (ccf.h5); choose another");
  EXPECT_EQ(log_test::message_of<InputError>([&] { write(folder / "ccf.h5"); }),
            "--out " + (folder / "ccf.h5") + ": a file of this name exists");
  write(folder / "new");  // never finished
  EXPECT_TRUE(fs::is_empty(folder / "new"));
  test::write_text(folder / "new/ccf.jsonl.partial", "of a killed process");
  CcfWriter writer(folder / "new", names, 4, 2);
  EXPECT_EQ(log_test::message_of<InputError>([&] { write(folder / "new"); }),
            "--out " + (folder / "new") + ": another process is writing here");
}

// Arrays are read by the names of the file, whatever their order.
TEST(Ccf, Hdf5NamesMayStandInAnotherOrder) {
  const TemporaryFolder folder;
  std::ifstream graph(std::string(TIGHTROPE_SOURCE_DIR) + "/graph/data/toy.yaml");
  std::vector<std::string> lines;
  for (std::string line; std::getline(graph, line);) lines.push_back(line);
  std::string turned;
  for (std::size_t begin = 0; begin < lines.size();) {  // every list turned round
    const auto item = [&](std::size_t i) {
      return i < lines.size() && lines[i].starts_with("  - {name:");
    };
    std::size_t end = begin + 1;
    while (item(begin) && item(end)) ++end;
    std::reverse(lines.begin() + begin, lines.begin() + end);
    for (; begin < end; ++begin) turned += lines[begin] + "\n";
  }
  test::write_text(folder / "turned.yaml", turned);
  const Bench bench("{type: concept, graph: " + (folder / "turned.yaml") + "}", 50);
  const Vocabulary& from = bench.world->vocabulary();
  EXPECT_EQ(from.names().diseases.front(), "pneumothorax");
  const CcfNames names(ccf_shape(*bench.world));
  const auto records = test::records_of(*bench.world, bench.cases);
  CcfWriter writer(folder / "out", names, 50, 2);
  writer.write(records, "");
  writer.finish();
  const auto world = test::make_world("{type: concept, graph: toy}");
  const Vocabulary& to = world->vocabulary();
  const auto back = test::read_all(writer.paths()[1], *world);
  ASSERT_EQ(back.size(), 50U);
  const auto told = [](const Vocabulary& v, const CcfReport& report) {
    std::map<std::string, int> out{{v.names().diseases[report.disease], -1}};
    for (int k = 0; k < v.attributes(); ++k) {
      out[v.names().attributes[k]] = static_cast<int>(report.slot[k]);
    }
    return out;
  };
  for (int n = 0; n < 50; ++n) {
    EXPECT_EQ(told(to, back[n].factual), told(from, records[n].factual));
    EXPECT_EQ(told(to, back[n].counterfactuals[1]), told(from, records[n].counterfactuals[1]));
    for (int k = 0; k < 8; ++k) {
      EXPECT_EQ((*back[n].attributes)[k], (*records[n].attributes)[7 - k]);
    }
  }
}

std::size_t allocated_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

// What is allocated does not grow with the file: of a hundred megabytes a few are held.
TEST(Ccf, ReadsAnyNumberOfRecordsInBoundedMemory) {
  const Bench bench("{type: concept, graph: cxr}", 1000);
  const CcfNames names(ccf_shape(*bench.world));
  const TemporaryFolder folder;
  constexpr int kRounds = 60;
  {
    CcfWriter writer(folder / "out", names, 1000 * kRounds, 2);
    for (int round = 0; round < kRounds; ++round) {
      const auto records = test::records_of(*bench.world, bench.cases, fmt::format("r{}_", round));
      writer.write(records, test::lines_of(records, names));
    }
    writer.finish();
    EXPECT_GT(fs::file_size(writer.paths()[0]), 80U << 20);
  }
  for (const std::string name : {"out/ccf.jsonl", "out/ccf.h5"}) {
    const std::size_t before = allocated_bytes();
    std::size_t most = before;
    std::int64_t good = 0;
    CcfReader reader(folder / name, *bench.world);
    for (CcfRecord record; reader.next(record); ++good) {
      if (good % 500 == 0) most = std::max(most, allocated_bytes());
    }
    EXPECT_EQ(good, 1000 * kRounds);
    // All of them would be 60 MB; HDF5 keeps a few MB of what it knows of the file.
    EXPECT_LT(most - before, 16U << 20) << name;
  }
}

TEST(Ccf, NumberSetForgetsNothing) {
  NumberSet set;
  for (std::uint64_t i = 0; i < 10000; ++i) EXPECT_TRUE(set.insert(i * 1024 + 1)) << i;
  for (std::uint64_t i = 0; i < 10000; ++i) EXPECT_FALSE(set.insert(i * 1024 + 1)) << i;
}

}  // namespace
}  // namespace tightrope
