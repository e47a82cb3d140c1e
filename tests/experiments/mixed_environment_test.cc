// SPDX-License-Identifier: Apache-2.0
// Environments in which only some mechanisms moved: their names, their laws against a mixture made
// by hand, their oracle against brute force, and what the log says of them.
#include <gmock/gmock.h>

#include "core/config/yaml.h"
#include "experiments/environment_reader.h"
#include "graph/generative_environment.h"
#include "tests/experiments/engine_support.h"
#include "tests/experiments/tiny_lane.h"
#include "tests/graph/tiny_generative.h"

namespace tightrope {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

DriftList processes(const std::vector<std::string>& factors) {
  DriftList out;
  Problems problems;
  for (const std::string& factor : factors) {
    out.push_back(Registry<DriftProcess>::get().build(
        parse_yaml("{type: sudden, factor: " + factor + ", to: uniform}", "test"), "drift",
        problems));
  }
  problems.throw_if_any();
  return out;
}

struct Read {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> only;
  Node resolved;
  std::vector<std::string> problems;
};

Read read(const std::string& environments, const std::vector<std::string>& factors) {
  Problems problems;
  Read out;
  const Node node = parse_yaml(environments, "test");
  out.resolved = node;
  for (const NamedEnvironment& named :
       read_environments(node, processes(factors), problems, out.resolved)) {
    out.names.push_back(named.name);
    out.only.push_back(named.only.value_or(std::vector<std::string>{"all"}));
  }
  out.problems = problems.lines();
  return out;
}

TEST(MixedEnvironment, SubsetsStandBehindWhatIsWritten) {
  const Read out = read("{source: {at: 0}, target: {at: end, subsets: true}, late: {at: 7}}",
                        {"prior", "confounding", "lexical", "reward", "visual"});
  EXPECT_THAT(out.problems, IsEmpty());
  EXPECT_THAT(out.names, ElementsAre("source", "target", "late", "target[prior]", "target[lexical]",
                                     "target[prior+lexical]", "target[visual]",
                                     "target[prior+visual]", "target[lexical+visual]"));
  EXPECT_THAT(out.only[5], ElementsAre("prior", "lexical"));
  // What is written out can be read again and means the same.
  const Read again = read(to_json(out.resolved), {});
  EXPECT_EQ(again.names, out.names);
  EXPECT_EQ(again.only, out.only);
}

TEST(MixedEnvironment, WithoutATimeZeroTheEmptySubsetIsAdded) {
  EXPECT_THAT(read("{target: {at: end, subsets: true}}", {"prior", "lexical"}).names,
              ElementsAre("target", "target[none]", "target[prior]", "target[lexical]"));
  EXPECT_THAT(read("{target: {at: end, subsets: true}}", {"lexical"}).names,
              ElementsAre("target", "target[none]"));
  const Read mixed = read("{zero: {at: 0, only: []}, target: {at: end, subsets: true}}", {"prior"});
  EXPECT_THAT(mixed.names, ElementsAre("zero", "target", "target[none]"));
}

TEST(MixedEnvironment, ExperimentsWithoutKeepTheirText) {
  const std::string text = R"({"source": {"at": 0}, "target": {"at": "end"}})";
  EXPECT_EQ(to_json(read(text, {"prior"}).resolved), text);
  EXPECT_EQ(to_json(read(R"({"a": {"at": 0, "only": ["prior"]}})", {"prior"}).resolved),
            R"({"a": {"at": 0, "only": ["prior"]}})");
}

TEST(MixedEnvironment, MistakesAreNamed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{a: {at: end, only: [prior, prior]}}", "distinct names of mechanisms"},
      {"{a: {at: end, only: {b: 1}}}", "expected a list of mechanisms"},
      {"{a: {at: end, subsets: 3}}", "environments.a.subsets: expected true or false"},
      {"{a: {at: end, subsets: true, only: prior}}", "exclude each other"},
      {"{a: {at: end, subset: true}}", "unknown key \"subset\", did you mean \"subsets\"?"},
      {"{a: {at: end, subsets: true}, \"a[none]\": {at: 0, only: []}}", "the file has one already"},
  };
  for (const auto& [text, expected] : cases) {
    const Read out = read(text, {"prior"});
    ASSERT_FALSE(out.problems.empty()) << text;
    EXPECT_THAT(out.problems.front(), HasSubstr(expected)) << text;
  }
  const Read many = read("{a: {at: end, subsets: true}}",
                         {"prior", "mechanism", "spurious", "visual", "lexical", "other"});
  ASSERT_EQ(many.problems.size(), 1U);
  EXPECT_THAT(many.problems[0], HasSubstr("drift moves 6 mechanisms (prior, mechanism, spurious, "
                                          "visual, lexical, other), 64 environments; at most 5"));
  EXPECT_THAT(
      read("{a: {at: end, subsets: true}}", {"prior", "mechanism", "spurious", "visual", "lexical"})
          .names,
      ::testing::SizeIs(32));
}

