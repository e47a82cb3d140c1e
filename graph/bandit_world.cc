// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/api/world.h"
#include "core/base/check.h"
#include "core/base/math.h"
#include "core/config/schema.h"

namespace tightrope {
namespace {

// What every environment of one bandit shares.
struct BanditBasis {
  int contexts = 0;
  int actions = 0;
  Vocabulary vocabulary;
};

// Contexts c (the site, shown as a one-hot image) and actions a (the diseases), no findings. Data
// hold an action drawn from behaviour[c, .]; reward[c, a] is what a trajectory earns.
class BanditEnvironment final : public Environment {
 public:
  BanditEnvironment(std::shared_ptr<const BanditBasis> basis, const WorldParams& params)
      : basis_(std::move(basis)),
        context_(params.at("context").values),
        behaviour_(params.at("behaviour").values),
        reward_(params.at("reward").values) {
    params.validate();
  }

  void sample(const Stream& stream, std::uint32_t step, std::uint32_t first_row, int count,
              Cases& out) const override {
    out.resize(count, 0, basis_->contexts);
    for (int n = 0; n < count; ++n) {
      Draws draws = stream.at(step, first_row + static_cast<std::uint32_t>(n));
      const int c = draws.categorical(context_);
      out.site[n] = c;
      out.image_of(n)[c] = 1;
      out.disease[n] = draws.categorical(behaviour_of(c));
    }
  }

  void oracle(std::span<const float> image, std::span<const Token> tokens,
              OracleTrace& out) const override {
    const int c = context_of(image);
    const std::size_t V = basis_->vocabulary.size();
    const std::size_t Z = basis_->actions;
    const std::size_t U = basis_->contexts;
    const bool ended = !tokens.empty() && tokens.back() == Vocabulary::end_of_sequence();
    const std::size_t rows = tokens.size() - (ended ? 1 : 0);
    out.vocabulary = static_cast<int>(V);
    out.diseases = basis_->actions;
    out.sites = basis_->contexts;
    out.law.assign(rows * V, 0.0);
    out.belief.assign(rows * Z, 0.0);
    out.site.assign(rows * U, 0.0);
    require_chain(tokens);
    for (std::size_t t = 0; t < rows; ++t) {
      out.site[t * U + c] = 1;
      for (std::size_t a = 0; a < Z; ++a) out.belief[t * Z + a] = behaviour_of(c)[a];
      if (t == 0) {
        out.law[basis_->vocabulary.end_think()] = 1;
      } else if (t == 1) {
        for (int a = 0; a < basis_->actions; ++a) {
          out.law[t * V + basis_->vocabulary.disease(a)] = behaviour_of(c)[a];
        }
      } else {
        const int written = basis_->vocabulary.disease_of(tokens[2]);
        for (std::size_t a = 0; a < Z; ++a) out.belief[t * Z + a] = a == std::size_t(written);
        out.law[t * V + Vocabulary::end_of_sequence()] = 1;
      }
    }
  }

  void oracle_log_prob(std::span<const float> image, std::span<const Token> tokens,
                       std::span<double> log_prob) const override {
    const int c = context_of(image);
    require_chain(tokens);
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      log_prob[t] =
          t == 2 ? std::log(behaviour_of(c)[basis_->vocabulary.disease_of(tokens[t])]) : 0;
    }
  }

  void belief_of_image(std::span<const float> image, std::span<double> belief) const override {
    const std::span<const double> row = behaviour_of(context_of(image));
    std::copy(row.begin(), row.end(), belief.begin());
  }

  void joint_of_image(std::span<const float> image, std::span<double> joint) const override {
    const int c = context_of(image);
    const std::span<const double> row = behaviour_of(c);
    std::fill(joint.begin(), joint.end(), 0.0);
    std::copy(row.begin(), row.end(), joint.begin() + static_cast<std::ptrdiff_t>(c) * row.size());
  }

