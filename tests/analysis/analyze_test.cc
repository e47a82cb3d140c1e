// SPDX-License-Identifier: Apache-2.0
// The files that an analysis makes, and what it refuses.
#include <fstream>
#include <sstream>

#include "core/base/error.h"
#include "core/detectors/detector.h"
#include "tests/analysis/ledger_support.h"

namespace tightrope {
namespace {

using namespace ledger_test;

std::string bytes_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string attribute(const LogReader& log, const std::string& name) {
  for (const LogAttribute& each : log.attributes()) {
    if (each.name == name) return std::get<std::string>(each.value);
  }
  return "";
}

template <class Error>
std::string refusal(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "(nothing thrown)";
}

TEST(Analyze, WritesBesideTheLogAndLeavesItAlone) {
  const HandLog log = random_log();
  Analysed analysed(log);
  const std::string before = bytes_of(analysed.path(".h5"));
  AnalyzeOptions again = laws_only();
  again.force = true;
  analyze_folder(analysed.folder(), again);
  EXPECT_EQ(bytes_of(analysed.path(".h5")), before);
  const LogReader file = analysed.open();
  EXPECT_EQ(file.groups(), (std::vector<std::string>{"ledger", "measures"}));
  EXPECT_EQ(attribute(file, "schema_name"), "tightrope-analysis");
  EXPECT_EQ(attribute(file, "log"), "pack_0000.h5");
  EXPECT_EQ(attribute(file, "experiment"), "by_hand");
  EXPECT_EQ(attribute(file, "options"), "ledger; measures");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(analysed.folder() + "/packs")) {
    files += entry.is_regular_file();
  }
  EXPECT_EQ(files, 2);
}

TEST(Analyze, SkipsWhatIsUpToDate) {
  Analysed analysed(random_log());
  EXPECT_EQ(analysed.report.written.size(), 1U);
  AnalyzeOptions options = laws_only();
  EXPECT_EQ(analyze_folder(analysed.folder(), options).skipped.size(), 1U);
  options.force = true;
  EXPECT_EQ(analyze_folder(analysed.folder(), options).written.size(), 1U);
  options.force = false;
  options.measures = false;
  options.text = "ledger";  // other options: made again
  EXPECT_EQ(analyze_folder(analysed.folder(), options).written.size(), 1U);
  EXPECT_EQ(analysed.open().groups(), (std::vector<std::string>{"ledger"}));
  std::ofstream(analysed.path(".analysis.h5"), std::ios::trunc) << "damaged";
  EXPECT_EQ(analyze_folder(analysed.folder(), options).written.size(), 1U);
  EXPECT_TRUE(analysed.open().has("ledger/kl"));
}

TEST(Analyze, ThreadsAndBlocksChangeNothing) {
  const HandLog log = random_log();
  Analysed one(log);
  AnalyzeOptions options = laws_only();
  options.threads = 4;
  const Analysed four(log, options);
  for (const LogVariableInfo& info : one.open().variables("ledger")) {
    if (info.type != LogType::kF64) continue;
    const auto a = one.values(info.name), b = four.values(info.name);
    ASSERT_EQ(a.size(), b.size());
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(double)), 0) << info.name;
  }
}

// A piece of this log's file holds less than all segments, so that they are read in blocks.
HandLog wide_log() {
  HandLog log;
  log.segments = 5;
  log.probes = 12;
  log.positions = 24;
  log.token.resize(2);
  while (log.token.size() < 150) log.token.push_back("t" + std::to_string(log.token.size()));
  log.evaluation["accuracy"].assign(5 * 3 * 2, 0.5);
  log.make_room();
  log.belief_policy.clear();
  log.belief_oracle.clear();
  Draws draws(9, 2, 3, 4);
  for (auto* laws : {&log.policy, &log.reference, &log.oracle}) {
    for (std::size_t row = 0; row < laws->size() / 150; ++row) {
      put_law(*laws, row, random_law(150, draws, false));
    }
  }
  return log;
}

TEST(Analyze, BlocksOfSegmentsFitTogether) {
  const HandLog log = wide_log();
  AnalyzeOptions options = laws_only();
  options.threads = 2;
  const Analysed analysed(log, options);
  const LogShape chunk = LogReader::open(analysed.path(".h5")).info("tokens_full/policy").chunk;
  ASSERT_LT(chunk[0], log.segments);
  const auto kl = analysed.values("ledger/kl");  // [5, 3, 2, 12, 24]
  const std::size_t cells = log.cells() / 5;
  for (std::size_t s = 0; s < 5; ++s) {
    for (std::size_t c = 0; c < 3; ++c) {
      const std::size_t rest = (37 * s + 101 * c) % cells, row = (s * 3 + c) * cells + rest;
      double expected = 0;
      for (std::size_t y = 0; y < 150; ++y) {
        const double p = log.oracle[(s * cells + rest) * 150 + y];
        expected += std::exp(p) * (p - log.policy[row * 150 + y]);
      }
      EXPECT_NEAR(kl[row], expected, 1e-12) << s << " " << c;
    }
  }
}

