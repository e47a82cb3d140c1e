// SPDX-License-Identifier: Apache-2.0
// A run folder made by hand: four runs over an SFT pack and packs that differ in length, metrics
// and environments; every number says where it came from.
//
//   run 0 one  seed 0   pack_0000 lane 0 -> pack_0001 lane 0
//   run 1 one  seed 1   pack_0000 lane 1 -> pack_0001 lane 1, frozen at step 1
//   run 2 two  seed 0   pack_0000 lane 0 -> pack_0002 lane 0
//   run 3 two  seed 1   pack_0000 lane 1 -> pack_0003 lane 0, which is not there
#pragma once

#include <filesystem>
#include <fstream>

#include "core/log/checkpoint.h"
#include "tests/core/log_support.h"

namespace tightrope::analysis_test {

using log_test::TemporaryFolder;
using log_test::variable;

struct PackPlan {
  std::string name, stage;
  int number = 0;
  std::vector<std::string> ids, parents, environments, tokens = {"<think>", "a", "b"};
  std::vector<std::int64_t> seeds, checkpoints, stream_times = {0, 5};
  int steps = 3;
  std::string metric;  // a second scalar, if any
  int positions = 2, top = 2, events = 1;
  std::int64_t frozen_step = -1;  // of the last lane
};

inline PackPlan sft_pack() {
  return {"pack_0000",
          "sft",
          0,
          {"s0", "s1"},
          {"", ""},
          {"source", "target"},
          {"<think>", "a", "b"},
          {0, 1},
          {0, 3},
          {0, 5},
          3,
          "",
          2,
          2,
          1,
          -1};
}
inline PackPlan one_pack() {
  return {"pack_0001",
          "rft",
          1,
          {"one0", "one1"},
          {"s0", "s1"},
          {"source", "target"},
          {"<think>", "a", "b"},
          {0, 1},
          {0, 2},
          {0, 5},
          2,
          "margin",
          2,
          2,
          1,
          1};
}
inline PackPlan two_pack() {
  return {"pack_0002",
          "rft",
          2,
          {"two0"},
          {"s0"},
          {"target", "middle", "source"},
          {"<think>", "a", "b"},
          {0},
          {0, 3, 5},
          {0, 5, 9},
          5,
          "",
          3,
          1,
          2,
          -1};
}

inline double scalar_at(const PackPlan& p, std::size_t lane, int step) {
  return p.number * 1000 + static_cast<double>(lane) * 100 + step;
}
inline int environment_number(const std::string& name) {
  return name == "source" ? 1 : name == "target" ? 2 : 3;
}
inline double accuracy_at(const PackPlan& p, std::size_t lane, std::int64_t checkpoint,
                          const std::string& environment) {
  return p.number * 1000 + static_cast<double>(lane) * 100 + static_cast<double>(checkpoint) +
         environment_number(environment) / 8.0;
}
inline std::int32_t token_at(const PackPlan& p, std::size_t lane, std::int64_t checkpoint,
                             const std::string& environment, int position, int k) {
  return static_cast<std::int32_t>(p.number * 100000 + static_cast<int>(lane) * 10000 +
                                   static_cast<int>(checkpoint) * 1000 +
                                   environment_number(environment) * 100 + position * 10 + k);
}

inline LogSchema pack_schema(const PackPlan& p) {
  const LogDimension segment = fixed_dimension("segment", p.ids.size());
  const LogDimension environment =
      labelled_dimension("environment", p.environments, "1", "named environment");
  const auto rows = [](const char* name, std::uint64_t block = 1) {
    return appended_dimension(name, block, "1", std::string("steps of ") + name);
  };
  LogSchema schema;
  schema.attributes = {{"experiment", "invented"}, {"revision", "abc"}};
  std::vector<LogVariable> meta;
  for (const char* name : {"id", "parent", "row", "stage", "config"}) {
    meta.push_back(variable(name, {"segment"}, LogType::kString));
  }
  meta.push_back(variable("seed", {"segment"}, LogType::kI64));
  schema.groups.push_back(
      {"meta", "m", {segment, labelled_dimension("token", p.tokens, "1", "token")}, meta});
  std::vector<LogVariable> scalars = {variable("loss", {"segment", "step"}, LogType::kF64),
                                      variable("wall_seconds", {"step"}, LogType::kF64)};
  if (!p.metric.empty()) {
    scalars.push_back(variable(p.metric, {"segment", "step"}, LogType::kF64));
  }
  schema.groups.push_back({"scalars", "s", {segment, rows("step", 4096)}, scalars});
  schema.groups.push_back(
      {"evaluation",
       "e",
       {segment, rows("checkpoint"), environment,
        labelled_dimension("subset", std::vector<std::string>{"all"}, "1", "subset")},
       {variable("accuracy", {"segment", "checkpoint", "environment", "subset"}, LogType::kF64)}});
  schema.groups.push_back(
      {"drift",
       "d",
       {segment, labelled_dimension("stream_time", p.stream_times, "1", "stream time"),
        fixed_dimension("event", static_cast<std::uint64_t>(p.events))},
       {variable("kl", {"segment", "stream_time"}, LogType::kF64),
        variable("event_factor", {"segment", "event"}, LogType::kString)}});
  schema.groups.push_back(
      {"tokens",
       "t",
       {segment, rows("checkpoint"), environment,
        fixed_dimension("position", static_cast<std::uint64_t>(p.positions)),
        fixed_dimension("k", static_cast<std::uint64_t>(p.top))},
       {variable("token", {"segment", "checkpoint", "environment", "position", "k"}, LogType::kI32),
        variable("valid", {"segment", "environment", "position"}, LogType::kU8)}});
  return schema;
}

inline void write_pack(const std::string& folder, const PackPlan& p) {
  LogWriter log = LogWriter::create(folder + "/packs/" + p.name + ".h5", pack_schema(p));
  const std::size_t lanes = p.ids.size();
  std::vector<std::string> configs, factors;
  std::vector<double> kl;
  for (std::size_t l = 0; l < lanes; ++l) {
    configs.push_back("{\"policy\": {\"type\": \"log_linear\"}, \"of\": \"" + p.ids[l] + "\"}");
    for (int e = 0; e < p.events; ++e) factors.push_back(p.ids[l] + "/" + std::to_string(e));
    for (const std::int64_t t : p.stream_times) kl.push_back(scalar_at(p, l, static_cast<int>(t)));
  }
  log.write("meta/id", p.ids);
  log.write("meta/parent", p.parents);
  log.write("meta/row", std::vector<std::string>(lanes, "row"));
  log.write("meta/stage", std::vector<std::string>(lanes, p.stage));
  log.write("meta/config", configs);
  log.write("meta/seed", p.seeds);
  log.write("drift/kl", kl);
  log.write("drift/event_factor", factors);
  log.write("tokens/valid",
            std::vector<std::uint8_t>(lanes * p.environments.size() * p.positions, 1));
  log.start();
  for (int t = 0; t < p.steps; ++t) {
    std::vector<double> loss, metric;
    for (std::size_t l = 0; l < lanes; ++l) {
      loss.push_back(scalar_at(p, l, t));
      metric.push_back(-scalar_at(p, l, t));
    }
    log.put<double>(log.column("scalars/loss"), loss);
    log.put<double>(log.column("scalars/wall_seconds"), std::vector<double>{0.5});
    if (!p.metric.empty()) log.put<double>(log.column("scalars/" + p.metric), metric);
    log.end_row(log.axis("scalars/step"), t);
  }
  for (const std::int64_t c : p.checkpoints) {
    std::vector<double> accuracy;
    std::vector<std::int32_t> tokens;
    for (std::size_t l = 0; l < lanes; ++l) {
      for (const std::string& e : p.environments) {
        accuracy.push_back(accuracy_at(p, l, c, e));
        for (int j = 0; j < p.positions; ++j) {
          for (int k = 0; k < p.top; ++k) tokens.push_back(token_at(p, l, c, e, j, k));
        }
      }
    }
    log.put<double>(log.column("evaluation/accuracy"), accuracy);
    log.end_row(log.axis("evaluation/checkpoint"), c);
    log.put<std::int32_t>(log.column("tokens/token"), tokens);
    log.end_row(log.axis("tokens/checkpoint"), c);
  }
  std::vector<std::string> status(lanes, "done"), cause(lanes);
  std::vector<std::int64_t> step(lanes, -1);
  if (p.frozen_step >= 0) {
    status.back() = "diverged";
    cause.back() = "the loss is not finite";
    step.back() = p.frozen_step;
  }
  log.finish({{"status", std::string("done")},
              {"segment_status", status},
              {"frozen_step", step},
              {"frozen_cause", cause}});
}

inline std::string segment_line(const std::string& id, const std::string& parent, int stage,
                                const std::string& pack, int lane) {
  return R"({"kind":"segment","id":")" + id + R"(","parent":")" + parent + R"(","stage":)" +
         std::to_string(stage) + R"(,"seed":0,"point":0,"pack":")" + pack + R"(","lane":)" +
         std::to_string(lane) + "}\n";
}

inline std::string run_line(const std::string& id, const std::string& row, int seed,
                            const std::string& values, const std::string& pack, int lane) {
  return R"({"kind":"run","id":")" + id + R"(","row":")" + row + R"(","arm":")" + row +
         R"(","seed_set":"confirm","seed":)" + std::to_string(seed) +
         R"(,"parameters":"","values":)" + values + R"(,"pack":")" + pack + R"(","lane":)" +
         std::to_string(lane) + "}\n";
}