  Trajectory write(std::span<const float> image, Draws& draws) const override {
    const int action = draws.categorical(behaviour_of(context_of(image)));
    return make_trajectory(basis_->vocabulary, {}, -1, action);
  }

  // reward[c, a] of the action that the trajectory ends in; 0 without an action.
  double reward(const Cases& cases, int n, std::span<const Token> tokens) const override {
    double earned = 0;
    for (Token token : tokens) {
      if (!basis_->vocabulary.is_disease(token)) continue;
      earned = reward_[static_cast<std::size_t>(cases.site[n]) * basis_->actions +
                       basis_->vocabulary.disease_of(token)];
    }
    return earned;
  }

  std::vector<double> disease_prior() const override {
    std::vector<double> out(basis_->actions, 0.0);
    for (int c = 0; c < basis_->contexts; ++c) {
      for (int a = 0; a < basis_->actions; ++a) out[a] += context_[c] * behaviour_of(c)[a];
    }
    return out;
  }
  std::vector<double> disease_prior_by_site() const override { return behaviour_; }

 private:
  std::span<const double> behaviour_of(int c) const {
    return std::span(behaviour_)
        .subspan(static_cast<std::size_t>(c) * basis_->actions, basis_->actions);
  }

  int context_of(std::span<const float> image) const {
    TR_REQUIRE(static_cast<int>(image.size()) == basis_->contexts,
               "image has {} channels, the world {}", image.size(), basis_->contexts);
    for (int c = 0; c < basis_->contexts; ++c) {
      if (image[c] == 1.0F) return c;
    }
    TR_REQUIRE(false, "the image is not a one-hot context");
  }

  void require_chain(std::span<const Token> tokens) const {
    const Vocabulary& v = basis_->vocabulary;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      const Token token = tokens[t];
      const bool good = t == 0   ? token == Vocabulary::think()
                        : t == 1 ? token == v.end_think() || token == Vocabulary::answer_now()
                        : t == 2 ? v.is_disease(token)
                                 : t == 3 && token == Vocabulary::end_of_sequence();
      TR_REQUIRE(good, "token {} cannot stand at position {} of a bandit's trajectory", token, t);
    }
  }

  std::shared_ptr<const BanditBasis> basis_;
  std::vector<double> context_;    // [C]
  std::vector<double> behaviour_;  // [C, A]
  std::vector<double> reward_;     // [C, A]
};

class BanditWorld final : public World {
 public:
  BanditWorld(std::shared_ptr<const BanditBasis> basis, WorldParams base)
      : basis_(std::move(basis)), base_(std::move(base)) {}

  const Vocabulary& vocabulary() const override { return basis_->vocabulary; }
  int max_mentions() const override { return 0; }
  int sites() const override { return basis_->contexts; }
  int channels() const override { return basis_->contexts; }
  const WorldParams& base() const override { return base_; }
  std::shared_ptr<const Environment> environment(const WorldParams& params) const override {
    return std::make_shared<BanditEnvironment>(basis_, params);
  }

  // "prior": context and recorded action. A reward is no distribution and has no row.
  std::vector<MechanismDistance> distances(const WorldParams& old_params,
                                           const WorldParams& new_params) const override {
    const std::vector<double>& p = new_params.at("context").values;
    const std::vector<double>& q = old_params.at("context").values;
    const std::vector<double>& p_action = new_params.at("behaviour").values;
    const std::vector<double>& q_action = old_params.at("behaviour").values;
    MechanismDistance out{"prior", 0, 0, 0};
    double overlap = 0;
    double context_variation = 0;
    double action_variation = 0;
    for (int c = 0; c < basis_->contexts; ++c) {
      out.kl += kl_term(p[c], q[c]);
      context_variation += 0.5 * std::abs(p[c] - q[c]);
      for (int a = 0; a < basis_->actions; ++a) {
        const std::size_t i = static_cast<std::size_t>(c) * basis_->actions + a;
        if (p[c] > 0) out.kl += p[c] * kl_term(p_action[i], q_action[i]);
        overlap += std::sqrt(p[c] * p_action[i] * q[c] * q_action[i]);
        action_variation += 0.5 * p[c] * std::abs(p_action[i] - q_action[i]);
      }
    }
    out.hellinger = std::sqrt(std::max(0.0, 1 - overlap));
    out.total_variation = std::max(context_variation, action_variation);
    return {out};
  }