TEST(Analyze, ReadsPartialLogs) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "packs");
  random_log().write(folder / "packs/pack_0003.h5", false);
  const AnalyzeReport report = analyze_folder(folder / "", laws_only());
  ASSERT_EQ(report.written.size(), 1U);
  EXPECT_TRUE(report.written[0].ends_with("/packs/pack_0003.analysis.h5"));
  EXPECT_EQ(attribute(LogReader::open(report.written[0]), "log"), "pack_0003.h5.partial");
}

TEST(Analyze, NamesTheOptionThatALogLacks) {
  HandLog log = random_log();
  log.whole_laws = false;
  const std::string text = refusal<InputError>([&] { Analysed analysed(log); });
  EXPECT_NE(text.find("holds no whole next-token laws"), std::string::npos) << text;
  EXPECT_NE(text.find("record.tokens_full"), std::string::npos) << text;
}

TEST(Analyze, RefusesLawsThatAreNotNormalised) {
  HandLog log = random_log();
  for (std::size_t y = 0; y < 7; ++y) log.policy[y] += 1e-6;
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "packs");
  log.write(folder / "packs/pack_0000.h5");
  const AnalyzeReport report = analyze_folder(folder / "", laws_only());
  ASSERT_EQ(report.failed.size(), 1U);
  EXPECT_NE(report.failed[0].find("does not balance: segment 0, checkpoint 5, environment source, "
                                  "probe 0, position 0"),
            std::string::npos)
      << report.failed[0];
  EXPECT_FALSE(std::filesystem::exists(folder / "packs/pack_0000.analysis.h5"));
  EXPECT_FALSE(std::filesystem::exists(folder / "packs/pack_0000.analysis.h5.partial.new"));
}

TEST(Analyze, OneDamagedPackDoesNotStopTheOthers) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "packs");
  std::ofstream(folder / "packs/pack_0000.h5") << "not a log";
  random_log().write(folder / "packs/pack_0001.h5");
  const AnalyzeReport report = analyze_folder(folder / "", laws_only());
  EXPECT_EQ(report.failed.size(), 1U);
  EXPECT_EQ(report.written.size(), 1U);
}

TEST(Analyze, ADivergedSegmentIsMissingAndNoError) {
  HandLog log = random_log();
  const std::size_t width = log.policy.size() / 9;
  std::fill_n(log.policy.begin() + static_cast<std::ptrdiff_t>(2 * width), width, kNan);
  const Analysed analysed(log);
  const auto gain = analysed.values("ledger/beneficial_sum");  // [3, 2, 2, 3]
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_TRUE(std::isfinite(gain[i]));
    EXPECT_TRUE(std::isnan(gain[6 + i]));
    EXPECT_TRUE(std::isfinite(gain[12 + i]));
  }
  EXPECT_TRUE(std::isnan(analysed.values("ledger/beneficial_token")[2 * 7]));
  EXPECT_TRUE(std::isnan(analysed.values("ledger/stage_net")[0]));
}

TEST(Analyze, TooFewCheckpoints) {
  HandLog log = random_log();
  log.checkpoint = {0};
  log.policy.resize(log.policy.size() / 3);
  log.belief_policy.resize(log.belief_policy.size() / 3);
  for (auto& [name, values] : log.evaluation) values.resize(values.size() / 3);
  const std::string text = refusal<InputError>([&] { Analysed analysed(log); });
  EXPECT_NE(text.find("holds 1 recorded checkpoint(s)"), std::string::npos) << text;
  const TemporaryFolder folder;  // of a run at work: the other packs go on
  std::filesystem::create_directories(folder / "packs");
  log.write(folder / "packs/pack_0000.h5", false);
  random_log().write(folder / "packs/pack_0001.h5");
  const AnalyzeReport report = analyze_folder(folder / "", laws_only());
  EXPECT_EQ(report.waiting.size(), 1U);
  EXPECT_EQ(report.written.size(), 1U);
}

