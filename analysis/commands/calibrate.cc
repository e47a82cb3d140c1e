// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "analysis/detection/calibration.h"
#include "analysis/detection/detector_choice.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/commands/command.h"

namespace tightrope {
namespace {

constexpr double kJump = 0.02;  // of the wanted length: more is said

struct CalibrateOptions {
  double run_length = 0;
  std::string option, law = "normal", target = "mean";
  std::vector<std::string> sets;
  ColumnOptions column;
  int runs = 1000;
  std::int64_t seed = 1, cap = 0;
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
};

po::options_description flags_of(CalibrateOptions& o) {
  po::options_description flags("options");
  flags.add_options()                                                                             //
      ("arl0", po::value(&o.run_length), "wanted samples to a false alarm")                       //
      ("option", po::value(&o.option), "option that is sought, for example threshold")            //
      ("law", po::value(&o.law), "normal, uniform, bernoulli:P, or a drift-free file")            //
      ("column", po::value(&o.column.column), "of that file, as in detect")                       //
      ("header", po::value(&o.column.header), "of that file, as in detect")                       //
      ("segment", po::value<std::int64_t>(), "of that file, as in detect")                        //
      ("target", po::value(&o.target), "what --arl0 means: mean (default) or median run length")  //
      ("set", po::value(&o.sets)->composing(), "another option of the detector, delta=0.01")      //
      ("runs", po::value(&o.runs), "simulated streams (1000)")                                    //
      ("cap", po::value(&o.cap), "samples after which a run is cut off (20 times --arl0)")        //
      ("seed", po::value(&o.seed), "of the streams (1)")                                          //
      ("threads", po::value(&o.threads), "do not change the result")                              //
      ("json", "the figures on one line of JSON");
  return flags;
}

po::variables_map parse_calibrate(const std::vector<std::string>& args, CalibrateOptions& options) {
  try {
    return parse_arguments("calibrate", args, flags_of(options), {"NAME"}, 1);
  } catch (const HelpShown& help) {
    const bool named = !args.empty() && !args[0].starts_with('-');
    throw HelpShown{help.text + "\n" +
                    (named ? detector_help(args[0]) : "detectors: " + detector_names() + "\n")};
  }
}

CalibrationSetup setup_of(const std::string& name, const CalibrateOptions& o,
                          const DriftFreeLaw& law) {
  CalibrationSetup setup;
  std::string note;
  setup.detector = detector_node(name, without_river(name, o.sets, note));
  if (!note.empty()) fmt::print(stderr, "{}\n", note);
  setup.option = o.option;
  setup.run_length = o.run_length;
  setup.median = o.target == "median";
  setup.runs.law = &law;
  setup.runs.cap = o.cap > 0 ? o.cap : static_cast<std::int64_t>(std::ceil(20 * o.run_length));
  setup.runs.runs = o.runs;
  setup.runs.seed = static_cast<std::uint64_t>(o.seed);
  setup.runs.threads = o.threads;
  return setup;
}

void require_valid(const po::variables_map& values, const CalibrateOptions& o) {
  TR_REQUIRE(values.count("arl0") > 0, "missing --arl0, the wanted samples to a false alarm");
  TR_REQUIRE(values.count("option") > 0, "missing --option, which of the detector's is sought");
  TR_REQUIRE(o.run_length > 1 && o.run_length <= 1e9, "--arl0 {}: must be above 1, 1e9 at most",
             o.run_length);
  TR_REQUIRE(o.target == "mean" || o.target == "median", "--target {}: must be mean or median",
             o.target);
  TR_REQUIRE(o.runs >= 20 && o.runs <= 10000000, "--runs {}: must be in [20, 10000000]", o.runs);
  TR_REQUIRE(values.count("cap") == 0 || static_cast<double>(o.cap) >= 2 * o.run_length,
             "--cap {}: must be at least twice --arl0 {}", o.cap, o.run_length);
  TR_REQUIRE(o.threads >= 1 && o.threads <= 1024, "--threads {}: must be in [1, 1024]", o.threads);
  TR_REQUIRE(o.seed >= 0, "--seed {}: must be >= 0", o.seed);
}

std::string shown(double value, std::int64_t cap) {
  if (std::isnan(value)) return "-";
  return std::isinf(value) ? fmt::format("> {}", cap) : fmt::format("{:.1f}", value);
}

void print_text(const std::string& name, const CalibrateOptions& o, const CalibrationSetup& setup,
                const Calibration& found) {
  const std::int64_t cap = setup.runs.cap;
  fmt::print("{} --set {}={}: samples to a false alarm on {}, {} runs, seed {}\n\n", name, o.option,
             number_text(found.value), o.law, o.runs, o.seed);
  fmt::print("{:<8} {:>10} {:>24}\n", "", "samples", "95 % interval");
  const auto line = [&](const std::string& what, const Estimate& e) {
    fmt::print("{:<8} {:>10} {:>24}\n", what, shown(e.value, cap),
               fmt::format("{} to {}", shown(e.low, cap), shown(e.high, cap)));
  };
  line("mean", found.mean);
  for (int q = 0; q < 3; ++q) {
    line(fmt::format("{:.0f} %", 100 * kCalibrationQuantiles[q]), found.quantiles[q]);
  }
  fmt::print("\n{} of {} runs had no alarm in {} samples{}\n", found.censored, o.runs, cap,
             found.censored > 0 ? " and count in the mean as samples without one" : "");
  const double length = setup.median ? found.quantiles[1].value : found.mean.value;
  if (std::abs(length - o.run_length) > kJump * o.run_length) {
    fmt::print("--arl0 {} lies in a jump: the {} is {} at {}={}, the next value tried\n",
               number_text(o.run_length), o.target, shown(found.below_length, cap), o.option,
               number_text(found.below_value));
  }
}

nlohmann::ordered_json entry(const Estimate& e) {
  const auto number = [](double value) {
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
  };
  return {{"value", number(e.value)}, {"low", number(e.low)}, {"high", number(e.high)}};
}

void print_json(const std::string& name, const CalibrateOptions& o, const CalibrationSetup& setup,
                const Calibration& found) {
  const nlohmann::ordered_json out = {
      {"detector", name},
      {"option", o.option},
      {"value", found.value},
      {"below", {{"value", found.below_value}, {"length", found.below_length}}},
      {"law", o.law},
      {"target", o.target},
      {"arl0", o.run_length},
      {"mean", entry(found.mean)},
      {"q10", entry(found.quantiles[0])},
      {"q50", entry(found.quantiles[1])},
      {"q90", entry(found.quantiles[2])},
      {"censored", found.censored},
      {"cap", setup.runs.cap},
      {"runs", o.runs},
      {"seed", o.seed},
      {"evaluations", found.evaluations}};
  std::cout << out.dump() << "\n";
}

int calibrate(const std::vector<std::string>& args) {
  CalibrateOptions o;
  const po::variables_map values = parse_calibrate(args, o);
  require_valid(values, o);
  const auto name = values["NAME"].as<std::string>();
  if (values.count("segment") > 0) o.column.segment = values["segment"].as<std::int64_t>();
  const DriftFreeLaw law(o.law, o.column);
  const CalibrationSetup setup = setup_of(name, o, law);
  detector_model(setup.detector);
  const Calibration found = calibrate_option(setup);
  if (values.count("json") > 0) {
    print_json(name, o, setup, found);
  } else {
    print_text(name, o, setup, found);
  }
  return 0;
}

}  // namespace

TR_COMMAND(calibrate, "calibrate", "calibrate NAME --arl0 N --option OPTION [options]",
           "find the value of a detector's option for a wanted run length to a false alarm",
           calibrate);

}  // namespace tightrope
