// SPDX-License-Identifier: Apache-2.0
// Reading what an enemy or a bad disk made of a log: in a child with limits, so that a crash, a
// hang or a flood of memory is a failed test with the mutation's name.
#pragma once

#include <sys/resource.h>

#include <array>
#include <csignal>
#include <fstream>

#include "core/tables/run_folder.h"
#include "tests/core/log_support.h"

namespace tightrope::log_test {

inline constexpr unsigned kSeconds = 2;
inline constexpr rlim_t kBytes = rlim_t{512} << 20;

inline LogSchema hostile_schema() {
  LogVariable valid = variable("valid", {"segment", "step"}, LogType::kU8);
  valid.compress = true;
  const LogDimension segment = fixed_dimension("segment", 3);
  const LogDimension environment = labelled_dimension(
      "environment", std::vector<std::string>{"source", "target"}, "1", "named environment");
  const LogDimension subset = labelled_dimension(
      "subset", std::vector<std::string>{"all", "entangled"}, "1", "which cases");
  LogSchema schema;
  schema.attributes = {{"experiment", "hostile"}, {"status", "running"}, {"threads", 2L}};
  schema.groups = {
      {"meta",
       "what was run",
       {segment},
       {variable("seed", {"segment"}, LogType::kI64),
        variable("row", {"segment"}, LogType::kString), variable("config", {}, LogType::kString),
        variable("temperature", {}, LogType::kF64)}},
      {"scalars",
       "training metrics",
       {segment, appended_dimension("step", 8, "steps", "optimizer step")},
       {variable("loss", {"segment", "step"}, LogType::kF64), valid}},
      {"evaluation",
       "evaluation at checkpoints",
       {segment, appended_dimension("checkpoint", 2, "steps", "step of the evaluation"),
        environment, subset},
       {variable("accuracy", {"segment", "checkpoint", "environment", "subset"}, LogType::kF64)}}};
  return schema;
}

// A finished run folder of three runs with one table and one claim. The log's values are
// 1000.5 + i in the order of writing, so that a test finds their bytes in the file.
class RunFolder {
 public:
  RunFolder() {
    std::filesystem::create_directory(folder_ / "packs");
    LogWriter log = LogWriter::create(pack(), hostile_schema());
    log.write<std::int64_t>("meta/seed", {7, 8, 9});
    log.write<std::string>("meta/row", {"a", "a", "a"});
    log.write<std::string>("meta/config", {std::string(9000, 'y')});
    log.write<double>("meta/temperature", {0.25});
    log.start();
    for (int step = 0; step < 36; ++step) {
      log.put(log.column("scalars/loss"), numbers(3));
      log.put(log.column("scalars/valid"), std::vector<std::uint8_t>{1, 0, 1});
      log.end_row(log.axis("scalars/step"), step);
      if (step % 9 != 0) continue;
      log.put(log.column("evaluation/accuracy"), numbers(3 * 4));
      log.end_row(log.axis("evaluation/checkpoint"), step);
    }
    std::filesystem::copy_file(pack() + ".partial", folder_ / "partial");
    log.finish({{"status", "finished"}});
    std::ofstream manifest(folder_ / "manifest.jsonl");
    manifest << R"j({"kind": "experiment", "name": "hostile", "hash": "00", "rows": ["a"], )j"
             << R"j("environments": ["source", "target"], "tables": [{"name": "t", "rows": [], )j"
             << R"j("columns": ["accuracy(target)"], "published": null}], "claims": [)j"
             << R"j({"name": "c", "says": "a > 0", "on": "accuracy(target)"}], "runs": 3})j"
             << "\n";
    for (int i = 0; i < 3; ++i) {
      manifest << R"j({"kind": "run", "id": "00", "row": "a", "seed_set": "confirm", )j"
               << R"j("parameters": "", "seed": )j" << i << R"j(, "pack": "pack_0000", "lane": )j"
               << i << "}\n";
    }
  }
  std::string path() const { return folder_.path(); }
  std::string pack() const { return folder_ / "packs/pack_0000.h5"; }
  std::string partial() const { return folder_ / "partial"; }  // as it was before it was finished

 private:
  std::vector<double> numbers(std::size_t count) {
    std::vector<double> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(1000.5 + next_++);
    return out;
  }
  TemporaryFolder folder_;
  int next_ = 0;
};

// Everything a reader would look at, as one text.
inline std::string content_of(const std::string& path) {
  const LogReader log = LogReader::open(path);
  std::string all;
  const auto add = [&](const std::vector<LogAttribute>& attributes) {
    for (const LogAttribute& attribute : attributes) {
      all += "@" + attribute.name + "=";
      if (const auto* text = std::get_if<std::string>(&attribute.value)) all += *text;
      if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) {
        all += std::to_string(*number);
      }
      if (const auto* number = std::get_if<double>(&attribute.value))
        all += std::to_string(*number);
    }
  };
  add(log.attributes());
  for (const std::string& group : log.groups()) {
    for (const LogVariableInfo& info : log.variables(group)) {
      all += info.name + log_type_name(info.type);
      for (const std::string& dim : info.dims) all += "," + dim;
      for (std::uint64_t extent : info.shape) all += "," + std::to_string(extent);
      add(log.attributes(info.name));
      if (info.type == LogType::kString) {
        for (const std::string& text : log.read_strings(info.name).values) all += text + ";";
        continue;
      }
      const auto values = log.read<double>(info.name).values;
      all.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
    }
  }
  return all;
}

// What `tightrope table` prints of a run folder.
inline std::string tables_of(const std::string& folder) {
  const Manifest manifest = read_manifest(folder);
  return summarise(manifest, read_results(folder, manifest)).markdown();
}

enum Outcome { kRefused, kSame, kDifferent, kNamelessError, kOtherError, kCrashed, kHung };

inline const char* outcome_text(Outcome outcome) {
  constexpr std::array<const char*, 7> kTexts = {"refused",
                                                 "read correctly",
                                                 "read with other content, in silence",
                                                 "refused without the path in the message",
                                                 "another exception than IoError and InputError",
                                                 "crashed",
                                                 "hung"};
  return kTexts.at(outcome);
}

inline Outcome judge_here(const std::function<std::string()>& read, const std::string& expected,
                          const std::string& path) {
  try {
    return read() == expected ? kSame : kDifferent;
  } catch (const IoError& error) {
    return std::string(error.what()).find(path) != std::string::npos ? kRefused : kNamelessError;
  } catch (const InputError& error) {
    return std::string(error.what()).find(path) != std::string::npos ? kRefused : kNamelessError;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return kOtherError;
  }
}

// For a child: kSeconds, and kBytes more than now.
inline void limit_child() {
  ::alarm(kSeconds);
#ifndef __SANITIZE_ADDRESS__
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t limit = pages * static_cast<std::size_t>(::getpagesize()) + kBytes;
  const rlimit limits{limit, limit};
  ::setrlimit(RLIMIT_AS, &limits);
#endif
}

// What `read` does within these limits.
inline Outcome outcome_of(const std::function<std::string()>& read, const std::string& expected,
                          const std::string& path) {
  const int status = in_child([&] {
    limit_child();
    return static_cast<int>(judge_here(read, expected, path));
  });
  if (WIFEXITED(status)) return static_cast<Outcome>(WEXITSTATUS(status));
  return WTERMSIG(status) == SIGALRM ? kHung : kCrashed;
}

}  // namespace tightrope::log_test
