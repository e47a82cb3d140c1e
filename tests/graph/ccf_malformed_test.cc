// SPDX-License-Identifier: Apache-2.0
// Every kind of malformed record: its exact message with number and line, and that it is skipped
// and counted on request alone.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/graph/ccf_support.h"

namespace tightrope {
namespace {

using log_test::TemporaryFolder;
using test::Bench;

const Bench& toy() {
  static const Bench bench("{type: concept, graph: toy, sites: 2, max_mentions: 3}", 1);
  return bench;
}

const std::string kGood =
    R"({"dicom_id":"a","sid":"s","pid":"p","report":"+low_lung_volumes.0 -apical_lucency",)"
    R"("diagnose":"atelectasis","counterfact":{"pneumonia":"+lobar_consolidation.1"},"site":1,)"
    R"("attributes":["low_lung_volumes"]})";

std::string with(const std::string& from, const std::string& to) {
  std::string out = kGood;
  const std::size_t at = out.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return out.replace(at, from.size(), to);
}

struct Bad {
  std::string line;
  std::string says;
};

std::vector<Bad> keys_and_types() {
  return {
      {"", "an empty line"},
      {kGood.substr(0, 60),
       "not JSON: parse error at line 1, column 61: syntax error while parsing "
       "value - invalid string: missing closing quote"},
      {"[1, 2]",
       "a list of 2, must be an object of dicom_id, sid, pid, report, diagnose, counterfact, "
       "image, site, category, attributes"},
      {with("\"pid\":\"p\",", ""), "the key pid is missing"},
      {with("\"site\"", "\"siet\""),
       "unknown key \"siet\"; did you mean \"site\"?; known: dicom_id, sid, pid, report, diagnose, "
       "counterfact, image, site, category, attributes"},
      {with("\"sid\":\"s\"", "\"sid\":\"s\",\"sid\":\"t\""), "a key stands there twice"},
      {with("\"sid\":\"s\"", "\"sid\":7"), "sid: 7, must be a text"},
      {with("\"dicom_id\":\"a\"", "\"dicom_id\":\"\""),
       "dicom_id: empty, must be a name that is unique in the file"},
      {with("\"dicom_id\":\"a\"", "\"dicom_id\":\"first\""),
       "dicom_id: \"first\" stands in an earlier record"},
      {with("\"sid\":\"s\"", "\"sid\":\"\xff\""),
       "not JSON: parse error at line 1, column 24: syntax error while parsing value - invalid "
       "string: ill-formed UTF-8 byte"},
      {with("\"site\":1", "\"site\":2"), "site: 2, must be an integer in [0, 1]"},
      {with("\"site\":1", "\"site\":0.5"), "site: 0.5, must be an integer in [0, 1]"},
      {with("\"site\":1", "\"site\":18446744073709551615"),
       "site: 18446744073709551615, must be an integer in [0, 1]"},
      {with("\"site\":1", "\"image\":\"none\""), "image: \"none\", must be a list of numbers"},
      {with("\"site\":1", "\"image\":{\"counterfact\":{\"a\":1}}"),
       "image: an object, must be a list of numbers"},
      {with("\"site\":1", "\"image\":[1,\"x\"]"), "image.1: \"x\", must be a number"},
      {with("\"site\":1", "\"image\":[0,1]"),
       fmt::format("image: 2 numbers, the world's images have {} channels",
                   toy().world->channels())},
      {with("\"site\":1", "\"image\":[NaN]"),
       "not JSON: parse error at line 1, column 171: syntax error while parsing value - invalid "
       "literal"},
      {with("\"site\":1", "\"image\":[1e99]"), "not JSON: number overflow parsing '1e99'"},
      {with("[\"low_lung_volumes\"]", "[\"low_lung_volume\"]"),
       "attributes.0: unknown attribute \"low_lung_volume\"; did you mean \"low_lung_volumes\"?"},
      {with("[\"low", "[\"low_lung_volumes\",\"low"),
       "attributes.1: \"low_lung_volumes\" stands there twice"},
      {with("\"site\":1", "\"category\":\"x\""), "category: unknown category \"x\""},
      {std::string(CcfReader::kLongestLine + 1, ' '), "a line of more than 1048576 bytes"},
      {std::string(CcfReader::kLongestLine, '['),
       "not JSON: parse error at line 1, column 1048577: syntax error while "
       "parsing value - unexpected end of input; expected '[', '{', or a "
       "literal"},
  };
}

std::vector<Bad> reports() {
  const std::string chain = "+low_lung_volumes.0 -apical_lucency";
  return {
      {with("\"atelectasis\"", "\"atelectases\""),
       "diagnose: unknown disease \"atelectases\"; did you mean \"atelectasis\"?"},
      {with("{\"pneumonia\"", "{\"atelectasis\""),
       "counterfact.atelectasis: the diagnosis itself, must be another disease"},
      {with("{\"pneumonia\"", "{\"pneumonai\""),
       "counterfact: unknown disease \"pneumonai\"; did you mean \"pneumonia\"?"},
      {with("{\"pneumonia\":", "{\"pneumonia\":\"\",\"pneumonia\":"),
       "counterfact: a disease stands there twice"},
      {with("{\"pneumonia\":\"+lobar_consolidation.1\"}", "{}"),
       "counterfact: empty, must have a disease"},
      {with("{\"pneumonia\":\"+lobar_consolidation.1\"}", "[]"),
       "counterfact: a list of 0, must be an object {disease: text}"},
      {with("\"+lobar_consolidation.1\"", "null"), "counterfact.pneumonia: null, must be a text"},
      {with(chain, "+low_lung_volumes"),
       "report: unknown token \"+low_lung_volumes\"; did you mean \"-low_lung_volumes\"?"},
      {with(chain, "Low lung volumes."), "report: unknown token \"Low\""},
      {with(chain, "-apical_lucency +low_lung_volumes.0"),
       "report: \"+low_lung_volumes.0\" cannot follow \"-apical_lucency\": findings in canonical "
       "order, each attribute once"},
      {with(chain, "+low_lung_volumes.0 -low_lung_volumes"),
       "report: \"-low_lung_volumes\" cannot follow \"+low_lung_volumes.0\": findings in canonical "
       "order, each attribute once"},
      {with(chain, chain + " </think>"),
       "report: \"</think>\" cannot stand in a report of findings"},
      {with(chain, "pneumonia"), "report: \"pneumonia\" cannot stand in a report of findings"},
      {with(chain, chain + " "), "report: two spaces in a row or one at an end"},
      {with(chain, chain + " -dependent_opacity -perihilar_infiltrates"),
       "report: more than 3 findings, the most that the world's reports have"},
      {with("+lobar_consolidation.1", "+lobar_consolidation.2"),
       "counterfact.pneumonia: unknown token \"+lobar_consolidation.2\"; did you mean "
       "\"+lobar_consolidation.0\"?"},
  };
}

void expect_message_and_skip(const Bad& bad) {
  const TemporaryFolder folder;
  const std::string file = folder / "ccf.jsonl";
  const std::string first = with("\"a\"", "\"first\"") + "\n";
  test::write_text(file, first + bad.line + "\n" + with("\"a\"", "\"last\"") + "\n");
  EXPECT_EQ(test::reading_error(file, *toy().world), file + ": record 2 (line 2): " + bad.says);
  std::vector<std::string> told;
  CcfReading reading{.skip_malformed = true};
  reading.on_malformed = [&](const std::string& text) { told.push_back(text); };
  CcfReader reader(file, *toy().world, reading);
  std::vector<std::string> ids;
  for (CcfRecord record; reader.next(record);) ids.push_back(record.dicom_id);
  EXPECT_EQ(ids, (std::vector<std::string>{"first", "last"})) << bad.says;
  EXPECT_EQ(reader.malformed(), 1);
  EXPECT_EQ(reader.records(), 3);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0], file + ": record 2 (line 2): " + bad.says);
}

