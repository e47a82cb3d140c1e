// SPDX-License-Identifier: Apache-2.0
// The reader: works on log files alone, without the engine.
#include "core/commands/program.h"

int main(int count, char** values) {
  return tightrope::guarded([&] {
    return tightrope::dispatch({"tightrope-reader", "reads the logs of tightrope"},
                               {values + 1, values + count});
  });
}
