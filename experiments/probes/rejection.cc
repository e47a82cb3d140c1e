// SPDX-License-Identifier: Apache-2.0
#include "experiments/probes/rejection.h"

#include "core/base/check.h"
#include "experiments/training_set.h"

namespace tightrope {

void draw_until(const Environment& environment, const Stream& stream, int count, Cases& out,
                const std::function<bool(const Cases& one, int r)>& wanted,
                const std::function<std::string(int r)>& what) {
  constexpr std::uint32_t kMost = 20000;
  environment.sample(stream, 0, 0, count, out);
  Cases one;
  for (int r = 0; r < count; ++r) {
    std::uint32_t attempt = 0;
    do {
      TR_REQUIRE(attempt < kMost, "no {} in {} cases of the environment", what(r), kMost);
      environment.sample(stream, attempt++, static_cast<std::uint32_t>(r), 1, one);
    } while (!wanted(one, r));
    copy_case(one, 0, out, r);
  }
}

}  // namespace tightrope
