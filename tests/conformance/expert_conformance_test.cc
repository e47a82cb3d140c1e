// SPDX-License-Identifier: Apache-2.0
// What every registered expert must do, over whatever is registered.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "tests/experts/expert_support.h"
#include "tests/graph/ccf_support.h"

namespace tightrope {
namespace {

using test::Bench;

// The cases of a bench have ids, and their records stand in a file: for experts that look cases up.
std::string record_file(const Bench& bench) {
  static const log_test::TemporaryFolder folder;
  return folder / fmt::format("{}.jsonl", fmt::ptr(&bench));
}

std::vector<std::shared_ptr<Bench>> stored(std::vector<std::shared_ptr<Bench>> all) {
  for (const auto& bench : all) {
    const std::vector<CcfRecord> records = test::records_of(*bench->world, bench->cases);
    for (const CcfRecord& record : records) bench->cases.id.push_back(record.dicom_id);
    const CcfNames names(ccf_shape(*bench->world));
    test::write_text(record_file(*bench), test::lines_of(records, names));
  }
  return all;
}

const std::vector<std::shared_ptr<Bench>>& benches() {
  static const std::vector<std::shared_ptr<Bench>> all = stored(
      {std::make_shared<Bench>("{type: concept, graph: cxr}"),
       std::make_shared<Bench>("{type: concept, graph: cxr, diagnosis: rule}"),
       std::make_shared<Bench>("{type: concept, graph: synthetic, max_mentions: 3}"),
       std::make_shared<Bench>(
           "{type: concept, graph: synthetic, diagnosis: rule, max_mentions: 3}"),
       std::make_shared<Bench>("{type: concept, graph: toy, report_from: image}"),
       std::make_shared<Bench>("{type: bandit, contexts: 2, rewards: [[1, 0, 0.5], [0, 2, -1]]}")});
  return all;
}

// Every registered expert with its defaults, a file where it must be told one, and the combinations
// of the one that has many.
std::vector<std::string> expert_texts(const Bench& bench) {
  std::vector<std::string> out;
  for (const ComponentInfo& info : all_components()) {
    if (info.kind != InterfaceName<Expert>::value) continue;
    std::string text = "{type: " + info.name;
    for (const FieldInfo& field : info.fields) {
      if (field.options.required && field.name == "file") text += ", file: " + record_file(bench);
    }
    out.push_back(text + "}");
  }
  out.push_back("{type: answer_only, propose: confusion}");
  out.push_back("{type: sources, chosen: consensus}");
  for (const char* report : {"edit", "structural"}) {
    for (const char* propose :
         {"uniform", "prior", "stratified", "estimated", "nearest", "confusion"}) {
      for (const char* cut : {"whole", "random_step"}) {
        out.push_back(fmt::format(
            "{{type: concept_graph, report: {}, propose: {}, cut: {}, edit_noise: 0.2}}", report,
            propose, cut));
      }
    }
  }
  return out;
}

// How an expert's pairs may deviate from "the same case with another diagnosis".
struct Nature {
  bool judged_whole = false;  // the sides may agree in the diagnosis, or altogether
  bool own_chosen = false;    // the chosen side need not be the recorded one
  bool out_of_order = false;  // the rejected side breaks the canonical order; thinking alone
};
Nature nature_of(const std::string& text) {
  if (text == "{type: shuffle}") return {.judged_whole = true, .out_of_order = true};
  const bool sources = text.starts_with("{type: sources");
  return {.judged_whole = sources, .own_chosen = text.find("consensus") != std::string::npos};
}

// A bench's context with what an expert prepares of its cases, worked out once.
class Prepared {
 public:
  ExpertContext context(const Bench& bench, const Expert& expert) {
    ExpertContext out = bench.context();
    auto [at, fresh] = data_.try_emplace({&bench, &expert});
    if (fresh) at->second = expert.prepare(out);
    out.data = at->second.get();
    return out;
  }

