// SPDX-License-Identifier: Apache-2.0
// Pairs from several experts: each case's expert is drawn by weight.
#include <fmt/format.h>

#include "core/api/expert.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/config/nested.h"
#include "core/config/schema.h"

namespace tightrope {
namespace {

struct Part {
  double weight = 1;
  std::shared_ptr<const Expert> expert;
};

// [{weight: 1, expert: ...}, ...]; an entry may also be an expert alone. Problems go to `problems`.
std::vector<Part> parts_of(const Node& list, Problems& problems) {
  std::vector<Part> out;
  if (!list.is_sequence() || list.items().empty()) {
    problems.add(list.mark(), "experts",
                 "expected a list of at least one {weight: .., expert: ..}");
    return out;
  }
  for (std::size_t i = 0; i < list.items().size(); ++i) {
    const Node& item = list.items()[i];
    const std::string path = fmt::format("experts.{}", i);
    const Node* nested = item.find("expert");
    const Node* weight = nested != nullptr ? item.find("weight") : nullptr;
    Part part;
    if (weight != nullptr) {
      const auto number = weight->as_number();
      if (!number || *number <= 0) {
        problems.add(weight->mark(), path + ".weight",
                     "expected a number > 0, got " + shown(*weight));
        continue;
      }
      part.weight = *number;
    }
    part.expert = Registry<Expert>::get().build(nested != nullptr ? *nested : item, path, problems);
    out.push_back(std::move(part));
  }
  return out;
}

struct Prepared final : ExpertData {
  std::vector<std::shared_ptr<const ExpertData>> of_part;
};

class MixtureExpert final : public Expert {
 public:
  struct Params {
    Node experts = Node::sequence({Node::scalar("random"), Node::scalar("concept_graph")});
  };

  static Schema<Params> schema() {
    Schema<Params> s;
    s.field("experts", &Params::experts,
            {.help = "the experts with their weights: [{weight: 1, expert: {type: ...}}, ...]"});
    s.check([](const Params& p) {
      return nested_violation("experts", [&] {
        Problems problems;
        parts_of(p.experts, problems);
        problems.throw_if_any();
      });
    });
    return s;
  }

  explicit MixtureExpert(const Params& p) {
    Problems problems;
    parts_ = parts_of(p.experts, problems);
    problems.throw_if_any();
    for (const Part& part : parts_) weights_.push_back(part.weight);
  }

  bool needs_policy() const override {
    for (const Part& part : parts_) {
      if (part.expert->needs_policy()) return true;
    }
    return false;
  }

  std::vector<std::string> record_files() const override {
    std::vector<std::string> out;
    for (const Part& part : parts_) {
      for (const std::string& file : part.expert->record_files()) out.push_back(file);
    }
    return out;
  }

  std::vector<double> alternative_law(const ExpertContext& context, int site,
                                      int disease) const override {
    double total = 0;
    for (const Part& part : parts_) total += part.weight;
    std::vector<double> out;
    for (const Part& part : parts_) {
      const std::vector<double> law = part.expert->alternative_law(context, site, disease);
      if (law.empty()) return {};
      out.resize(law.size(), 0.0);
      for (std::size_t j = 0; j < law.size(); ++j) out[j] += part.weight / total * law[j];
    }
    return out;
  }

  std::shared_ptr<const ExpertData> prepare(const ExpertContext& context) const override {
    auto out = std::make_shared<Prepared>();
    for (const Part& part : parts_) out->of_part.push_back(part.expert->prepare(context));
    return out;
  }

  Pair propose(const ExpertContext& context, int n, bool thinking, const Stream& stream,
               std::uint32_t repeat) const override {
    Draws draws = stream.child(hash64("mixture")).at(repeat, static_cast<std::uint32_t>(n));
    const int i = draws.categorical(weights_);
    const auto* prepared = dynamic_cast<const Prepared*>(context.data);
    ExpertContext own = context;
    own.data = prepared != nullptr ? prepared->of_part[i].get() : nullptr;
    return parts_[i].expert->propose(own, n, thinking,
                                     stream.child(static_cast<std::uint64_t>(i) + 1), repeat);
  }

 private:
  std::vector<Part> parts_;
  std::vector<double> weights_;
};

TR_REGISTER(Expert, MixtureExpert, "mixture", "several experts, one drawn by weight for each case",
            "ours");

}  // namespace
}  // namespace tightrope