// Of equal laws, and of laws that are nearly equal, rounding must not make a distance negative.
TEST(Analyze, MeasuresOfEqualLawsAreNotNegative) {
  for (const double nudge : {0.0, 1e-9}) {
    HandLog log = random_log();
    const std::size_t cells = log.cells() / log.segments * log.token.size();
    for (std::size_t row = 0; row < log.segments * log.checkpoint.size(); ++row) {
      const std::size_t segment = row / log.checkpoint.size();
      for (std::size_t i = 0; i < cells; ++i) {
        log.policy[row * cells + i] = log.oracle[segment * cells + i] * (1 + nudge);
      }
    }
    const Analysed analysed(log);
    for (const char* name : {"kl_forward", "kl_reverse", "bhattacharyya"}) {
      const auto values = analysed.values(std::string("measures/") + name);  // [..., 2]: the oracle
      std::size_t compared = 0;
      for (std::size_t i = 0; i < values.size(); i += 2) {
        if (std::isnan(values[i])) continue;
        ++compared;
        ASSERT_GE(values[i], 0) << name;
        ASSERT_LT(values[i], 1e-8) << name;
      }
      EXPECT_GT(compared, 10U) << name;
    }
  }
}

HandLog jumping_log() {
  HandLog log = random_log();
  for (std::size_t s = 0; s < 3; ++s) {
    for (std::size_t t = 0; t < 400; ++t) {
      log.scalars["loss"].push_back(s == 1 && t >= 200 ? 3.0
                                                       : 1.0 + 0.01 * static_cast<double>(t % 3));
    }
  }
  log.scalars["loss"][400 + 10] = kNan;  // left out
  return log;
}

TEST(Analyze, AlarmsAreTheDetectorsOwn) {
  AnalyzeOptions options;
  options.ledger = options.measures = false;
  options.alarm_choice.detectors = choose_detectors({"adwin", "e_detector"}, {"adwin.clock=1"});
  const Analysed analysed(jumping_log(), options);
  const LogReader file = analysed.open();
  const LogArray<std::int64_t> time = file.read<std::int64_t>("alarms/time");
  const auto count = file.read<std::int64_t>("alarms/count").values;  // [3, 1, 2]
  const auto kind = file.read<std::uint8_t>("alarms/kind").values;
  std::vector<double> x;
  for (int t = 0; t < 400; ++t) {
    if (t != 10) x.push_back(t >= 200 ? 3.0 : 1.0 + 0.01 * (t % 3));
  }
  std::vector<std::int64_t> expected;
  choose_detectors({"adwin"}, {"adwin.clock=1"})[0].model->make()->scan(
      x, [&](std::int64_t at, const DetectorState&) { expected.push_back(at < 10 ? at : at + 1); });
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(count, (std::vector<std::int64_t>{0, 0, std::ssize(expected), 0, 0, 0}));
  const std::size_t longest = time.shape[3];
  for (std::size_t i = 0; i < longest; ++i) {
    EXPECT_EQ(time.values[i], -1);
    EXPECT_EQ(time.values[2 * longest + i], i < expected.size() ? expected[i] : -1);
    EXPECT_EQ(kind[2 * longest + i], i < expected.size() ? 2 : 0);
  }
  // Losses above 1 are outside of the e-detector's domain, in every segment.
  EXPECT_EQ(file.read<std::uint8_t>("alarms/applied").values,
            (std::vector<std::uint8_t>{1, 0, 1, 0, 1, 0}));
}

TEST(Analyze, RefusesUnknownDetectorsOptionsAndSeries) {
  EXPECT_NE(refusal<InputError>([] { choose_detectors({"adwn"}, {}); }).find("\"adwin\""),
            std::string::npos);
  EXPECT_NE(
      refusal<InputError>([] { choose_detectors({"adwin"}, {"adwin.delt=1"}); }).find("delta"),
      std::string::npos);
  EXPECT_NE(refusal<InputError>([] {
              choose_detectors({"adwin"}, {"ewma.x=1"});
            }).find("no detector 'ewma' was chosen"),
            std::string::npos);
  AnalyzeOptions options;
  options.alarm_choice.detectors = choose_detectors({"adwin"}, {});
  options.alarm_choice.series = {"los"};
  const std::string text = refusal<InputError>([&] { Analysed analysed(jumping_log(), options); });
  EXPECT_NE(text.find("has no series 'scalars/los'"), std::string::npos) << text;
  EXPECT_NE(text.find("scalars/loss"), std::string::npos) << text;
}

TEST(Analyze, AFolderWithoutLogs) {
  const TemporaryFolder folder;
  EXPECT_NE(refusal<InputError>([&] {
              analyze_folder(folder / "", laws_only());
            }).find("no logs packs/pack_*.h5"),
            std::string::npos);
  EXPECT_NE(refusal<InputError>([&] {
              analyze_folder(folder / "nowhere", laws_only());
            }).find("there is no such folder"),
            std::string::npos);
}

}  // namespace
}  // namespace tightrope