TEST(CcfMalformed, TheGoodLineIsGood) {
  const CcfNames names(ccf_shape(*toy().world));
  const CcfRecord record = read_ccf_line(kGood, names);
  EXPECT_EQ(record.counterfactuals.size(), 1U);
  EXPECT_EQ(record.site, 1);
}

TEST(CcfMalformed, KeysAndTypes) {
  for (const Bad& bad : keys_and_types()) expect_message_and_skip(bad);
}

TEST(CcfMalformed, Reports) {
  for (const Bad& bad : reports()) expect_message_and_skip(bad);
}

TEST(CcfMalformed, ReportsOfARuleWorldOpenWithTheirCategory) {
  const Bench bench("{type: concept, graph: cxr, diagnosis: rule}", 3);
  const CcfNames names(ccf_shape(*bench.world));
  std::string line = test::lines_of({test::records_of(*bench.world, bench.cases)[0]}, names);
  line.pop_back();
  // The line with what stands from `from` to the next `to` removed, and `put` there.
  const auto error = [&](const std::string& from, char to, const std::string& put) {
    std::string bad = line;
    const std::size_t at = bad.find(from);
    EXPECT_NE(at, std::string::npos) << bad;
    const std::size_t end = bad.find(to, at + from.size()) + 1;
    bad.replace(at, end - at, put);
    return log_test::message_of<InputError>([&] { read_ccf_line(bad, names); });
  };
  const std::string none = error("category:", ' ', "");
  EXPECT_EQ(none.find("report: \""), 0U) << none;
  EXPECT_NE(none.find("cannot follow \"<think>\": a category, then findings"), std::string::npos)
      << none;
  EXPECT_EQ(error("\"category\":\"", '"', "\"category\":\"nowhere\""),
            "category: unknown category \"nowhere\"");
  const std::vector<std::string>& known = bench.world->vocabulary().names().categories;
  const int other = bench.cases.category[0] == 0 ? 1 : 0;
  EXPECT_EQ(error("\"category\":\"", '"', "\"category\":\"" + known[other] + "\""),
            "category: \"" + known[other] + "\", but the report opens with another one");
}

