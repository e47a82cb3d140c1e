// SPDX-License-Identifier: Apache-2.0
// Streams that move, tested before they are trained on.
#include "experiments/prequential.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/experiments/tiny_lane.h"

namespace tightrope {
namespace {

const std::atomic<bool> kGoOn{false};

Trained stream_lane(const std::string& drift, const std::string& data) {
  return tiny_lane(0, {"drift=" + drift, "sft.data=" + data, "sft.steps=400", "sft.batch=64",
                       "sft.stepper={type: adam, lr: 0.03}"});
}

double mean_of(const Lane& lane, const char* name, std::size_t begin, std::size_t end) {
  double sum = 0;
  for (std::size_t step = begin; step < end; ++step) sum += scalar_of(lane, name, step);
  return sum / static_cast<double>(end - begin);
}

// The law of the findings turns at step 200: regret falls, jumps there, and falls again; on the
// stream that does not move it does not jump.
TEST(Prequential, RegretJumpsWhereTheStreamTurns) {
  const std::string data = "{kind: stream, environment: now, prequential: true}";
  const Trained moving =
      stream_lane("[{type: sudden, factor: mechanism, at: 200, to: permuted}]", data);
  const Trained still = stream_lane("[]", data);
  for (const Trained* t : {&moving, &still}) {
    t->lane->advance(400, kGoOn);
    ASSERT_LT(t->lane->frozen().step, 0);
    EXPECT_GT(mean_of(*t->lane, "prequential/regret", 0, 5),
              3 * mean_of(*t->lane, "prequential/regret", 180, 200));
    EXPECT_GT(mean_of(*t->lane, "prequential/accuracy", 150, 200),
              mean_of(*t->lane, "prequential/accuracy", 0, 5));
  }
  const double before = mean_of(*moving.lane, "prequential/regret", 180, 200);
  EXPECT_GT(mean_of(*moving.lane, "prequential/regret", 200, 205), 2 * before);
  EXPECT_LT(mean_of(*moving.lane, "prequential/regret", 380, 400),
            mean_of(*moving.lane, "prequential/regret", 200, 205));
  EXPECT_LT(mean_of(*still.lane, "prequential/regret", 200, 205), 2 * before);
}

// The regret is the exact excess: averaged over many cases, log loss less the oracle's.
TEST(Prequential, RegretIsTheExpectedExcessOfTheLogLoss) {
  const Trained t = stream_lane("[]", "{kind: stream, environment: source}");
  t.lane->advance(50, kGoOn);
  const CaseLaws laws{{t.context->environment("source")}, {}};
  const Cases cases = draw_cases(laws, Stream(3, Purpose::kData, 9), 0, 20000);
  MetricSums sums =
      prequential(t.lane->policy(), t.lane->parameters(), cases, laws, t.lane->workspace());
  double oracle_loss = 0, squares = 0;
  std::vector<double> belief(t.context->world().vocabulary().diseases());
  for (int n = 0; n < cases.size(); ++n) {
    laws.of(n).belief_of_image(cases.image_of(n), belief);
    const double loss = -std::log(belief[cases.disease[n]]);
    oracle_loss += loss / cases.size();
    squares += loss * loss / cases.size();
  }
  EXPECT_GT(sums["prequential/regret"].mean(), 0);
  EXPECT_NEAR(sums["prequential/log_loss"].mean() - oracle_loss, sums["prequential/regret"].mean(),
              5 * std::sqrt(squares / cases.size()));
}

TEST(Prequential, NeedsAStreamOfCases) {
  EXPECT_THROW(
      stream_lane("[]", "{kind: fixed, cases: 64, environment: source, prequential: true}"),
      InputError);
  EXPECT_THROW(start(bandit({"rl.data={kind: stream, environment: source, prequential: true}"}), 0),
               InputError);
}

}  // namespace
}  // namespace tightrope
