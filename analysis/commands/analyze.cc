// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <thread>

#include "analysis/analyze/analyzer.h"
#include "analysis/analyze/detection_table.h"
#include "analysis/analyze/ledger_table.h"
#include "analysis/detection/detector_choice.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/commands/command.h"
#include "core/config/problems.h"

namespace tightrope {
namespace {

using Words = std::vector<std::string>;

Words words_of(const po::variables_map& values, const char* option) {
  return values.count(option) > 0 ? values[option].as<Words>() : Words();
}

void choose_groups(const std::string& only, AnalyzeOptions& options) {
  static const Words known = {"ledger", "measures", "alarms"};
  bool* const asked[] = {&options.ledger, &options.measures, &options.alarms};
  for (bool* group : asked) *group = false;
  for (const std::string& name : split(only, ',')) {
    const auto found = std::find(known.begin(), known.end(), name);
    TR_REQUIRE(found != known.end(), "--only {}: '{}' is none of ledger, measures, alarms{}", only,
               name, did_you_mean(name, known));
    *asked[found - known.begin()] = true;
  }
}

std::string options_text(const AnalyzeOptions& options, const Words& detectors,
                         const Words& settings) {
  Words parts;
  if (options.ledger) parts.emplace_back("ledger");
  if (options.measures) parts.emplace_back("measures");
  if (options.alarms) {
    parts.push_back("alarms of " + join(detectors, ", "));
    if (!settings.empty()) parts.push_back("with " + join(settings, ", "));
    if (!options.alarm_choice.series.empty()) {
      parts.push_back("on " + join(options.alarm_choice.series, ", "));
    }
    parts.push_back(fmt::format("tolerance {}", options.alarm_choice.tolerance));
  }
  return join(parts, "; ");
}

// The settings "DETECTOR.OPTION=VALUE" that the detectors know (without_river); notes on stderr.
Words known_settings(const Words& detectors, Words settings) {
  for (const std::string& name : detectors) {
    std::string note;
    if (!without_river(name, {"dialect=river"}, note).empty()) continue;
    if (std::erase(settings, name + ".dialect=river") > 0) std::cerr << note << "\n";
  }
  return settings;
}

AnalyzeOptions options_of(const po::variables_map& values) {
  AnalyzeOptions options;
  if (values.count("only") > 0) choose_groups(values["only"].as<std::string>(), options);
  Words detectors = words_of(values, "detector");
  if (detectors.empty()) detectors = {"adwin", "page_hinkley", "e_detector"};
  const Words settings = known_settings(detectors, words_of(values, "set"));
  if (values.count("on") > 0) {
    options.alarm_choice.series = split(values["on"].as<std::string>(), ',');
  }
  options.alarm_choice.tolerance = values["tolerance"].as<std::int64_t>();
  TR_REQUIRE(options.alarm_choice.tolerance >= 0, "--tolerance {}: must be >= 0",
             options.alarm_choice.tolerance);
  if (options.alarms) options.alarm_choice.detectors = choose_detectors(detectors, settings);
  options.text = options_text(options, detectors, settings);
  options.threads = values["threads"].as<int>();
  TR_REQUIRE(options.threads >= 1 && options.threads <= 256, "--threads {}: 1 to 256",
             options.threads);
  options.force = values.count("force") > 0;
  return options;
}

constexpr std::size_t kNamed = 4;  // more files are counted, not named

int analyze(const Words& args) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  po::options_description flags("options");
  flags.add_options()("only", po::value<std::string>(), "what to compute (ledger,measures,alarms)")(
      "detector", po::value<Words>(),
      "a change detector (repeat; adwin, page_hinkley and e_detector); tightrope list detector")(
      "set", po::value<Words>(), "DETECTOR.OPTION=VALUE (repeat)")(
      "on", po::value<std::string>(),
      "series of /scalars for the detectors: loss,rewards_accuracies,...")(
      "tolerance", po::value<std::int64_t>()->default_value(AlarmChoice().tolerance),
      "steps behind a true drift within which an alarm is true")(
      "threads", po::value<int>()->default_value(cores),
      "processes and threads at work, by default as many as cores")(
      "force", "analyse again what is up to date");
  const po::variables_map values = parse_arguments("analyze", args, flags, {"FOLDER"}, 1);
  const AnalyzeOptions options = options_of(values);
  const auto folder = values["FOLDER"].as<std::string>();
  const AnalyzeReport report = analyze_folder(folder, options);
  for (const std::string& line : report.waiting) std::cerr << "not yet: " << line << "\n";
  for (const std::string& line : report.failed) std::cerr << "failed: " << line << "\n";
  if (options.ledger) std::cout << ledger_table(folder);
  if (options.alarms) std::cout << detection_table(folder);
  if (report.written.size() > kNamed) {
    std::cout << "wrote " << report.written.size() << " files " << folder
              << "/packs/*.analysis.h5\n";
  } else {
    for (const std::string& path : report.written) std::cout << "wrote " << path << "\n";
  }
  if (!report.skipped.empty()) {
    std::cout << report.skipped.size() << " up to date (--force makes them again)\n";
  }
  return report.failed.empty() ? 0 : 1;
}

}  // namespace

TR_COMMAND(analyze, "analyze", "analyze FOLDER [--only ledger,measures,alarms] [options]",
           "compute ledger, measures and alarms of a run folder, into files beside its logs",
           analyze);

}  // namespace tightrope