// Two diseases and four attributes, one of them a marker of the site: few enough to visit every
// joint value.
constexpr const char* kGraph = R"(graph: four
source: invented
categories: [shape]
diseases: [{name: a, label: A}, {name: b, label: B}]
attributes:
  - {name: k0, label: K0, category: shape}
  - {name: k1, label: K1, category: shape}
  - {name: k2, label: K2, category: shape}
edges:
  - {disease: a, attribute: k0, relation: association, reason: r}
  - {disease: a, attribute: k1, relation: association, reason: r}
  - {disease: b, attribute: k1, relation: association, reason: r}
  - {disease: b, attribute: k2, relation: association, reason: r}
)";

std::string experiment_text(const std::string& graph) {
  return "experiment: mixed\n"
         "world: {type: concept, graph: " +
         graph +
         ", sites: 2, confounding: 1.5, spurious: 1, max_mentions: 3}\n"
         "drift:\n"
         "  - {type: sudden, factor: prior, at: 5, to: [0.2, 0.8]}\n"
         "  - {type: sudden, factor: confounding, at: 5, to: 0.25}\n"
         "  - {type: sudden, factor: lexical, at: 5, to: reversed}\n"
         "  - {type: sudden, factor: visual, table: noise, at: 5, to: 1.3}\n"
         "environments: {source: {at: 0}, target: {at: end, subsets: true}}\n"
         "policy: {type: log_linear}\n"
         "stages:\n"
         "  - {name: sft, optimizer: sft, data: {environment: source, cases: 32}, steps: 10, "
         "batch: 16, stepper: {type: adam, lr: 0.05}}\n"
         "evaluate: {cases: 20}\n"
         "record: {every: 5, probes: 3, tokens_full: 3}\n";
}

struct Tiny {
  log_test::TemporaryFolder folder;
  std::shared_ptr<const Experiment> experiment;
  std::unique_ptr<WorldContext> context;
  Tiny() {
    engine_test::write_file(folder / "four.yaml", kGraph);
    engine_test::write_file(folder / "mixed.yaml", experiment_text(folder / "four.yaml"));
    experiment = check_file(load_experiment_tree(folder / "mixed.yaml", {})).plan.experiment(0);
    context = std::make_unique<WorldContext>(*experiment, 0);
  }
  GenerativeLaw law(const std::string& name) const {
    return std::dynamic_pointer_cast<const GenerativeEnvironment>(context->environment(name))
        ->law();
  }
};

// [V] and [Z] after a prefix, by counting the mass of every joint value that continues it.
void enumerate(const GenerativeLaw& law, const Vocabulary& vocabulary,
               std::span<const float> image_of_case, std::span<const Token> prefix,
               std::vector<double>& next, std::vector<double>& belief) {
  next.assign(vocabulary.size(), 0);
  belief.assign(law.diseases, 0);
  const std::vector<double> image(image_of_case.begin(), image_of_case.end());
  double total = 0;
  test::visit_all(law, image, [&](int, int z, const auto&, std::span<const Slot> report, double p) {
    const std::vector<Token> tokens = make_trajectory(vocabulary, report, -1, z).tokens;
    if (prefix.size() >= tokens.size() ||
        !std::equal(prefix.begin(), prefix.end(), tokens.begin())) {
      return;
    }
    total += p;
    next[tokens[prefix.size()]] += p;
    belief[z] += p;
  });
  for (double& p : next) p /= total;
  for (double& p : belief) p /= total;
}