// The manifest alone, or with the packs that are there.
inline void write_manifest(const std::string& folder) {
  std::filesystem::create_directories(folder + "/packs");
  std::ofstream out(folder + "/manifest.jsonl");
  out << R"({"kind":"experiment","name":"invented","hash":"00000000000004d2","rows":["one","two"],)"
      << R"("environments":["source","target"],"tables":[],"claims":[]})"
      << "\n";
  out << segment_line("s0", "", 0, "pack_0000", 0) << segment_line("s1", "", 0, "pack_0000", 1)
      << segment_line("one0", "s0", 1, "pack_0001", 0)
      << segment_line("one1", "s1", 1, "pack_0001", 1)
      << segment_line("two0", "s0", 1, "pack_0002", 0)
      << segment_line("two1", "s1", 1, "pack_0003", 0);
  const std::string one = R"({"rft.beta":0.5,"seed":1,"rft.optimizer":{"type":"dpo"},"x.y":3})";
  const std::string two = R"({"seed":2,"rft.optimizer":"sft","x.y":4,"note":"a, \"b\""})";
  out << run_line("one0", "one", 0, one, "pack_0001", 0)
      << run_line("one1", "one", 1, one, "pack_0001", 1)
      << run_line("two0", "two", 0, two, "pack_0002", 0)
      << run_line("two1", "two", 1, two, "pack_0003", 0);
}

inline void write_run_folder(const std::string& folder) {
  write_manifest(folder);
  for (const PackPlan& pack : {sft_pack(), one_pack(), two_pack()}) write_pack(folder, pack);
}

// The policies of a pack: of lane l, parameter i is number + l / 4 + i / 64.
inline void write_policies(const std::string& folder, const PackPlan& p,
                           const std::vector<std::string>& layout, int parameters,
                           std::uint64_t hash = 0x4d2) {
  Checkpoint out(hash);
  for (std::size_t l = 0; l < p.ids.size(); ++l) {
    std::vector<float> values;
    for (int i = 0; i < parameters; ++i) {
      values.push_back(static_cast<float>(p.number) + static_cast<float>(l) / 4.0F +
                       static_cast<float>(i) / 64.0F);
    }
    out.set(p.ids[l], values);
  }
  if (!layout.empty()) out.set("layout", layout);
  save_checkpoint(folder + "/packs/" + p.name + ".h5.policies", out);
}

}  // namespace tightrope::analysis_test
