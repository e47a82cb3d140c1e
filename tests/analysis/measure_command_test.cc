// SPDX-License-Identifier: Apache-2.0
// tightrope measure: what it prints, and its errors.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/error.h"
#include "core/commands/command.h"
#include "core/log/hdf5.h"
#include "core/random/stream.h"
#include "tests/core/log_support.h"

namespace tightrope::measure_test {
namespace {

class MeasureCommand : public ::testing::Test {
 protected:
  MeasureCommand() {
    std::ofstream file(table_);
    file << "before,after,word,other\n";
    Draws draws = Stream(1, Purpose::kProbe, 1).at(0);
    for (int i = 0; i < 100; ++i) {
      file << draws.normal() << "," << draws.normal() + 1 << "," << (i % 3 == 0 ? "yes" : "no")
           << "," << (i % 2 == 0 ? "yes" : "maybe") << "\n";
    }
  }

  static std::string run(const std::vector<std::string>& args) {
    std::ostringstream text;
    std::streambuf* screen = std::cout.rdbuf(text.rdbuf());
    try {
      EXPECT_EQ(commands().at("measure").run(args), 0);
    } catch (...) {
      std::cout.rdbuf(screen);
      throw;
    }
    std::cout.rdbuf(screen);
    return text.str();
  }
  static std::string error(const std::vector<std::string>& args) {
    try {
      run(args);
    } catch (const InputError& e) {
      const std::string what = e.what();
      return what.substr(0, what.find('\n'));
    }
    return "";
  }

