// SPDX-License-Identifier: Apache-2.0
#include "core/base/check.h"
#include "experts/proposal.h"

namespace tightrope {
namespace {

// Another patient's report and diagnosis, uniform among the cases with a different diagnosis.
class RandomExpert final : public Expert {
 public:
  struct Params {};

  static Schema<Params> schema() { return {}; }
  explicit RandomExpert(Params) {}

  // P(j) / (1 - P(i)): that of other patients, in a population without end.
  std::vector<double> alternative_law(const ExpertContext& context, int,
                                      int disease) const override {
    std::vector<double> law = context.environment.disease_prior();
    const double rest = 1 - law[disease];
    if (rest <= 0) return {};
    law[disease] = 0;
    for (double& p : law) p /= rest;
    return law;
  }

  Pair propose(const ExpertContext& context, int n, bool thinking, const Stream& stream,
               std::uint32_t repeat) const override {
    Draws draws = stream.at(repeat, static_cast<std::uint32_t>(n));
    const Cases& cases = context.cases;
    const int r = another_case(cases, n, draws);
    const int j = cases.disease[r];
    return {factual(context, n, thinking), factual(context, r, thinking), j};
  }

 private:
  static int another_case(const Cases& cases, int n, Draws& draws) {
    for (int attempt = 0; attempt < 64; ++attempt) {
      const int r = static_cast<int>(draws.below(static_cast<std::uint32_t>(cases.size())));
      if (cases.disease[r] != cases.disease[n]) return r;
    }
    std::vector<int> others;  // nearly all cases share the diagnosis: look for the rest
    for (int r = 0; r < cases.size(); ++r) {
      if (cases.disease[r] != cases.disease[n]) others.push_back(r);
    }
    TR_REQUIRE(!others.empty(),
               "expert random needs cases of at least two diagnoses, all {} cases have one",
               cases.size());
    return others[draws.below(static_cast<std::uint32_t>(others.size()))];
  }
};

TR_REGISTER(Expert, RandomExpert, "random",
            "another patient's report and diagnosis, the diagnosis being different",
            "arXiv 2505.13081, the DPO baseline's random negatives");

}  // namespace
}  // namespace tightrope
