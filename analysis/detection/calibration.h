// SPDX-License-Identifier: Apache-2.0
// Finds the value of an option with which a detector has a wanted run length to a false alarm.
#pragma once

#include <string>

#include "analysis/detection/run_lengths.h"
#include "core/config/node.h"
#include "core/stats/run_length.h"

namespace tightrope {

struct CalibrationSetup {
  Node detector;            // {type: NAME, other options}
  std::string option;       // the one that is sought; the run length must be monotone in it
  double run_length = 500;  // wanted, in samples
  bool median = false;      // of the median, else of the mean (ARL0)
  RunLengthSetup runs;
};

struct Calibration {
  double value = 0;  // of the option
  Estimate mean;     // run lengths with it
  Estimate quantiles[3];
  double below_value = 0, below_length = 0;  // the last value with shorter runs than wanted
  int censored = 0;                          // runs cut off at the cap
  int evaluations = 0;                       // values that were simulated
};
inline constexpr double kCalibrationQuantiles[] = {0.1, 0.5, 0.9};

// A bracket is widened from the option's own value (given or default), then halved on common random
// numbers until its ends are one whole number or 1e-4 of the scale apart, or one has the wanted run
// length to half a percent. Of the last two values that with the longer runs is returned: the
// wanted length is a lower bound up to the error of simulation. Throws InputError when the option
// is none, is no number or has no influence, and when the wanted run length lies outside of what it
// reaches.
Calibration calibrate_option(const CalibrationSetup& setup);

}  // namespace tightrope
