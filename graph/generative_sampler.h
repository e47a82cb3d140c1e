// SPDX-License-Identifier: Apache-2.0
// Draws cases of the generative law. Every case uses the same number of draws in the same order
// (site, disease, attributes, polarities, noise, slots), whatever the numbers of the law: the same
// stream in two environments is the same exogenous noise.
#pragma once

#include <cstdint>
#include <vector>

#include "core/api/cases.h"
#include "core/random/stream.h"
#include "graph/generative_law.h"

namespace tightrope {

class GenerativeSampler {
 public:
  explicit GenerativeSampler(const GenerativeLaw& law);  // keeps a reference

  // Fills row n of `out`, which is already of the law's size.
  void draw(Draws draws, int n, Cases& out) const;

  // A fresh slot of attribute k at site u, when it is present or not and its channel shows v (read
  // with report_from: image alone). One draw.
  Slot draw_slot(int u, int k, bool present, double v, Draws& draws) const;

 private:
  // Cumulative probabilities of the reported slots as limits of a 32-bit draw.
  struct SlotLimit {
    std::uint64_t first = 0;     // synonym 0 below this
    std::uint64_t reported = 0;  // synonym 1 below this
  };

  void draw_image(Draws& draws, int n, Cases& out) const;

  const GenerativeLaw& law_;
  std::vector<std::uint64_t> site_limit_;      // [U] cumulative
  std::vector<std::uint64_t> disease_limit_;   // [U, Z] cumulative
  std::vector<std::uint64_t> theta_limit_;     // [U, Z, K]
  std::vector<std::uint64_t> positive_limit_;  // [C]
  std::vector<std::uint64_t> absent_limit_;    // [K]
  std::vector<SlotLimit> slot_limit_;          // [U, K]
};

}  // namespace tightrope
