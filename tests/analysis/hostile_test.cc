// SPDX-License-Identifier: Apache-2.0
// Damaged logs and damaged analysis files through the commands that read them: each is refused with
// the path, or gives what the whole file gave.
#include <hdf5.h>

#include "analysis/analyze/detection_table.h"
#include "analysis/analyze/run_drift.h"
#include "core/log/hdf5.h"
#include "tests/analysis/hostile_support.h"

namespace tightrope {
namespace {

using hostile_test::AnalysedFolder;
using hostile_test::Ended;
using hostile_test::Words;
using log_test::Mutation;

struct Path {
  Words words;
  std::string written;                 // the file that it makes; "" where it prints alone
  std::string out = {}, content = {};  // of the whole log
  int refused = 0, harmless = 0;
};

std::vector<Path> paths_of(const AnalysedFolder& folder) {
  const std::string csv = folder.scratch() + "/scalars.csv", sweep = folder.path() + "/sweep.h5";
  return {{{"analyze", folder.path(), "--force", "--threads", "1", "--detector", "shewhart"},
           folder.sibling()},
          {{"collect", folder.path()}, sweep},
          {{"export", "scalars", folder.path(), "--out", "-"}, ""},
          {{"detect", "shewhart", "--input", folder.pack(), "--column", "scalars/loss", "--segment",
            "1"},
           ""}};
}

// Runs a path and takes away what it wrote. "" where all is well, else what is wrong.
std::string judge(const AnalysedFolder& folder, Path& path, bool whole) {
  if (!path.written.empty()) std::filesystem::remove(path.written);
  const Ended ended = hostile_test::run(folder.scratch(), path.words);
  if (ended.outcome != log_test::kSame) return log_test::outcome_text(ended.outcome);
  if (whole) {
    path.out = ended.out;
    path.content = hostile_test::groups_of(path.written);
    return ended.code == 0 ? "" : ended.err;
  }
  for (const char* leftover : {".partial", ".partial.new"}) {
    if (std::filesystem::exists(path.written + leftover)) return "left a file behind";
  }
  if (ended.code == 0) {
    ++path.harmless;
    if (ended.out.substr(0, ended.out.find("MB")) != path.out.substr(0, path.out.find("MB"))) {
      return "printed other figures, in silence: " + ended.out;
    }
    return hostile_test::groups_of(path.written) == path.content ? "" : "wrote other values";
  }
  ++path.refused;
  if (ended.code != 1 && ended.code != 2) return "exit code " + std::to_string(ended.code);
  if (ended.err.find(folder.pack()) == std::string::npos) return "no path in: " + ended.err;
  return std::filesystem::exists(path.written) ? "wrote a file from a damaged log" : "";
}

TEST(Hostile, DamagedLogsThroughEveryCommand) {
  const AnalysedFolder folder;
  std::vector<Path> paths = paths_of(folder);
  for (Path& path : paths) EXPECT_EQ(judge(folder, path, true), "") << path.words[0];
  const std::string whole = read_whole_file(folder.pack(), 1 << 24);
  const std::vector<Mutation> all =
      log_test::mutations_of(whole, {9.5}, {"target", "oracle_accuracy", "sudden", "by_hand"});
  int count = 0;
  for (std::size_t i = 0; i < all.size(); i += 3, ++count) {
    std::ofstream(folder.pack(), std::ios::binary) << all[i].bytes;
    for (Path& path : paths) {
      EXPECT_EQ(judge(folder, path, false), "") << path.words[0] << ", " << all[i].name;
    }
  }
  EXPECT_GE(count, 200);
  for (const Path& path : paths) {
    std::printf("%s: %d mutations, %d refused, %d harmless\n", path.words[0].c_str(), count,
                path.refused, path.harmless);
    EXPECT_GE(path.refused, 50) << path.words[0];
    EXPECT_GE(path.harmless, 1) << path.words[0];
  }
}

TEST(Hostile, DamagedAnalysisFilesAreMadeAgainOrNamed) {
  const AnalysedFolder folder;
  const Words words = {"analyze", folder.path(), "--threads", "1"};
  ASSERT_EQ(hostile_test::run(folder.scratch(), words).code, 0);
  const Ended same = hostile_test::run(folder.scratch(), words);
  const auto table = [](const std::string& out) {
    return out.substr(0, std::min(out.find("wrote "), out.find("1 up to date")));
  };
  ASSERT_NE(same.out.find("1 up to date"), std::string::npos);
  const std::string whole = read_whole_file(folder.sibling(), 1 << 24);
  const std::vector<Mutation> all = log_test::mutations_of(whole, {}, {"target", "detrimental"});
  int named = 0, right = 0;
  for (std::size_t i = 0; i < all.size(); i += 6) {
    std::ofstream(folder.sibling(), std::ios::binary) << all[i].bytes;
    const Ended ended = hostile_test::run(folder.scratch(), words);
    EXPECT_EQ(ended.outcome, log_test::kSame) << all[i].name;
    if (ended.code == 0) {
      ++right;
      EXPECT_EQ(table(ended.out), table(same.out)) << all[i].name;
      continue;
    }
    ++named;
    EXPECT_EQ(ended.code, 1) << all[i].name;
    EXPECT_NE(ended.err.find(folder.sibling()), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find("--force"), std::string::npos) << ended.err;
  }
  std::printf("%d named, %d made again or harmless\n", named, right);
  EXPECT_GE(named + right, 100);
  EXPECT_GE(named, 10);
  EXPECT_GE(right, 10);
}

// A well-formed file of another shape.
void write_sibling(const AnalysedFolder& folder, const std::string& group, std::uint64_t rows) {
  const auto variable = [](const std::string& name, const Words& dims, LogType type) {
    return log_test::variable(name, dims, type);
  };
  const LogDimension labels = labelled_dimension("label", Words{"one", "two"}, "1", "label");
  LogSchema schema;
  LogGroup made{group, "", {fixed_dimension("row", rows), labels}, {}};
  const bool alarms = group == "alarms";
  const Words texts = alarms ? Words{"series", "detector"} : Words{"environment", "part"};
  const Words numbers = alarms
                            ? Words{"time", "first_step", "last_step"}
                            : Words{"kl_sum", "stage_net", "stage_beneficial", "stage_detrimental"};
  const LogType type = alarms ? LogType::kI64 : LogType::kF64;
  for (const auto& name : texts)
    made.variables.push_back(variable(name, {"label"}, LogType::kString));
  for (const auto& name : numbers) made.variables.push_back(variable(name, {"row"}, type));
  for (const char* name : {"kind", "applied"}) {
    made.variables.push_back(variable(name, {"row"}, LogType::kU8));
  }
  schema.groups = {made};
  LogWriter out = LogWriter::create(folder.sibling(), schema, true);
  for (const auto& name : texts) out.write(group + "/" + name, Words{"one", "two"});
  for (const auto& name : numbers) {
    if (alarms) out.write(group + "/" + name, std::vector<std::int64_t>(rows, 7));
    if (!alarms) out.write(group + "/" + name, std::vector<double>(rows, 7));
  }
  for (const char* name : {"kind", "applied"}) {
    out.write(group + "/" + name, std::vector<std::uint8_t>(rows, 2));
  }
  out.finish_static();
}

TEST(Hostile, AnalysisFilesWhoseVariablesDoNotFit) {
  const AnalysedFolder folder;
  for (const std::uint64_t rows : {1, 3, 1000}) {
    for (const bool alarms : {true, false}) {
      write_sibling(folder, alarms ? "alarms" : "ledger", rows);
      try {
        alarms ? detection_table(folder.path()) : std::to_string(run_drift(folder.path()).size());
        ADD_FAILURE() << "read " << rows;
      } catch (const IoError& error) {
        EXPECT_NE(std::string(error.what()).find("fit"), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find(folder.sibling()), std::string::npos);
      }
    }
  }
}

// HDF5 would read zeros without end.
TEST(Hostile, ColumnsThatClaimMoreThanTheyHold) {
  const AnalysedFolder folder;
  const std::string path = folder.scratch() + "/claims.h5";
  constexpr std::uint64_t kMany = std::uint64_t{1} << 50;
  const auto refusal = [&](const std::function<void(hdf5::Group&)>& make) {
    hdf5::File file = hdf5::File::create(path);
    {
      hdf5::Group root = file.root();
      make(root);
    }
    file.close();
    const Ended ended =
        hostile_test::run(folder.scratch(), {"detect", "adwin", "--input", path, "--column", "x"});
    EXPECT_EQ(ended.outcome, log_test::kSame) << log_test::outcome_text(ended.outcome);
    EXPECT_NE(ended.code, 0);
    return ended.err;
  };
  const auto with = [](LogShape shape, LogShape chunk) {
    return [shape = std::move(shape), chunk = std::move(chunk)](hdf5::Group& root) {
      hdf5::DatasetOptions options;
      options.chunk = chunk;
      root.create_dataset("x", LogType::kF64, shape, options);
    };
  };
  EXPECT_NE(refusal(with({kMany}, {})).find("claims more than"), std::string::npos);
  EXPECT_NE(refusal(with({kMany}, {1024})).find("claims more than"), std::string::npos);
  EXPECT_NE(refusal(with({1 << 27}, {1 << 27})).find("claims more than"), std::string::npos);
  EXPECT_NE(refusal(with({0}, {4})).find("is empty"), std::string::npos);
  const auto links = [](hdf5::Group& root) {
    H5Lcreate_soft("/x", root.id(), "x", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("/dev/zero", "/", root.id(), "y", H5P_DEFAULT, H5P_DEFAULT);
  };
  EXPECT_NE(refusal(links).find("has no variable \"x\""), std::string::npos);
}

}  // namespace
}  // namespace tightrope
