// SPDX-License-Identifier: Apache-2.0
// N drifting sources (arXiv 2510.04142): every source writes a trajectory for the case's image,
//
//   y_s ~ P_s(. | v),  P_s = exact posterior of the world under source s's own drift at this time,
//
// and these are the rejected sides; N negatives take every source once, in order, fewer take
// distinct ones at random. The chosen side is the case's own trajectory (factual) or what most
// sources say (consensus), which needs no recorded truth, as in the paper. The trajectory of source
// s for case n is drawn from a child stream of s at (repeat, n), whatever else is asked.
#include <algorithm>
#include <numeric>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/config/nested.h"
#include "experts/proposal.h"
#include "experts/source_laws.h"

namespace tightrope {
namespace {

Node fixture_sources() {
  return Node::sequence({Node::sequence({}), Node::map({{"type", {}, Node::scalar("sudden")},
                                                        {"factor", {}, Node::scalar("prior")},
                                                        {"at", {}, Node::scalar("0")},
                                                        {"to", {}, Node::scalar("uniform")}})});
}

class SourcesExpert final : public Expert {
 public:
  struct Params {
    Node sources = fixture_sources();
    std::string chosen = "factual";
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("sources", &Params::sources,
            {.help = "per source its drift processes, as in `drift:`, put on the world of time 0; "
                     "[]: the world's own posterior"});
    s.field("chosen", &Params::chosen,
            {.help = "factual: the case's own trajectory is preferred to the sources'; consensus: "
                     "what most of them say is, finding by finding",
             .choices = {"factual", "consensus"}});
    s.check([](const Params& p) {
      return nested_violation("sources", [&] {
        Problems problems;
        read_sources(p.sources, "sources", problems);
        problems.throw_if_any();
      });
    });
    return s;
  }

  explicit SourcesExpert(const Params& p) : consensus_(p.chosen == "consensus") {
    Problems problems;
    drifts_ = read_sources(p.sources, "sources", problems);
    problems.throw_if_any();
  }

  std::shared_ptr<const ExpertData> prepare(const ExpertContext& context) const override {
    return source_laws(drifts_, context.world, context.clock);
  }

  Pair propose(const ExpertContext& context, int n, bool thinking, const Stream& stream,
               std::uint32_t repeat) const override {
    return propose_several(context, n, thinking, stream, repeat, 1).front();
  }

  std::vector<Pair> propose_several(const ExpertContext& context, int n, bool thinking,
                                    const Stream& stream, std::uint32_t repeat,
                                    int count) const override {
    const int sources = static_cast<int>(drifts_.size());
    TR_REQUIRE(count <= sources, "{} negatives are asked for, expert sources has {} sources", count,
               sources);
    const auto row = static_cast<std::uint32_t>(n);
    std::vector<int> order(sources);
    std::iota(order.begin(), order.end(), 0);
    Draws draws = stream.at(repeat, row);
    for (int i = 0; count < sources && i < count; ++i) {
      std::swap(order[i], order[i + draws.below(static_cast<std::uint32_t>(sources - i))]);
    }
    order.resize(count);
    const std::vector<Trajectory> written = write(context, n, thinking, stream, repeat, order);
    const Trajectory chosen =
        consensus_ ? agreed(context, written, thinking, stream.child(hash64("tie")).at(repeat, row))
                   : factual(context, n, thinking);
    std::vector<Pair> pairs;
    for (const int s : order) {
      const Trajectory& rejected = written[s];
      const int z = read_trajectory(context.world.vocabulary(), rejected.tokens).disease;
      pairs.push_back({chosen, rejected, z});
    }
    return pairs;
  }

 private:
  // [sources]; empty trajectories where neither a consensus nor `wanted` asks.
  std::vector<Trajectory> write(const ExpertContext& context, int n, bool thinking,
                                const Stream& stream, std::uint32_t repeat,
                                const std::vector<int>& wanted) const {
    std::shared_ptr<const ExpertData> own;  // where the caller did not prepare
    if (context.data == nullptr) own = prepare(context);
    const auto* data =
        dynamic_cast<const SourceLaws*>(context.data != nullptr ? context.data : own.get());
    TR_CHECK(data != nullptr, "the data of another expert");
    std::vector<Trajectory> out(drifts_.size());
    for (std::size_t s = 0; s < out.size(); ++s) {
      const bool asked = std::find(wanted.begin(), wanted.end(), int(s)) != wanted.end();
      if (!consensus_ && !asked) continue;
      Draws draws = stream.child(hash64("sources")).child(s).at(repeat, static_cast<unsigned>(n));
      out[s] = data->laws[s]->write(context.cases.image_of(n), draws);
      if (thinking) continue;
      const Vocabulary& vocabulary = context.world.vocabulary();
      out[s] = direct_answer(context.world, read_trajectory(vocabulary, out[s].tokens).disease);
    }
    return out;
  }

  static Trajectory agreed(const ExpertContext& context, const std::vector<Trajectory>& written,
                           bool thinking, Draws draws) {
    const Trajectory all = consensus(context.world, written, draws);
    if (thinking) return all;
    return direct_answer(context.world,
                         read_trajectory(context.world.vocabulary(), all.tokens).disease);
  }

  SourceDrifts drifts_;
  bool consensus_;
};

TR_REGISTER(Expert, SourcesExpert, "sources",
            "trajectories that N drifting sources write for the same image",
            "arXiv 2510.04142; exact posteriors as sources and the vote as consensus: ours");

}  // namespace
}  // namespace tightrope
