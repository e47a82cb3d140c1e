// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "core/base/check.h"
#include "core/commands/command.h"
#include "experiments/runner.h"

namespace tightrope {
namespace {

int run(const std::vector<std::string>& args) {
  RunOptions options;
  bool strict = false;
  po::options_description flags("options");
  flags.add_options()                                                                  //
      ("set", po::value(&options.sets)->composing(), "path=value, put over the file")  //
      ("out", po::value(&options.out), "folder to write to (default runs/NAME-NNN)")   //
      ("threads", po::value(&options.threads)->default_value(0), "0: all cores")       //
      ("device", po::value(&options.device)->default_value("cpu"), "cpu or cuda")      //
      ("resume", po::bool_switch(&options.resume), "continue an unfinished run")       //
      ("fresh", po::bool_switch(&options.fresh), "replace what the folder holds")      //
      ("retry-failed", po::bool_switch(&options.retry_failed), "with --resume")        //
      ("quiet", po::bool_switch(&options.quiet), "no progress line")                   //
      ("strict", po::bool_switch(&strict), "exit 3 when a claim fails");
  const po::variables_map values = parse_arguments("run", args, flags, {"FILE"}, 1);
  options.file = values["FILE"].as<std::string>();
  TR_REQUIRE(options.threads >= 0 && options.threads <= 1024, "--threads {}: expected 0..1024",
             options.threads);
  TR_REQUIRE(!(options.resume && options.fresh), "--resume and --fresh exclude each other");
  TR_REQUIRE(options.device == "cpu" || options.device == "cuda",
             "--device {}: expected cpu or cuda", options.device);
  const RunOutcome outcome = run_experiment(options);
  std::cout << "\n" << outcome.summary.markdown() << "\nwritten to " << outcome.folder << ":\n";
  for (const std::string& path : outcome.paths) std::cout << "  " << path << "\n";
  std::cout << "  " << outcome.folder << "/packs/*.h5\n";
  if (outcome.diverged > 0) {
    std::cout << outcome.diverged
              << " runs diverged and were frozen; see segment_status in the logs\n";
  }
  if (outcome.failed_packs > 0) {
    std::cerr << outcome.failed_packs << " packs failed; see " << outcome.folder
              << "/packs/*.failed\n";
    return 1;
  }
  for (const ClaimVerdict& claim : outcome.summary.claims) {
    if (strict && claim.verdict == Verdict::kFails) return 3;
  }
  return 0;
}

}  // namespace

TR_COMMAND(run, "run", "run FILE.yaml [options]", "run an experiment and print its tables", run);

}  // namespace tightrope
