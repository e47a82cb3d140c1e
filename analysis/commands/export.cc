// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iostream>

#include "analysis/export/export_policy.h"
#include "analysis/export/export_scalars.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/commands/command.h"

namespace tightrope {
namespace {

int policy(const po::variables_map& values, const std::string& out) {
  PolicyChoice choice;
  choice.folder = values["FOLDER"].as<std::string>();
  if (values.count("RUN") > 0) choice.run = values["RUN"].as<std::string>();
  if (values.count("row") > 0) choice.row = values["row"].as<std::string>();
  if (values.count("seed") > 0) choice.seed = values["seed"].as<std::int64_t>();
  if (values.count("stage") > 0) choice.stage = values["stage"].as<std::string>();
  TR_REQUIRE(values.count("group") == 0, "--group belongs to `export scalars`");
  const ExportedPolicy report = export_policy(choice, out);
  std::cout << fmt::format("{}: segment {}, {} tensors, {} parameters\n", report.path,
                           report.segment, report.tensors, report.parameters);
  return 0;
}

int scalars(const po::variables_map& values, const std::string& out) {
  for (const char* other : {"RUN", "row", "seed", "stage"}) {
    TR_REQUIRE(values.count(other) == 0, "{} belongs to `export policy`", other);
  }
  TR_REQUIRE(!out.empty(), "export scalars needs --out FILE.csv, or --out - for standard output");
  const std::string group =
      values.count("group") > 0 ? values["group"].as<std::string>() : "scalars";
  const ScalarsReport report = export_scalars(values["FOLDER"].as<std::string>(), group, out);
  if (out != "-") {
    std::cout << fmt::format("{}: {} lines of {} runs\n", out, report.lines, report.runs);
  }
  if (report.left_out > 0) {
    (out == "-" ? std::cerr : std::cout)
        << fmt::format("  {} stages are not finished and left out\n", report.left_out);
  }
  return 0;
}

int run(const std::vector<std::string>& args) {
  std::string out;
  po::options_description flags("options");
  flags.add_options()  //
      ("out", po::value(&out),
       "file to write (policy: default RUN.safetensors; scalars: needed, - is standard output)")(
          "row", po::value<std::string>(), "policy: of this row of the tables")           //
      ("seed", po::value<std::int64_t>(), "policy: and this seed")                        //
      ("stage", po::value<std::string>(), "policy: at the end of this stage (the last)")  //
      ("group", po::value<std::string>(), "scalars: scalars (default) or evaluation");
  const po::variables_map values =
      parse_arguments("export", args, flags, {"WHAT", "FOLDER", "RUN"}, 2);
  const auto what = values["WHAT"].as<std::string>();
  if (what == "policy") return policy(values, out);
  if (what == "scalars") return scalars(values, out);
  const auto near = nearest(what, std::vector<std::string>{"policy", "scalars"});
  throw InputError(fmt::format("export {}: expected policy or scalars{}", what,
                               near ? fmt::format("; did you mean {}?", *near) : ""));
}

}  // namespace

TR_COMMAND(export_command, "export", "export policy|scalars FOLDER [RUN] [--out F]",
           "a run's policy as safetensors, metrics of all runs as CSV", run);

}  // namespace tightrope