  log_test::TemporaryFolder folder_;
  std::string table_ = folder_ / "t.csv";
};

TEST_F(MeasureCommand, TableHasTheEstimatorAndTheNull) {
  const std::string out =
      run({"all", "--input", table_, "--column", "before", "--column", "after"});
  EXPECT_NE(out.find("first: 100 points of " + table_ + " column before"), std::string::npos)
      << out;
  EXPECT_NE(out.find("null: 999 permutations of the pooled points, seed 0"), std::string::npos);
  EXPECT_NE(out.find("null mean   null 95 %       p"), std::string::npos);
  for (const char* text : {"plug-in over 10 bins of equal pooled count", "exact by sorting",
                           "unbiased U-statistic, bandwidth", "random Fourier features D=64",
                           "linear-time mean over 50 quadruples"}) {
    EXPECT_NE(out.find(text), std::string::npos) << text << "\n" << out;
  }
}

TEST_F(MeasureCommand, ColumnsByIndexAndInputsByName) {
  const std::string named =
      run({"energy", "--input", table_, "--column", "before", "--column", "after", "--json"});
  const std::string indexed = run(
      {"energy", "--input", table_, "--input", table_, "--column", "0", "--column", "1", "--json"});
  const auto a = nlohmann::json::parse(named), b = nlohmann::json::parse(indexed);
  EXPECT_EQ(a["measures"], b["measures"]);
  EXPECT_GT(a["measures"][0]["value"], 0.5);
}

TEST_F(MeasureCommand, JsonIsTheSameAndHasNoInfinity) {
  const auto out =
      nlohmann::json::parse(run({"psi", "--input", table_, "--column", "before", "--column",
                                 "after", "--set", "binning=width", "--json"}));
  EXPECT_EQ(out["first"]["points"], 100);
  EXPECT_EQ(out["permutations"], 999);
  ASSERT_EQ(out["measures"].size(), 1);
  const auto row = out["measures"][0];
  EXPECT_EQ(row["estimator"], "plug-in over 10 bins of equal width");
  EXPECT_EQ(row["unit"], "nat");
  EXPECT_EQ(row["value"], "inf");
}

TEST_F(MeasureCommand, LabelsAreCategories) {
  const auto out =
      nlohmann::json::parse(run({"all", "--input", table_, "--column", "word", "--column", "other",
                                 "--labels", "--permutations", "19", "--json"}));
  EXPECT_GT(out["measures"].size(), 7);
  EXPECT_GT(out["refused"].size(), 4);
  for (const auto& row : out["measures"]) {
    EXPECT_EQ(row["estimator"], "plug-in over 3 categories");
    if (row["measure"] == "total_variation") {
      EXPECT_NEAR(row["value"].get<double>(), 0.66, 1e-12);
    }
  }
}

TEST_F(MeasureCommand, LabelsKnowTheHeaderOption) {
  EXPECT_NE(error({"kl", "--input", table_, "--column", "word", "--column", "other", "--labels",
                   "--header", "maybe"})
                .find("--header maybe: must be auto, present or absent"),
            std::string::npos);
}

TEST_F(MeasureCommand, SeveralDimensions) {
  const auto out =
      nlohmann::json::parse(run({"energy", "--input", table_, "--column", "before,after",
                                 "--column", "after,before", "--json"}));
  EXPECT_EQ(out["measures"][0]["estimator"], "V-statistic over all pairs");
  EXPECT_EQ(out["measures"][0]["p"], 0.001);
}

TEST_F(MeasureCommand, TwoSegmentsOfALog) {
  const std::string path = folder_ / "log.h5";
  {
    const hdf5::File file = hdf5::File::create(path);
    const std::vector<double> rows = {1, 2, 3, 4, 11, 12, 13, 15};
    file.root()
        .create_group("scalars")
        .create_dataset("loss", LogType::kF64, {2, 4})
        .write({0, 0}, {2, 4}, rows.data());
  }
  const std::vector<std::string> args = {
      "wasserstein", "--input", path,        "--column", "scalars/loss",
      "--segment",   "0",       "--segment", "1",        "--json"};
  const auto out = nlohmann::json::parse(run(args));
  EXPECT_NEAR(out["measures"][0]["value"].get<double>(), 10.25, 1e-12);
  EXPECT_EQ(out["second"]["source"], path + " column scalars/loss segment 1");
  EXPECT_NE(
      error({"kl", "--input", path, "--column", "scalars/los", "--segment", "0", "--segment", "1"})
          .find("did you mean \"scalars/loss\"?"),
      std::string::npos);
}

TEST_F(MeasureCommand, ListSaysWhatIsTrueOfEach) {
  const std::string out = run({"list"});
  EXPECT_NE(out.find("wasserstein      sample unit        [0, inf]     yes       yes    yes"),
            std::string::npos)
      << out;
  EXPECT_NE(out.find("bandwidth=0: standard deviation s of the Gaussian kernel"),
            std::string::npos);
}

TEST_F(MeasureCommand, Errors) {
  const std::vector<std::string> two = {"--input", table_,     "--column",
                                        "before",  "--column", "after"};
  const auto with = [&](std::vector<std::string> args) {
    args.insert(args.end(), two.begin(), two.end());
    return error(args);
  };
  EXPECT_NE(
      with({"wasserstien"}).find("unknown measure \"wasserstien\"; did you mean \"wasserstein\"?"),
      std::string::npos);
  EXPECT_EQ(with({"mmd", "--set", "bandwith=1"}),
            "--set bandwith=1: mmd has no setting \"bandwith\"; did you mean \"bandwidth\"?; "
            "it has bandwidth, heuristic");
  EXPECT_EQ(with({"mmd", "--set", "bandwidth"}), "--set bandwidth: must be NAME=VALUE");
  EXPECT_EQ(with({"mmd", "--permutations", "0"}), "--permutations 0: must be from 1 to 1000000");
  EXPECT_EQ(with({"mmd", "--seed", "-1"}), "--seed -1: must be >= 0");
  EXPECT_EQ(
      error({"mmd", "--input", table_, "--column", "before"}),
      "1 --input, 1 --column, 0 --segment: give two inputs, or one and two columns or segments");
  EXPECT_EQ(error({"kl", "--input", table_, "--column", "word", "--column", "otter", "--labels"}),
            table_ +
                ": has no column \"otter\"; did you mean \"other\"?; it has \"before\", "
                "\"after\", \"word\", \"other\"");
  EXPECT_EQ(error({"mmd", "--input", table_, "--column", "before,after", "--column", "after"}),
            table_ + " column before, after has 2 dimensions, " + table_ +
                " column after has 1: they must have the same");
  EXPECT_EQ(
      error({"mmd", "--input", table_, "--column", "before", "--column", "after", "--labels"}),
      "mmd needs numbers, these are labels: total_variation takes them");
}

}  // namespace
}  // namespace tightrope::measure_test
