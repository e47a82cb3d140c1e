// SPDX-License-Identifier: Apache-2.0
// A pack's log written by hand: what the analysis reads of one, with laws of the test's choice.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tightrope {

struct HandLog {
  std::vector<std::string> token = {"<think>", "a", "b", "</think>"};
  std::vector<std::string> disease = {"a", "b"};
  std::vector<std::string> environment = {"source", "target"};
  std::vector<std::int64_t> environment_time = {0, 10};  // horizon: 10 steps, one stage "sft"
  std::vector<std::int64_t> checkpoint = {0, 5, 10};
  std::vector<std::string> subset = {"all", "a"};
  std::size_t segments = 1, probes = 1, positions = 3;

  // Log-probabilities; NaN where a position does not exist.
  std::vector<double> policy;             // [segment, checkpoint, environment, probe, position, V]
  std::vector<double> reference, oracle;  // [segment, environment, probe, position, V]
  std::vector<std::int32_t> target;       // [segment, environment, probe, position]; empty: none
  std::vector<float> belief_policy;       // [segment, checkpoint, environment, probe, position, Z]
  std::vector<float> belief_oracle;       // [segment, environment, probe, position, Z]
  std::map<std::string, std::vector<double>> evaluation;  // [segment, checkpoint, environment]
  std::vector<std::uint8_t>
      evaluated;  // by checkpoint: 0 where the evaluation is left out; empty: none
  std::map<std::string, std::vector<double>> scalars;  // [segment, steps], steps from 0
  bool whole_laws = true;                              // with /tokens_full

  // The stages of the configuration and their data; the log is that of `stage`.
  struct StageLine {
    std::string name = "sft";
    std::int64_t steps = -1;  // -1: the last checkpoint
    std::string data = R"({"kind": "fixed", "environment": "source"})";
  };
  std::vector<StageLine> stages = {{}};
  std::string stage = "sft";

  // Of /drift: [segment, event] event_time, event_process, event_factor, event_kind; empty: none.
  struct Event {
    std::int64_t time = -1;
    std::string process = "sudden", factor = "prior", kind = "switch";
  };
  std::vector<Event> events;

  // Of /drift: [segment, environment, mechanism] 1 where the mechanism has moved; empty: none.
  std::vector<std::string> mechanism;
  std::vector<std::uint8_t> environment_mechanism;
  std::vector<double> environment_hellinger;  // the same axes: how far it has moved
  std::vector<std::int64_t> stream_time;
  std::vector<double> budget;  // [segment, stream_time, mechanism], both budgets

  // Number of cells (segment, environment, probe, position).
  std::size_t cells() const { return segments * environment.size() * probes * positions; }
  // Fills laws and beliefs with NaN of the right sizes.
  void make_room();
  // Writes PATH, and closes it unless it shall stay PATH.partial.
  void write(const std::string& path, bool finish = true) const;
};

}  // namespace tightrope
