// SPDX-License-Identifier: Apache-2.0
// The engine: everything that runs experiments.
#include <iostream>

#include "core/commands/program.h"
#include "experiments/interrupt.h"

int main(int count, char** values) {
  return tightrope::guarded([&] {
    try {
      return tightrope::dispatch(
          {"tightrope", "a laboratory for non-stationary reinforcement fine-tuning"},
          {values + 1, values + count});
    } catch (const tightrope::Interrupted&) {
      std::cerr << "stopped early; the same command with --resume continues\n";
      return 75;
    }
  });
}
