// SPDX-License-Identifier: Apache-2.0
// A world is a generative model of cases; an environment is the world's numbers at one stream time,
// compiled for sampling and for its exact oracle.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/api/cases.h"
#include "core/api/vocabulary.h"
#include "core/api/world_params.h"
#include "core/random/stream.h"
#include "core/registry/registry.h"

namespace tightrope {

// The exact oracle along one trajectory. Prefix j (0 <= j < prefixes) holds tokens[0..j], so row 0
// is the law after <think> alone. Rows after </think> or <answer_now> give the law of the
// diagnosis.
struct OracleTrace {
  int vocabulary = 0;
  int diseases = 0;
  int sites = 0;
  std::vector<double> law;  // [J, V] next-token probabilities P*(y_{j+1} | v, y_<=j), rows sum to 1
  std::vector<double> belief;  // [J, Z] P*(z | v, y_<=j): what <answer_now> would read out there
  std::vector<double> site;    // [J, U] P*(u | v, y_<=j)
  int prefixes() const { return vocabulary == 0 ? 0 : static_cast<int>(law.size()) / vocabulary; }
};

// Exact distance between two environments along one mechanism (reference: Budhathoki et al. 2021).
struct MechanismDistance {
  std::string mechanism;  // "prior", "mechanism", "spurious", "visual", "lexical"
  double kl = 0;          // nat: E_{pa ~ new} KL(new(.|pa) || old(.|pa)), exact
  // Hellinger distance of P_new(pa) new(.|pa) and P_new(pa) old(.|pa), in [0, 1].
  double hellinger = 0;
  double total_variation =
      0;  // largest over the mechanism's variables of E_{pa ~ new} TV, in [0, 1]
};

class Environment {
 public:
  virtual ~Environment() = default;
  // Fills cases 0..count-1; case r draws from stream.at(step, first_row + r) alone, so that any
  // split of a range gives the same cases.
  virtual void sample(const Stream& stream, std::uint32_t step, std::uint32_t first_row, int count,
                      Cases& out) const = 0;
  // The exact posterior for image [C] along `tokens` (starting with <think>). Throws InputError
  // when a token has probability zero under the grammar.
  virtual void oracle(std::span<const float> image, std::span<const Token> tokens,
                      OracleTrace& out) const = 0;
  // log P*(y_t | v, y_<t) alone, the cheap form: tokens.size() entries, entry 0 is 0; entries of
  // <answer_now> are 0, because it is forced, never sampled.
  virtual void oracle_log_prob(std::span<const float> image, std::span<const Token> tokens,
                               std::span<double> log_prob) const = 0;
  // P*(z | v) without any report, [Z].
  virtual void belief_of_image(std::span<const float> image, std::span<double> belief) const = 0;
  // P*(u, z | v) without any report, [U, Z].
  virtual void joint_of_image(std::span<const float> image, std::span<double> joint) const = 0;
  // A complete trajectory (report, </think>, diagnosis, <eos>) drawn from P*(. | v).
  virtual Trajectory write(std::span<const float> image, Draws& draws) const = 0;
  // Reward of a trajectory for case n: exact match of the diagnosis unless the world says
  // otherwise.
  virtual double reward(const Cases& cases, int n, std::span<const Token> tokens) const = 0;
  // P(z), [Z], and P(z | u), [U, Z], of this environment: for proposals of experts.
  virtual std::vector<double> disease_prior() const = 0;
  virtual std::vector<double> disease_prior_by_site() const = 0;
};

class World {
 public:
  virtual ~World() = default;
  virtual const Vocabulary& vocabulary() const = 0;
  virtual int max_mentions() const = 0;
  virtual int sites() const = 0;
  virtual int channels() const = 0;
  // Time 0, before any drift process acted.
  virtual const WorldParams& base() const = 0;
  virtual std::shared_ptr<const Environment> environment(const WorldParams& params) const = 0;
  // Exact distances from `old_params` to `new_params`, per mechanism.
  virtual std::vector<MechanismDistance> distances(const WorldParams& old_params,
                                                   const WorldParams& new_params) const = 0;
  // Entangled classes: [Z] 1 when the disease belongs to a confusable pair.
  virtual std::vector<std::uint8_t> entangled() const = 0;
};

// What the registry builds from YAML: a recipe that makes one world per lane seed.
class WorldModel {
 public:
  virtual ~WorldModel() = default;
  // `stream` has purpose kWorld and the lane's seed: it varies the numbers, never the structure.
  virtual std::shared_ptr<const World> make(const Stream& stream) const = 0;
};

template <>
struct InterfaceName<WorldModel> {
  static constexpr auto value = "world";
};

}  // namespace tightrope
