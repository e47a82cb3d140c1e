// SPDX-License-Identifier: Apache-2.0
// The parts beside the ledger: the environment's own term, effects, Shapley values, regret, drift
// along the thinking.
#include "tests/analysis/ledger_support.h"

namespace tightrope {
namespace {

using namespace ledger_test;

const double kLn2 = std::log(2.0);

double entropy(double p) { return -p * std::log(p) - (1 - p) * std::log(1 - p); }
double cross_entropy(double p, double q) { return -p * std::log(q) - (1 - p) * std::log(1 - q); }

// Two probes of two positions; the first position of each is a coin, the second certain.
HandLog coins(const std::vector<double>& source, const std::vector<double>& target, double policy) {
  HandLog log;
  log.token = {"a", "b"};
  log.probes = 2;
  log.positions = 2;
  log.evaluation["accuracy"].assign(6, 0.5);
  log.make_room();
  log.belief_policy.clear();
  log.belief_oracle.clear();
  for (std::size_t probe = 0; probe < 4; ++probe) {
    const double p = probe < 2 ? source[probe] : target[probe - 2];
    for (auto* fixed : {&log.oracle, &log.reference}) {
      put_law(*fixed, 2 * probe, {p, 1 - p});
      put_law(*fixed, 2 * probe + 1, {0, 1});
    }
    for (std::size_t c = 0; c < 3; ++c) {
      put_law(log.policy, c * 8 + 2 * probe, {policy, 1 - policy});
      put_law(log.policy, c * 8 + 2 * probe + 1, {0, 1});
    }
  }
  return log;
}

TEST(LedgerTerms, EnvironmentAgainstItsClosedForm) {
  const Analysed analysed(coins({0.2, 0.4}, {0.7, 0.5}, 0.25));
  const double kl =
      (cross_entropy(0.7, 0.25) - entropy(0.7) + cross_entropy(0.5, 0.25) - kLn2) / 2 -
      (cross_entropy(0.2, 0.25) - entropy(0.2) + cross_entropy(0.4, 0.25) - entropy(0.4)) / 2;
  const double noise = (entropy(0.7) + kLn2 - entropy(0.2) - entropy(0.4)) / 2;
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(analysed.values("ledger/environment_term")[c], kl, 1e-14);
    EXPECT_NEAR(analysed.values("ledger/environment_entropy_term")[c], noise, 1e-14);
    EXPECT_NEAR(analysed.values("ledger/environment_cross_entropy_term")[c], kl + noise, 1e-14);
  }
  EXPECT_EQ(analysed.open().read_strings("ledger/transition").values,
            (std::vector<std::string>{"source>target"}));
}

TEST(LedgerTerms, EnvironmentIntervalIsWelchs) {
  const Analysed analysed(coins({0.2, 0.4}, {0.7, 0.5}, 0.25));
  // 1.43217 degrees of freedom; the t quantile 6.43242 is where the midpoint rule over the density
  // reaches 0.975.
  EXPECT_NEAR(analysed.values("ledger/environment_entropy_term_half_width")[0], 0.614998, 1e-5);
}

TEST(LedgerTerms, EnvironmentsFollowTheirTimes) {
  HandLog log = coins({0.2, 0.4}, {0.7, 0.5}, 0.25);
  log.environment = {"late", "early"};
  log.environment_time = {10, 0};
  const Analysed analysed(log);
  EXPECT_EQ(analysed.open().read_strings("ledger/transition").values,
            (std::vector<std::string>{"early>late"}));
}

TEST(LedgerTerms, EffectsOfBothOrders) {
  HandLog log = coins({0.2, 0.4}, {0.7, 0.5}, 0.25);
  log.evaluation["accuracy"] = {0.5, 0.3, 0.6, 0.5, 0.9, 0.7};  // [checkpoint, environment]
  const Analysed analysed(log);
  const auto environment = analysed.values("ledger/environment_effect");  // [1, 2, 1, 1]
  const auto adaptation = analysed.values("ledger/adaptation_effect");
  const auto interaction = analysed.values("ledger/interaction");
  // Policy 0.5 -> 0.6 in the source, 0.3 -> 0.5 in the target.
  EXPECT_NEAR(interaction[0], 0.1, 1e-15);
  EXPECT_NEAR(environment[0], -0.15, 1e-15);
  EXPECT_NEAR(adaptation[0], 0.15, 1e-15);
  EXPECT_NEAR(environment[1], -0.15, 1e-15);
  EXPECT_NEAR(adaptation[1], 0.25, 1e-15);
  EXPECT_NEAR(analysed.values("ledger/stage_environment_effect")[0], -0.2, 1e-15);
  EXPECT_NEAR(analysed.values("ledger/stage_adaptation_effect")[0], 0.4, 1e-15);
  EXPECT_NEAR(analysed.values("ledger/stage_interaction")[0], 0.0, 1e-15);
}

// Four environments: nothing, the first, the second, both mechanisms moved.
HandLog family() {
  HandLog log;
  log.token = {"a", "b"};
  log.positions = 2;
  log.environment = {"source", "target", "target[prior]", "target[lexical]"};
  log.environment_time = {0, 10, 10, 10};
  log.mechanism = {"prior", "visual", "lexical"};
  log.environment_mechanism = {1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1};
  log.environment_hellinger = {0, 0, 0, 0.3, 0, 0.2, 0.3, 0, 0, 0, 0, 0.2};
  log.evaluation["accuracy"] = {0.8, 0.5, 0.7, 0.75, 0.8, 0.6, 0.9, 0.5, 0.8, 0.8, 0.8, 0.8};
  log.make_room();
  log.belief_policy.clear();
  log.belief_oracle.clear();
  for (std::size_t i = 0; i < 8; ++i) {
    put_law(log.oracle, i, {0.5, 0.5});
    put_law(log.reference, i, {0.5, 0.5});
    for (std::size_t c = 0; c < 3; ++c) put_law(log.policy, c * 8 + i, {0.5, 0.5});
  }
  return log;
}

TEST(LedgerTerms, ShapleyOfMechanisms) {
  const Analysed analysed(family());
  const auto share = analysed.values("ledger/shapley");  // [1, 3, 1, 3]
  // v: prior -0.1, lexical -0.05, both -0.3.
  EXPECT_NEAR(share[0], (-0.1 + (-0.3 + 0.05)) / 2, 1e-15);
  EXPECT_EQ(share[1], 0);  // visual did not move
  EXPECT_NEAR(share[2], (-0.05 + (-0.3 + 0.1)) / 2, 1e-15);
  // v: prior +0.1, lexical -0.3, both -0.2: one share of each sign.
  EXPECT_NEAR(share[3], 0.1, 1e-15);
  EXPECT_NEAR(share[5], -0.3, 1e-15);
  // Mixed environments are no step of the stream.
  EXPECT_EQ(analysed.open().read_strings("ledger/transition").values,
            (std::vector<std::string>{"source>target"}));
}

TEST(LedgerTerms, NoShapleyWithoutEverySubset) {
  HandLog log = family();
  log.environment_mechanism = {1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0};
  EXPECT_FALSE(Analysed(log).open().has("ledger/shapley"));
  log = family();
  log.environment_hellinger[4] = 0.1;  // visual moved too, and no environment tells what it did
  EXPECT_FALSE(Analysed(log).open().has("ledger/shapley"));
  log.environment_mechanism.clear();
  EXPECT_FALSE(Analysed(log).open().has("ledger/shapley"));
}

TEST(LedgerTerms, RegretIsOfTheWorldThatIs) {
  HandLog log = coins({0.5, 0.5}, {0.25, 0.25}, 0.25);
  log.environment_time = {0, 5};
  log.mechanism = {"prior"};
  log.stream_time = {0, 5, 10};
  log.budget = {0, 0.3, 0.3};
  log.evaluation["accuracy"] = {0.6, 0.1, 0.6, 0.4, 0.6, 0.5};
  log.evaluation["oracle_accuracy"].assign(6, 0.8);
  log.scalars["prequential_regret"] = {1, 1, 1, 1, 1, 2, 2, 2, 2, 2};
  const Analysed analysed(log);
  EXPECT_EQ(analysed.values("ledger/regret_environment"), (std::vector<double>{0, 1, 1}));
  const double kl = cross_entropy(0.5, 0.25) - kLn2;     // in the source; none in the target
  const auto regret = analysed.values("ledger/regret");  // [1, 3, 3]
  EXPECT_EQ(regret[2], 0);
  EXPECT_NEAR(regret[5], 5 * kl, 1e-14);
  EXPECT_NEAR(regret[8], 5 * kl, 1e-14);
  const auto accuracy = analysed.values("ledger/regret_accuracy");
  EXPECT_NEAR(accuracy[1], 5 * 0.25, 1e-15);
  EXPECT_NEAR(accuracy[2], 5 * 0.25 + 5 * 0.5, 1e-15);
  EXPECT_EQ(analysed.values("ledger/regret_prequential"), (std::vector<double>{0, 5, 15}));
  EXPECT_EQ(analysed.values("ledger/budget_hellinger"), (std::vector<double>{0, 0.3, 0.3}));
}

// The latest evaluation holds, but in the environment that the world has moved to.
TEST(LedgerTerms, RegretBetweenEvaluationsIsOfTheNewEnvironment) {
  HandLog log = coins({0.5, 0.5}, {0.25, 0.25}, 0.25);
  log.environment_time = {0, 5};
  log.mechanism = {"prior"};
  log.stream_time = {0, 5, 10};
  log.budget = {0, 0.3, 0.3};
  log.evaluation["accuracy"] = {0.6, 0.1, kNan, kNan, 0.6, 0.5};
  log.evaluation["oracle_accuracy"].assign(6, 0.8);
  log.evaluated = {1, 0, 1};
  const auto accuracy = Analysed(log).values("ledger/regret_accuracy");
  EXPECT_NEAR(accuracy[1], 5 * 0.25, 1e-15);
  EXPECT_NEAR(accuracy[2], 5 * 0.25 + 5 * (1 - 0.1 / 0.8), 1e-15);
}

TEST(LedgerTerms, NoRegretWhereNoNamedEnvironmentStands) {
  HandLog log = coins({0.5, 0.5}, {0.25, 0.25}, 0.25);
  log.mechanism = {"prior"};
  log.stream_time = {0, 5, 10};
  log.budget = {0, 0.3, 0.6};  // the world moves at 5; the target is named at 10
  const Analysed analysed(log);
  const auto index = analysed.values("ledger/regret_environment");
  EXPECT_EQ(index[0], 0);
  EXPECT_TRUE(std::isnan(index[1]));
  EXPECT_EQ(index[2], 1);
  EXPECT_FALSE(std::isnan(analysed.values("ledger/regret")[5]));
  EXPECT_TRUE(std::isnan(analysed.values("ledger/regret")[8]));
}

TEST(LedgerTerms, DriftAlongTheThinking) {
  HandLog log = random_log();
  const std::size_t width = log.cells() / 3;
  for (std::size_t j = 0; j < 3; ++j) {  // probe 0 of segment 0: three positions
    log.belief_oracle[2 * j] = j == 0 ? 0.5F : 0.25F;
    log.belief_oracle[2 * j + 1] = j == 0 ? 0.5F : 0.75F;
    log.belief_policy[2 * (width + j)] = j == 0 ? 0.25F : 0.0F;
    log.belief_policy[2 * (width + j) + 1] = j == 0 ? 0.75F : 1.0F;
  }
  const Analysed analysed(log);
  const auto oracle = analysed.values("measures/position_drift_oracle");
  const auto policy = analysed.values("measures/position_drift_policy");
  EXPECT_TRUE(std::isnan(oracle[0]));
  EXPECT_NEAR(oracle[1], 0.25 * std::log(0.5) + 0.75 * std::log(1.5), 1e-15);
  EXPECT_TRUE(std::isnan(oracle[2]));  // behind the diagnosis
  EXPECT_NEAR(policy[width + 1], std::log(4.0 / 3), 1e-15);
}

TEST(LedgerTerms, StepDriftIsTheKlOfTheMove) {
  const Analysed analysed(coins({0.2, 0.4}, {0.7, 0.5}, 0.25));
  for (const double x : analysed.values("measures/step_drift_sum")) EXPECT_EQ(x, 0);
  HandLog log = coins({0.2, 0.4}, {0.7, 0.5}, 0.25);
  put_law(log.policy, 8, {0.5, 0.5});
  const Analysed moved(log);
  const double kl = cross_entropy(0.5, 0.25) - kLn2;
  EXPECT_NEAR(moved.values("measures/step_drift")[0], kl, 1e-15);  // [1, 2, 2, 2, 2]
  EXPECT_NEAR(moved.values("measures/step_drift_sum")[2], kl / 2, 1e-15);
}

}  // namespace
}  // namespace tightrope
