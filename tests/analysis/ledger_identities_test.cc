// SPDX-License-Identifier: Apache-2.0
// What the ledger must satisfy whatever the laws are, and its vector code against the scalar one.
#include <algorithm>

#include "analysis/measures/beneficial.h"
#include "tests/analysis/ledger_support.h"
#include "tests/analysis/measures_support.h"

namespace tightrope {
namespace {

using namespace ledger_test;

std::span<const double> law(const std::vector<double>& laws, std::size_t i, std::size_t v) {
  return std::span(laws).subspan(i * v, v);
}

// Cells of one segment.
std::size_t width_of(const HandLog& log) { return log.cells() / log.segments; }

// Index of a cell (segment, rest) among the policy's laws at checkpoint c.
std::size_t row(const HandLog& log, std::size_t segment, std::size_t c, std::size_t rest) {
  return (segment * log.checkpoint.size() + c) * width_of(log) + rest;
}

// Calls body(segment, rest) for the cells that exist.
template <class Body>
void each_cell(const HandLog& log, Body body) {
  for (std::size_t cell = 0; cell < log.cells(); ++cell) {
    if (std::isnan(log.oracle[cell * log.token.size()])) continue;
    body(cell / width_of(log), cell % width_of(log));
  }
}

TEST(LedgerIdentities, VectorsSplitLikeTheScalar) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    const HandLog log = random_log(seed);
    const Analysed analysed(log);
    const auto kl = analysed.values("ledger/kl");
    const auto gain = analysed.values("ledger/beneficial");
    const auto loss = analysed.values("ledger/detrimental");
    const std::size_t v = log.token.size();
    each_cell(log, [&](std::size_t s, std::size_t rest) {
      const auto oracle = law(log.oracle, s * width_of(log) + rest, v);
      for (std::size_t i = 0; i < 2; ++i) {
        const DriftSplit split = split_drift(oracle, law(log.policy, row(log, s, i, rest), v),
                                             law(log.policy, row(log, s, i + 1, rest), v));
        const std::size_t at = (s * 2 + i) * width_of(log) + rest;
        EXPECT_NEAR(gain[at], split.beneficial, 1e-13);
        EXPECT_NEAR(loss[at], split.detrimental, 1e-13);
        EXPECT_NEAR(gain[at] - loss[at], kl[row(log, s, i, rest)] - kl[row(log, s, i + 1, rest)],
                    1e-12);
      }
    });
    for (const double residual : analysed.values("ledger/residual")) EXPECT_LT(residual, 1e-12);
  }
}

TEST(LedgerIdentities, MeasuresAreTheRegisteredOnes) {
  const HandLog log = random_log();
  const Analysed analysed(log);
  const std::size_t v = log.token.size();
  const std::pair<const char*, const char*> names[] = {{"kl_forward", "kl"},
                                                       {"kl_reverse", "reverse_kl"},
                                                       {"jensen_shannon", "jensen_shannon"},
                                                       {"total_variation", "total_variation"},
                                                       {"hellinger", "hellinger"},
                                                       {"bhattacharyya", "bhattacharyya"}};
  for (const auto& [ours, registered] : names) {
    const auto measure = measure_test::make_measure(registered);
    const auto values = analysed.values(std::string("measures/") + ours);
    int infinite = 0;
    each_cell(log, [&](std::size_t s, std::size_t rest) {
      const std::size_t at = row(log, s, 1, rest), cell = s * width_of(log) + rest;
      for (std::size_t against = 0; against < 2; ++against) {
        const auto& laws = against == 0 ? log.oracle : log.reference;
        const double expected =
            measure->exact(LawPair::of_logs(law(laws, cell, v), law(log.policy, at, v)));
        const double value = values[2 * at + against];
        if (std::isinf(expected)) {
          EXPECT_EQ(value, expected) << ours;
          ++infinite;
        } else {
          EXPECT_NEAR(value, expected, 1e-12) << ours;
        }
      }
    });
    EXPECT_EQ(infinite > 0, std::string(ours) == "kl_reverse");  // the oracle has empty tokens
  }
}

TEST(LedgerIdentities, ArrivingIsNoLossAndLeavingNoGain) {
  HandLog log = random_log();
  each_cell(log, [&](std::size_t s, std::size_t rest) {  // the middle checkpoint is the oracle
    const auto v = static_cast<std::ptrdiff_t>(log.token.size());
    const auto from = static_cast<std::ptrdiff_t>(s * width_of(log) + rest);
    std::copy_n(log.oracle.begin() + from * v, v,
                log.policy.begin() + static_cast<std::ptrdiff_t>(row(log, s, 1, rest)) * v);
  });
  const Analysed analysed(log);
  const auto gain = analysed.values("ledger/beneficial");
  const auto loss = analysed.values("ledger/detrimental");
  const auto kl = analysed.values("ledger/kl");
  double sum = 0;
  each_cell(log, [&](std::size_t s, std::size_t rest) {
    const std::size_t arrive = s * 2 * width_of(log) + rest, leave = arrive + width_of(log);
    EXPECT_EQ(loss[arrive], 0);
    EXPECT_EQ(gain[leave], 0);
    EXPECT_EQ(kl[row(log, s, 1, rest)], 0);
    sum += gain[arrive] + loss[leave];
  });
  EXPECT_GT(sum, 1);
}

