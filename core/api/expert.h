// SPDX-License-Identifier: Apache-2.0
// An expert proposes an alternative trajectory for a case: the rejected side of a preference pair.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/api/cases.h"
#include "core/api/world.h"
#include "core/random/stream.h"
#include "core/registry/registry.h"

namespace tightrope {

// What a pair contrasts, for optimizers that weigh their sources (arXiv 2604.15705).
enum class PairSource : std::uint8_t {
  kThinking,    // two trajectories under the case's image
  kPerception,  // one trajectory under two images
  kOther,
};

// A factual and an alternative trajectory of the same case.
struct Pair {
  Trajectory chosen;
  Trajectory rejected;
  int rejected_disease = 0;  // j
  PairSource source = PairSource::kThinking;
  std::vector<float> rejected_image = {};  // [C] that `rejected` is read under; empty: the case's
};

// What an expert works out once of all cases of a data set.
struct ExpertData {
  virtual ~ExpertData() = default;
};

// When pairs are made, for experts whose sources drift on a path of their own.
struct ExpertClock {
  std::int64_t time = 0;     // stream time
  std::int64_t horizon = 0;  // of the experiment: what `end` means
  Stream path;               // of purpose kDriftPath: the same whenever pairs of a run are made
};

struct ExpertContext {
  const World& world;
  const Environment& environment;  // the environment the cases were drawn from
  const Cases& cases;              // all cases of the stage (random negatives are other patients)
  // P(z | v) of the current policy without thinking for case n, [Z]; empty when not available.
  std::function<void(int n, std::span<double> belief)> policy_belief;
  // A trajectory of the current policy for case n, drawn from `stream`; empty when not available.
  std::function<Trajectory(int n, const Stream& stream)> policy_sample = {};
  std::span<const int> excluded = {};  // diseases that were proposed for this case before
  const ExpertData* data = nullptr;    // what prepare() gave for these cases
  ExpertClock clock = {};
};

class Expert {
 public:
  virtual ~Expert() = default;
  // Whether propose() calls context.policy_belief or context.policy_sample.
  virtual bool needs_policy() const { return false; }
  // Files of counterfactuals that propose() looks the case's id up in: their content is part of a
  // run's identity, and the stage's cases must come from a file themselves (data.file).
  virtual std::vector<std::string> record_files() const { return {}; }
  // q(j | i, u): the law of the proposed diagnosis for a case of disease i at site u, [Z], sums to
  // 1; empty, as by default, where it depends on more than these or the pair is not one of two
  // diagnoses under one image.
  virtual std::vector<double> alternative_law(const ExpertContext& context, int site,
                                              int disease) const {
    static_cast<void>(context);
    static_cast<void>(site);
    static_cast<void>(disease);
    return {};
  }
  // Whatever propose() needs of all of context.cases; null, as by default: nothing.
  virtual std::shared_ptr<const ExpertData> prepare(const ExpertContext& context) const {
    static_cast<void>(context);
    return nullptr;
  }
  // The pair of case n. thinking = false: both sides are direct answers (<think> <answer_now> z).
  // All draws come from stream.at(repeat, n): a case's pair does not depend on other calls.
  virtual Pair propose(const ExpertContext& context, int n, bool thinking, const Stream& stream,
                       std::uint32_t repeat) const = 0;
  // `count` >= 1 pairs of case n, the chosen side being the same in all: by default propose() again
  // and again, the k-th (from 1 on) from stream.child(k), each with a disease of its own where the
  // expert chooses it. Throws InputError when the chosen sides differ.
  virtual std::vector<Pair> propose_several(const ExpertContext& context, int n, bool thinking,
                                            const Stream& stream, std::uint32_t repeat,
                                            int count) const;
};

template <>
struct InterfaceName<Expert> {
  static constexpr auto value = "expert";
};

}  // namespace tightrope