 private:
  std::map<std::pair<const Bench*, const Expert*>, std::shared_ptr<const ExpertData>> data_;
};

TEST(ExpertConformance, PairsAreGrammaticalDifferentAndReplay) {
  const std::vector<std::string> texts = expert_texts(*benches()[0]);
  ASSERT_GE(texts.size(), 24U);
  std::map<const Bench*, std::vector<std::shared_ptr<const Expert>>> experts_of;
  for (const auto& bench : benches()) {
    for (const std::string& text : expert_texts(*bench)) {
      experts_of[bench.get()].push_back(test::make_expert(text));
    }
  }
  const std::size_t perception =
      std::find(texts.begin(), texts.end(), "{type: perception}") - texts.begin();
  Prepared prepared;
  int pairs = 0;
  const bool held = rc::check([&] {
    const Bench& bench = *benches()[*rc::gen::inRange<std::size_t>(0, benches().size())];
    const int n = *rc::gen::inRange(0, bench.cases.size());
    const bool thinking = *rc::gen::arbitrary<bool>();
    const auto repeat = *rc::gen::arbitrary<std::uint32_t>();
    const Stream stream(*rc::gen::arbitrary<std::uint64_t>(), Purpose::kExpert, 0);
    const auto& experts = experts_of.at(&bench);
    for (std::size_t e = 0; e < experts.size(); ++e) {
      const auto& expert = experts[e];
      const Nature nature = nature_of(texts[e]);
      if (nature.out_of_order && !thinking) continue;
      Pair pair;
      const ExpertContext context = prepared.context(bench, *expert);
      try {
        pair = expert->propose(context, n, thinking, stream, repeat);
      } catch (const InputError&) {
        // Only a world without a graph, or for images without a law of images, may be refused.
        const bool images = expert == experts[perception];
        RC_ASSERT(bench.world->vocabulary().attributes() == 0 ||
                  (images && bench.world->vocabulary().categories() > 0));
        continue;
      }
      ++pairs;
      RC_ASSERT(test::grammar_defect(*bench.world, pair.chosen) == "");
      RC_ASSERT(nature.out_of_order || test::grammar_defect(*bench.world, pair.rejected) == "");
      RC_ASSERT(nature.own_chosen ||
                test::answer_of(*bench.world, pair.chosen) == bench.cases.disease[n]);
      RC_ASSERT(nature.judged_whole || pair.rejected_disease != bench.cases.disease[n]);
      if (pair.rejected_image.empty()) {
        RC_ASSERT(test::answer_of(*bench.world, pair.rejected) == pair.rejected_disease);
        RC_ASSERT(nature.judged_whole || pair.chosen.tokens != pair.rejected.tokens);
        RC_ASSERT(pair.source != PairSource::kPerception);
      } else {
        RC_ASSERT(pair.chosen.tokens == pair.rejected.tokens);
        RC_ASSERT(pair.rejected_image.size() == bench.cases.image_of(n).size());
        RC_ASSERT(pair.source == PairSource::kPerception);
      }
      if (!thinking) {
        RC_ASSERT(pair.chosen.tokens.size() == 4U);
        RC_ASSERT(pair.rejected.tokens.size() == 4U);
      }
      // A case's pair depends on (stream, repeat, n) alone, not on what was proposed between.
      try {
        expert->propose(context, (n + 1) % bench.cases.size(), thinking, stream, repeat);
      } catch (const InputError&) {  // a mixture may draw an expert that this world refuses
        RC_ASSERT(bench.world->vocabulary().attributes() == 0);
      }
      const Pair again = expert->propose(context, n, thinking, stream, repeat);
      RC_ASSERT(again.chosen.tokens == pair.chosen.tokens);
      RC_ASSERT(again.rejected.tokens == pair.rejected.tokens);
      RC_ASSERT(again.rejected.mask == pair.rejected.mask);
      RC_ASSERT(again.rejected_image == pair.rejected_image);
    }
  });
  EXPECT_TRUE(held);
  EXPECT_GT(pairs, 1000);
}

TEST(ExpertConformance, RepeatsDiffer) {
  const Bench& bench = *benches()[0];
  for (const std::string& text : expert_texts(bench)) {
    const auto expert = test::make_expert(text);
    Prepared prepared;
    const ExpertContext context = prepared.context(bench, *expert);
    bool differs = false;
    for (int n = 0; n < 50 && !differs; ++n) {
      const Stream stream(1, Purpose::kExpert, 0);
      const Pair one = expert->propose(context, n, true, stream, 0);
      const Pair other = expert->propose(context, n, true, stream, 1);
      differs = one.rejected.tokens != other.rejected.tokens ||
                one.rejected_image != other.rejected_image;
    }
    EXPECT_TRUE(differs) << text;
  }
}

TEST(ExpertConformance, NeedsPolicyIsDeclaredExactlyWhenTheBeliefIsRead) {
  const Bench& bench = *benches()[0];
  for (const std::string& text : expert_texts(bench)) {
    const auto expert = test::make_expert(text);
    bool asked = false;
    ExpertContext context = bench.context();
    const auto belief = context.policy_belief;
    context.policy_belief = [&](int n, std::span<double> out) {
      asked = true;
      belief(n, out);
    };
    const auto sample = context.policy_sample;
    context.policy_sample = [&](int n, const Stream& stream) {
      asked = true;
      return sample(n, stream);
    };
    expert->propose(context, 0, true, Stream(1, Purpose::kExpert, 0), 0);
    EXPECT_EQ(asked, expert->needs_policy()) << text;
  }
}

}  // namespace
}  // namespace tightrope
