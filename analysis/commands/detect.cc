// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>

#include "analysis/detection/column_reader.h"
#include "analysis/detection/detector_choice.h"
#include "analysis/detection/score_report.h"
#include "core/base/check.h"
#include "core/commands/command.h"

namespace tightrope {
namespace {

struct DetectOptions {
  std::string input, save_state, load_state;
  std::vector<std::string> sets;
  ColumnOptions column;
  std::int64_t segment = 0;
  Truth truth;
};

// What was said over a whole stream. Warnings can be as many as samples: they are kept for --json
// alone.
struct Alarms {
  std::vector<std::int64_t> drift, warning;
  std::size_t warnings = 0;
  std::int64_t samples = 0;
};

void print_alarm(std::int64_t position, const DetectorState& state, bool first) {
  if (first) {
    fmt::print("{:>10}  {:<8} {:<10} {:>12} {:>12} {:>10}\n", "position", "verdict", "direction",
               "statistic", "threshold", "change");
  }
  const bool drift = state.verdict == AlarmLevel::kDrift;
  const char* direction = state.direction > 0 ? "up" : state.direction < 0 ? "down" : "-";
  const std::string change = state.change_time < 0 ? "-" : fmt::format("{}", state.change_time);
  fmt::print("{:>10}  {:<8} {:<10} {:>12.6g} {:>12.6g} {:>10}\n", position,
             drift ? "drift" : "warning", direction, state.statistic, state.threshold, change);
}

Alarms run_detector(Detector& detector, ColumnReader& reader, bool print) {
  Alarms alarms;
  const Detector::Alarm take = [&](std::int64_t position, const DetectorState& state) {
    if (print) print_alarm(position, state, alarms.drift.empty() && alarms.warnings == 0);
    if (state.verdict == AlarmLevel::kDrift) {
      alarms.drift.push_back(position);
    } else {
      ++alarms.warnings;
      if (!print) alarms.warning.push_back(position);
    }
  };
  for (auto block = reader.next(); !block.empty(); block = reader.next()) {
    const std::int64_t before = detector.position();
    try {
      detector.scan(block, take);
    } catch (const InputError& error) {  // of a sample that this detector refuses
      throw InputError(
          fmt::format("{}: {}", reader.place(detector.position() - before), error.what()));
    }
    alarms.samples += static_cast<std::int64_t>(block.size());
  }
  return alarms;
}

// One line, without a second copy of the positions.
void print_json(const Alarms& alarms, const ScoreReport& scores) {
  fmt::print("{{\"drift\":[{}],\"warning\":[", fmt::join(alarms.drift, ","));
  const char* comma = "";
  for (const std::int64_t position : alarms.warning) {
    fmt::print("{}{}", comma, position);
    comma = ",";
  }
  fmt::print("]{}}}\n", scores.json.is_null() ? "" : ",\"scores\":" + scores.json.dump());
}

po::options_description flags_of(DetectOptions& o) {
  po::options_description flags("options");
  flags.add_options()                                                                            //
      ("input", po::value(&o.input), "text table or HDF5 file; - for standard input")            //
      ("column", po::value(&o.column.column), "name or 0-based index; HDF5: group/variable")     //
      ("segment", po::value(&o.segment), "row of an HDF5 variable [segment, step]")              //
      ("header", po::value(&o.column.header), "first line of a table: auto, present or absent")  //
      ("set", po::value(&o.sets)->composing(), "option of the detector, delta=0.01")             //
      ("json", "{\"drift\": [0-based positions], \"warning\": [...]} on one line")               //
      ("load-state", po::value(&o.load_state), "go on from this state")                          //
      ("save-state", po::value(&o.save_state), "write the state at the end")                     //
      ("truth", po::value(&o.truth.drifts), "score against drifts 1000-1100,3000; or none")      //
      ("tolerance", po::value(&o.truth.tolerance),
       "samples behind a drift that still detect it")  //
      ("early", po::value(&o.truth.early), "samples before a drift that detect it already");
  return flags;
}

// The usage, with the options of the detector that is named, or what detectors there are.
po::variables_map parse_detect(const std::vector<std::string>& args, DetectOptions& options) {
  try {
    return parse_arguments("detect", args, flags_of(options), {"NAME"}, 1);
  } catch (const HelpShown& help) {
    const bool named = !args.empty() && !args[0].starts_with('-');
    throw HelpShown{help.text + "\n" +
                    (named ? detector_help(args[0]) : "detectors: " + detector_names() + "\n")};
  }
}

void require_consistent(const po::variables_map& values, DetectOptions& o) {
  TR_REQUIRE(values.count("input") > 0, "missing --input FILE (- for standard input)");
  if (values.count("segment") > 0) o.column.segment = o.segment;
  if (values.count("truth") == 0) {
    for (const char* name : {"tolerance", "early"}) {
      TR_REQUIRE(values.count(name) == 0, "--{}: needs --truth", name);
    }
    return;
  }
  require_readable(o.truth);
  TR_REQUIRE(values.count("tolerance") > 0 || o.truth.drifts == "none",
             "--truth: needs --tolerance, the samples behind a drift within which an alarm counts");
  TR_REQUIRE(o.load_state.empty(), "--truth: a stream is scored from its start, not --load-state");
}

int detect(const std::vector<std::string>& args) {
  DetectOptions o;
  const po::variables_map values = parse_detect(args, o);
  const auto name = values["NAME"].as<std::string>();
  std::string note;
  const Node node = detector_node(name, without_river(name, o.sets, note));
  const auto detector = detector_model(node)->make();
  require_consistent(values, o);
  if (!note.empty()) fmt::print(stderr, "{}\n", note);
  const auto reader = open_column(o.input, o.column);
  if (!o.load_state.empty()) load_detector(o.load_state, node, *detector);
  const bool json = values.count("json") > 0;
  const Alarms alarms = run_detector(*detector, *reader, !json);
  TR_REQUIRE(alarms.samples > 0, "{}: has a header and no sample below it", o.input);
  if (!o.save_state.empty()) save_detector(o.save_state, node, *detector);
  ScoreReport scores;
  if (values.count("truth") > 0) scores = report_scores(o.truth, alarms.samples, alarms.drift);
  if (json) {
    print_json(alarms, scores);
    return 0;
  }
  const auto counted = [](std::size_t n, const char* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  fmt::print("{}: {}, {}, {}\n{}", name, counted(alarms.samples, "sample"),
             counted(alarms.drift.size(), "drift"), counted(alarms.warnings, "warning"),
             scores.text);
  return 0;
}

}  // namespace

TR_COMMAND(detect, "detect", "detect NAME --input FILE|- [options]",
           "run a change detector on a column of numbers, print its alarms", detect);

}  // namespace tightrope
