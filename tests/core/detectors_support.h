// SPDX-License-Identifier: Apache-2.0
// Builds detectors from their YAML and runs them over streams.
#pragma once

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/config/yaml.h"
#include "core/detectors/detector.h"

namespace tightrope::detector_test {

inline nlohmann::json golden() {
  std::ifstream file(std::string(TIGHTROPE_SOURCE_DIR) + "/tests/golden/detectors.json");
  return nlohmann::json::parse(file);
}

// Throws ConfigError when the YAML is refused.
inline std::unique_ptr<Detector> make_detector(const std::string& yaml) {
  Problems problems;
  const auto model =
      Registry<DetectorModel>::get().build(parse_yaml(yaml, "test"), "detector", problems);
  problems.throw_if_any();
  return model->make();
}

// What the refusal of a detector's YAML says; empty when it is accepted.
inline std::string refusal(const std::string& yaml) {
  try {
    make_detector(yaml);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

// Positions at which drift is said.
inline std::vector<int> drifts(Detector& detector, const std::vector<double>& stream) {
  std::vector<int> at;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    if (detector.update(stream[i]).verdict == AlarmLevel::kDrift) at.push_back(static_cast<int>(i));
  }
  return at;
}

struct Alarms {
  std::vector<int> drifts;
  std::vector<int> directions;      // of the drifts
  std::vector<int> first_warnings;  // the first one, and the first one after each drift
};

inline Alarms listen(Detector& detector, const std::vector<double>& stream) {
  Alarms alarms;
  bool warned = false;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    const DetectorState state = detector.update(stream[i]);
    const int at = static_cast<int>(i);
    if (state.verdict == AlarmLevel::kWarning && !warned) alarms.first_warnings.push_back(at);
    warned =
        state.verdict == AlarmLevel::kWarning || (warned && state.verdict == AlarmLevel::kNone);
    if (state.verdict != AlarmLevel::kDrift) continue;
    alarms.drifts.push_back(at);
    alarms.directions.push_back(state.direction);
  }
  return alarms;
}

}  // namespace tightrope::detector_test