  std::vector<std::uint8_t> entangled() const override {
    return std::vector<std::uint8_t>(basis_->actions, 0);
  }

 private:
  std::shared_ptr<const BanditBasis> basis_;
  WorldParams base_;
};

Node fixture_rewards() {
  return Node::sequence({Node::sequence(
      {Node::scalar("1"), Node::scalar("0"), Node::scalar("0.5"), Node::scalar("0.25")})});
}

// Rows of numbers of one length, one row per context.
std::vector<double> rectangle(const Node& node, const char* name, int contexts, int& actions) {
  TR_REQUIRE(node.is_sequence() && static_cast<int>(node.items().size()) == contexts,
             "{} must be a list of {} rows, one per context", name, contexts);
  std::vector<double> out;
  for (const Node& row : node.items()) {
    if (actions == 0) actions = static_cast<int>(row.items().size());
    TR_REQUIRE(row.is_sequence() && static_cast<int>(row.items().size()) == actions && actions >= 2,
               "{}: every row must be a list of the same two or more actions", name);
    for (const Node& item : row.items()) {
      const std::optional<double> value = item.as_number();
      TR_REQUIRE(value.has_value() && std::isfinite(*value), "{}: {} is not a finite number", name,
                 shown(item));
      out.push_back(*value);
    }
  }
  return out;
}

class BanditModel final : public WorldModel {
 public:
  struct Params {
    std::int64_t contexts = 1;
    Node rewards = fixture_rewards();
    Node behaviour;
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field(
        "contexts", &Params::contexts,
        {.unit = "1", .range = between(1, 100000), .help = "number of contexts, equally likely"});
    s.field("rewards", &Params::rewards,
            {.unit = "1", .help = "reward of every action: one row of numbers per context"});
    s.field(
        "behaviour", &Params::behaviour,
        {.unit = "1",
         .help = "probability of every action in the data: rows as in rewards; nothing: uniform"});
    return s;
  }

  explicit BanditModel(const Params& params) {
    const int contexts = static_cast<int>(params.contexts);
    int actions = 0;
    std::vector<double> reward = rectangle(params.rewards, "rewards", contexts, actions);
    std::vector<double> behaviour(reward.size(), 1.0 / actions);
    if (!params.behaviour.is_null()) {
      behaviour = rectangle(params.behaviour, "behaviour", contexts, actions);
    }
    Names names;
    for (int a = 0; a < actions; ++a) names.diseases.push_back(fmt::format("action_{}", a));
    basis_ = std::make_shared<BanditBasis>(BanditBasis{contexts, actions, Vocabulary(names)});
    base_.add({"context",
               "",
               Constraint::kSimplex,
               {"context"},
               {contexts},
               std::vector<double>(contexts, 1.0 / contexts),
               "1",
               "P(context)"});
    base_.add({"behaviour",
               "prior",
               Constraint::kSimplex,
               {"context", "action"},
               {contexts, actions},
               std::move(behaviour),
               "1",
               "P(action | context) in the data"});
    base_.add({"reward",
               "reward",
               Constraint::kReal,
               {"context", "action"},
               {contexts, actions},
               std::move(reward),
               "1",
               "reward of an action"});
    base_.validate();
  }

  // Nothing is random: every seed has the same world.
  std::shared_ptr<const World> make(const Stream&) const override {
    return std::make_shared<BanditWorld>(basis_, base_);
  }

 private:
  std::shared_ptr<const BanditBasis> basis_;
  WorldParams base_;
};

TR_REGISTER(WorldModel, BanditModel, "bandit", "enumerable contexts and actions with known optima",
            "ours");

}  // namespace
}  // namespace tightrope