TEST(MixedEnvironment, TheOracleIsThatOfTheMixedWorld) {
  const Tiny tiny;
  const GenerativeLaw source = tiny.law("source"), target = tiny.law("target");
  const Vocabulary& vocabulary = tiny.context->world().vocabulary();
  int compared = 0;
  for (std::size_t e = 0; e < tiny.experiment->environments.size(); ++e) {
    const NamedEnvironment& named = tiny.experiment->environments[e];
    const std::vector<std::string> all = {"prior", "lexical", "visual"};
    GenerativeLaw mixed = source;
    for (const std::string& mechanism : named.name == "target" ? all
                                        : named.only           ? *named.only
                                                               : std::vector<std::string>{}) {
      if (mechanism == "prior") mixed.pi = target.pi;
      if (mechanism == "lexical") mixed.synonym = target.synonym;
      if (mechanism == "visual") mixed.noise = target.noise;
    }
    const CaseSet& set = tiny.context->probes(e);  // what tokens_full/oracle is written from
    std::vector<double> next, belief;
    for (int n = 0; n < set.cases.size(); ++n) {
      const std::span<const Token> tokens(set.factual.tokens.data() + set.factual.offset[n],
                                          static_cast<std::size_t>(set.factual.length(n)));
      for (int j = 0; j + 1 < set.factual.length(n); ++j) {
        enumerate(mixed, vocabulary, set.cases.image_of(n), tokens.first(j + 1), next, belief);
        for (std::size_t y = 0; y < next.size(); ++y) {
          ASSERT_NEAR(set.oracle[n].law[j * next.size() + y], next[y], 1e-10) << named.name;
        }
        if (vocabulary.is_disease(tokens[j])) continue;  // nothing is left to believe
        for (std::size_t z = 0; z < belief.size(); ++z) {
          ASSERT_NEAR(set.oracle[n].belief[j * belief.size() + z], belief[z], 1e-10) << named.name;
        }
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 60);
}

TEST(MixedEnvironment, TheLawIsThatOfAWorldInWhichOnlyThoseProcessesAct) {
  const Tiny tiny;
  for (const NamedEnvironment& named : tiny.experiment->environments) {
    if (!named.only) continue;
    Experiment fewer = *tiny.experiment;
    fewer.drift.clear();
    for (const auto& process : tiny.experiment->drift) {
      const std::string mechanism = mechanism_of(process->factor());
      if (std::count(named.only->begin(), named.only->end(), mechanism) > 0) {
        fewer.drift.push_back(process);
      }
    }
    WorldContext alone(fewer, 0);
    EXPECT_EQ(largest_change(tiny.context->params_of(named), alone.params_at(10), ""), 0)
        << named.name;
  }
}

TEST(MixedEnvironment, CasesAreDrawnAlikeInAllOfThem) {
  const Tiny tiny;
  // Seven environments beside source share the draws, so what only the wording tells apart shares
  // images and diseases.
  const auto& named = tiny.experiment->environments;
  const auto place = [&](const std::string& name) {
    for (std::size_t e = 0; e < named.size(); ++e) {
      if (named[e].name == name) return e;
    }
    return named.size();
  };
  const Cases& without = tiny.context->evaluation(place("target[prior+visual]")).cases;
  const Cases& with = tiny.context->evaluation(place("target")).cases;
  EXPECT_EQ(without.image, with.image);
  EXPECT_EQ(without.disease, with.disease);
  EXPECT_NE(tiny.context->evaluation(place("source")).cases.disease, with.disease);
}

TEST(MixedEnvironment, TheLogSaysWhatIsTaken) {
  const Tiny tiny;
  const std::string out = tiny.folder / "run";
  const auto said = engine_test::engine(
      {"run", tiny.folder / "mixed.yaml", "--out", out, "--threads", "1", "--quiet"});
  ASSERT_EQ(said.code, 0) << said.err;
  const LogReader log = LogReader::open(out + "/packs/pack_0000.h5");
  const auto names = log.read_strings("drift/environment").values;
  const auto mechanisms = log.read_strings("drift/mechanism").values;
  ASSERT_THAT(mechanisms, ElementsAre("prior", "mechanism", "spurious", "visual", "lexical"));
  ASSERT_EQ(names.size(), 8U);
  EXPECT_THAT(log.read<std::int64_t>("drift/environment_time").values,
              ElementsAre(0, 10, 10, 10, 10, 10, 10, 10));
  const auto taken = log.read<std::uint8_t>("drift/environment_mechanism").values;
  const auto kl = log.read<double>("drift/environment_kl").values;
  for (std::size_t e = 0; e < names.size(); ++e) {
    for (std::size_t m = 0; m < 5; ++m) {
      const bool whole = names[e].find('[') == std::string::npos;
      const bool named = names[e].find(mechanisms[m]) != std::string::npos;
      EXPECT_EQ(taken[e * 5 + m], whole || named ? 1 : 0) << names[e] << " " << mechanisms[m];
      const bool moved = names[e] != "source" && (whole || named) && m != 1 && m != 2;
      EXPECT_EQ(kl[e * 5 + m] > 0, moved) << names[e] << " " << mechanisms[m];
    }
  }
}

TEST(MixedEnvironment, AMechanismThatTheWorldLacksIsNamed) {
  const Tiny tiny;
  const auto said = engine_test::engine({"check", tiny.folder / "mixed.yaml", "--set",
                                         "environments.target={at: end, only: [lexcal]}"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err,
              HasSubstr("environments.target: this world has no mechanism \"lexcal\"; did "
                        "you mean \"lexical\"? known: prior, mechanism, spurious, "
                        "visual, lexical"));
}

TEST(MixedEnvironment, AClaimMayNameOne) {
  const Claim claim =
      parse_claim("c", "cpo[accuracy(target[prior])] > sft", "accuracy(source)", {"sft", "cpo"});
  ASSERT_EQ(claim.parts.size(), 1U);
  EXPECT_EQ(claim.parts[0].terms[0].column.environment, "target[prior]");
  EXPECT_EQ(claim.parts[0].terms[1].column.environment, "source");
}

}  // namespace
}  // namespace tightrope
