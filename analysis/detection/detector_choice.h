// SPDX-License-Identifier: Apache-2.0
// A detector named on the command line, with its options, and its state in a file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/config/node.h"
#include "core/detectors/detector.h"

namespace tightrope {

// {type: NAME, option: value, ...} of NAME and `--set option=value` texts; of an option given twice
// the last counts. Throws ConfigError or InputError naming the --set.
Node detector_node(const std::string& name, const std::vector<std::string>& sets);

// `sets` without "dialect=river" where the detector knows no dialect of that name: users pass what
// is the default elsewhere. `note` then says so in one line, and is empty else.
std::vector<std::string> without_river(const std::string& name, std::vector<std::string> sets,
                                       std::string& note);

// Throws ConfigError for an unknown detector or option and a value out of range, with what is
// allowed and the nearest name.
std::shared_ptr<const DetectorModel> detector_model(const Node& node);

// All options with their values on one line of JSON, `type` first.
std::string detector_text(const Node& node);

// "adwin, ddm, ...": what is registered.
std::string detector_names();

// The options of a detector with defaults, ranges and meaning, a line each. Throws ConfigError for
// an unknown one.
std::string detector_help(const std::string& name);

// Writes the state of a detector with its options as JSON. Throws IoError when it cannot.
void save_detector(const std::string& path, const Node& node, const Detector& detector);

// Reads it back. Throws InputError when the file is none, or one of other options.
void load_detector(const std::string& path, const Node& node, Detector& detector);

}  // namespace tightrope
