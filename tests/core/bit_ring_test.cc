// SPDX-License-Identifier: Apache-2.0
// The ring of bits against a queue, for rings within one word and of more.
#include "core/detectors/bit_ring.h"

#include <gtest/gtest.h>

#include <deque>

#include "core/random/stream.h"

namespace tightrope {
namespace {

TEST(BitRing, IsAQueueOfItsCapacity) {
  Draws draws = Stream(21, Purpose::kProbe, 0).at(0);
  for (const std::int64_t capacity : {1, 2, 30, 63, 64, 65, 128, 200}) {
    BitRing ring(capacity);
    std::deque<std::int64_t> queue;  // oldest first
    for (int i = 0; i < 1000; ++i) {
      if (i == 400) {
        ring.keep_newest(17);
        while (queue.size() > 17) queue.pop_front();
      }
      const std::int64_t bit = draws.bernoulli(0.4) ? 1 : 0;
      queue.push_back(bit);
      std::int64_t out = 0;
      if (static_cast<std::int64_t>(queue.size()) > capacity) {
        out = queue.front();
        queue.pop_front();
      }
      ASSERT_EQ(ring.push(bit), out) << capacity << " " << i;
      ASSERT_EQ(ring.size(), static_cast<std::int64_t>(queue.size()));
      ASSERT_EQ(ring.full(), ring.size() == capacity);
      const auto age =
          static_cast<std::int64_t>(draws.below(static_cast<std::uint32_t>(queue.size())));
      ASSERT_EQ(ring.newest(age), queue[queue.size() - 1 - static_cast<std::size_t>(age)] == 1);
    }
  }
}

}  // namespace
}  // namespace tightrope