TEST(LedgerIdentities, AddsUpOverTokensPositionsAndClasses) {
  const HandLog log = random_log();
  const Analysed analysed(log);
  for (const std::string kind : {"beneficial", "detrimental"}) {
    const auto prefix = analysed.values("ledger/" + kind);              // [3, 2, 2, 3, 5]
    const auto sums = analysed.values("ledger/" + kind + "_sum");       // [3, 2, 2, 3]
    const auto token = analysed.values("ledger/" + kind + "_token");    // [3, 2, 2, 7]
    const auto classes = analysed.values("ledger/" + kind + "_class");  // [3, 2, 2, 2, 3]
    for (std::size_t row_of = 0; row_of < 12; ++row_of) {
      double all = 0, tokens = 0, by_class = 0;
      for (std::size_t i = 0; i < 15; ++i) {
        const double x = prefix[row_of * 15 + i];
        if (!std::isnan(x)) all += x / 3;
      }
      for (std::size_t y = 0; y < 7; ++y) tokens += token[row_of * 7 + y];
      const std::size_t of_two = row_of % 2;  // the diagnosis of probes 0 and 2 in this environment
      for (std::size_t z = 0; z < 2; ++z) {
        const double share = z == of_two ? 2.0 / 3 : 1.0 / 3;
        by_class += share * classes[(row_of * 2 + z) * 3 + 2];
      }
      EXPECT_NEAR(sums[row_of * 3 + 2], all, 1e-13);
      EXPECT_NEAR(sums[row_of * 3] + sums[row_of * 3 + 1], all, 1e-13);
      EXPECT_NEAR(tokens, all, 1e-13);
      EXPECT_NEAR(by_class, all, 1e-13);
    }
  }
}

TEST(LedgerIdentities, TheNetTelescopesAndItsPartsDoNot) {
  const Analysed analysed(random_log());
  const auto kl = analysed.values("ledger/kl_sum");        // [3, 3, 2, 3]
  const auto net = analysed.values("ledger/net_sum");      // [3, 2, 2, 3]
  const auto stage = analysed.values("ledger/stage_net");  // [3, 2, 3]
  const auto gain = analysed.values("ledger/beneficial_sum");
  const auto stage_gain = analysed.values("ledger/stage_beneficial");
  double gap = 0;
  for (std::size_t s = 0; s < 3; ++s) {
    for (std::size_t i = 0; i < 6; ++i) {  // environment and part
      EXPECT_NEAR(net[s * 12 + i] + net[s * 12 + 6 + i], stage[s * 6 + i], 1e-12);
      EXPECT_NEAR(kl[s * 18 + i] - kl[s * 18 + 12 + i], stage[s * 6 + i], 1e-12);
      gap += gain[s * 12 + i] + gain[s * 12 + 6 + i] - stage_gain[s * 6 + i];
    }
  }
  EXPECT_GT(gap, 0.1);  // a finer cadence shows more of both
}

// All sequences of three tokens out of two, each as often among the probes as the oracle draws it.
TEST(LedgerIdentities, PrefixesDrawnFromTheOracleGiveTheSequenceKl) {
  HandLog log;
  log.token = {"a", "b"};
  log.positions = 3;
  log.probes = 64;
  log.belief_policy.clear();
  log.evaluation["accuracy"].assign(6, 0.5);
  log.make_room();
  const auto oracle = [](const std::vector<int>& prefix) {  // quarters
    const int ones = static_cast<int>(std::count(prefix.begin(), prefix.end(), 1));
    return prefix.empty() ? 0.25 : ones > 0 ? 0.75 : 0.5;
  };
  const auto policy = [](const std::vector<int>& prefix, std::size_t c) {
    double p = 0.1 + 0.2 * static_cast<double>(c);
    for (const int y : prefix) p = 0.5 * p + 0.3 * y + 0.05;
    return p;
  };
  std::vector<std::vector<int>> drawn;
  double sequence_kl[3] = {};
  for (int code = 0; code < 8; ++code) {
    const std::vector<int> y = {code >> 2 & 1, code >> 1 & 1, code & 1};
    double p = 1, q[3] = {1, 1, 1};
    std::vector<int> prefix;
    for (const int token : y) {
      p *= token == 1 ? oracle(prefix) : 1 - oracle(prefix);
      for (std::size_t c = 0; c < 3; ++c) {
        q[c] *= token == 1 ? policy(prefix, c) : 1 - policy(prefix, c);
      }
      prefix.push_back(token);
    }
    for (std::size_t c = 0; c < 3; ++c) sequence_kl[c] += p * std::log(p / q[c]);
    for (int copies = static_cast<int>(std::lround(64 * p)); copies > 0; --copies)
      drawn.push_back(y);
  }
  ASSERT_EQ(drawn.size(), 64U);
  for (std::size_t probe = 0; probe < 128; ++probe) {  // both environments alike
    std::vector<int> prefix;
    for (std::size_t j = 0; j < 3; ++j) {
      const std::size_t cell = probe * 3 + j;
      for (auto* fixed : {&log.oracle, &log.reference}) {
        put_law(*fixed, cell, {1 - oracle(prefix), oracle(prefix)});
      }
      for (std::size_t c = 0; c < 3; ++c) {
        put_law(log.policy, c * 384 + cell, {1 - policy(prefix, c), policy(prefix, c)});
      }
      prefix.push_back(drawn[probe % 64][j]);
    }
  }
  log.belief_policy.clear();
  log.belief_oracle.clear();
  const Analysed analysed(log);
  const auto sums = analysed.values("ledger/kl_sum");  // [1, 3, 2, 3]
  for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(sums[c * 6 + 2], sequence_kl[c], 1e-13);
  EXPECT_GT(analysed.values("ledger/kl_sum_half_width")[2], 0);
}

}  // namespace
}  // namespace tightrope