TEST(CcfMalformed, FilesThatAreNone) {
  const TemporaryFolder folder;
  EXPECT_EQ(test::reading_error(folder / "no", *toy().world),
            (folder / "no") + ": cannot be opened: No such file or directory");
  EXPECT_EQ(test::reading_error(folder.path(), *toy().world),
            folder.path() + ": is a folder, must be a file");
  test::write_text(folder / "empty", "");
  EXPECT_TRUE(test::read_all(folder / "empty", *toy().world).empty());
}

// Arrays of another world, and rows that no case can be.
TEST(CcfMalformed, Hdf5NamesShapesAndRows) {
  const TemporaryFolder folder;
  const CcfNames names(ccf_shape(*toy().world));
  const Bench bench("{type: concept, graph: toy, sites: 2, max_mentions: 3}", 5);
  {
    std::vector<CcfRecord> records = test::records_of(*bench.world, bench.cases);
    records[1].image->front() = NAN;
    records[2].counterfactuals[1].disease = records[2].counterfactuals[0].disease;
    records[3].dicom_id = records[0].dicom_id;
    CcfWriter writer(folder / "out", names, 5, 2);
    writer.write(records, "");
    writer.finish();
  }
  const std::string file = folder / "out/ccf.h5";
  EXPECT_EQ(test::reading_error(file, *toy().world),
            file + ": record 2: image.0: nan, must be finite");
  std::vector<std::string> told;
  CcfReading reading{.skip_malformed = true};
  reading.on_malformed = [&](const std::string& text) { told.push_back(text); };
  EXPECT_EQ(test::read_all(file, *toy().world, reading).size(), 2U);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_NE(told[1].find(": record 3: counterfact."), std::string::npos) << told[1];
  EXPECT_EQ(told[2], file + ": record 4: dicom_id: \"d0\" stands in an earlier record");
  const std::string other = test::reading_error(
      file, *test::make_world("{type: concept, graph: toy, nuisance_channels: 3}"));
  EXPECT_NE(other.find("ccf.h5:/image: shape [5, "), std::string::npos) << other;
  const std::string names_of =
      test::reading_error(file, *test::make_world("{type: concept, graph: synthetic}"));
  EXPECT_NE(names_of.find("unknown disease"), std::string::npos) << names_of;
  // A file cut short is damaged, not malformed.
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  EXPECT_THROW(test::read_all(file, *toy().world), IoError);
}

}  // namespace
}  // namespace tightrope
