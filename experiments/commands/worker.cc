// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iostream>

#include "core/base/check.h"
#include "core/commands/command.h"
#include "experiments/runner.h"

namespace tightrope {
namespace {

int report(const RunOutcome& outcome) {
  std::cout << fmt::format("{}: {} of {} packs of the run are done\n", outcome.folder,
                           outcome.finished_packs, outcome.packs);
  if (outcome.finished_packs == outcome.packs) {
    std::cout << "\n" << outcome.summary.markdown() << "\n";
    for (const std::string& path : outcome.paths) std::cout << "wrote " << path << "\n";
  }
  if (outcome.diverged > 0) {
    std::cout << outcome.diverged
              << " runs diverged and were frozen; see segment_status in the logs\n";
  }
  if (outcome.failed_packs > 0) {
    std::cerr << outcome.failed_packs << " packs of this shard failed; see " << outcome.folder
              << "/packs/*.failed\n";
    return 1;
  }
  if (outcome.waiting_packs > 0) {
    std::cerr
        << outcome.waiting_packs
        << " packs of this shard are left to other processes; --resume goes on when they end\n";
    return 75;
  }
  return 0;
}

int worker(const std::vector<std::string>& args) {
  RunOptions options;
  std::string shard;
  po::options_description flags("options");
  flags.add_options()                                                                     //
      ("shard", po::value(&shard)->required(), "i/n: the share i of n, counted from 0")   //
      ("out", po::value(&options.out)->required(), "run folder that all workers share")   //
      ("set", po::value(&options.sets)->composing(), "path=value, put over the file")     //
      ("threads", po::value(&options.threads)->default_value(0), "0: all cores")          //
      ("device", po::value(&options.device)->default_value("cpu"), "cpu or cuda")         //
      ("resume", po::bool_switch(&options.resume), "continue a shard that began before")  //
      ("retry-failed", po::bool_switch(&options.retry_failed), "with --resume")           //
      ("take-over", po::bool_switch(&options.take_over),
       "take packs that a process of another host left claimed: it is gone")  //
      ("quiet", po::bool_switch(&options.quiet), "no progress line");
  const po::variables_map values = parse_arguments("worker", args, flags, {"FILE"}, 0);
  if (values.count("FILE") > 0) options.file = values["FILE"].as<std::string>();
  options.shard = parse_shard(shard);
  TR_REQUIRE(options.threads >= 0 && options.threads <= 1024, "--threads {}: expected 0..1024",
             options.threads);
  TR_REQUIRE(options.device == "cpu" || options.device == "cuda",
             "--device {}: expected cpu or cuda", options.device);
  TR_REQUIRE(!options.file.empty() || options.sets.empty(),
             "--set goes over an experiment file: name it");
  return report(run_experiment(options));
}

}  // namespace

TR_COMMAND(worker, "worker", "worker --shard i/n --out DIR [FILE.yaml]",
           "run one share of an experiment's packs beside other workers", worker);

}  // namespace tightrope
