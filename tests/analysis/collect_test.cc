// SPDX-License-Identifier: Apache-2.0
// Every number of a collection is where the packs' own numbers say it belongs.
#include "analysis/collect/collect.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "analysis/collect/run_index.h"
#include "core/log/files.h"
#include "core/log/lock.h"
#include "tests/analysis/run_folder_support.h"

namespace tightrope {
namespace {

using namespace analysis_test;
using log_test::message_of;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Sweep {
  TemporaryFolder folder;
  CollectReport report;
  std::unique_ptr<LogReader> log;
  Sweep() {
    write_run_folder(folder.path());
    report = collect({folder.path(), folder / "sweep.h5", {}, true});
    log = std::make_unique<LogReader>(LogReader::open(folder / "sweep.h5"));
  }
  std::vector<std::string> texts(const std::string& name) const {
    return log->read_strings(name).values;
  }
};

TEST(Collect, RunsAreCoordinatesOfEveryGroup) {
  const Sweep s;
  EXPECT_EQ(s.report.runs, 4U);
  EXPECT_EQ(s.report.done, 2U);
  EXPECT_EQ(s.report.diverged, 1U);
  EXPECT_EQ(s.report.missing, 1U);
  EXPECT_EQ(s.report.stages, 2U);
  for (const char* group : {"meta", "scalars", "evaluation", "drift", "tokens"}) {
    const std::string g = std::string(group) + "/";
    EXPECT_THAT(s.texts(g + "id"), ElementsAre("one0", "one1", "two0", "two1")) << group;
    EXPECT_THAT(s.texts(g + "arm"), ElementsAre("one", "one", "two", "two")) << group;
    EXPECT_THAT(s.texts(g + "status"), ElementsAre("done", "diverged", "done", "missing")) << group;
    EXPECT_THAT(s.log->read<std::int64_t>(g + "seed").values, ElementsAre(0, 1, 0, 1)) << group;
    // Settings: numbers, integers where all are, texts where not; `seed` is taken.
    const auto beta = s.log->read<double>(g + "rft_beta").values;
    EXPECT_EQ(beta[0], 0.5);
    EXPECT_TRUE(std::isnan(beta[2]));
    EXPECT_THAT(s.log->read<std::int64_t>(g + "parameter_seed").values, ElementsAre(1, 1, 2, 2));
    EXPECT_THAT(s.log->read<std::int64_t>(g + "x_y").values, ElementsAre(3, 3, 4, 4));
    EXPECT_THAT(s.texts(g + "rft_optimizer"),
                ElementsAre(R"({"type":"dpo"})", R"({"type":"dpo"})", "sft", "sft"));
    EXPECT_THAT(s.texts(g + "note"), ElementsAre("", "", "a, \"b\"", "a, \"b\""));
  }
}

// The pack and lane of a run's stage, or null.
struct Place {
  const PackPlan* pack;
  std::size_t lane;
};
std::vector<std::vector<Place>> places() {
  static const PackPlan sft = sft_pack(), one = one_pack(), two = two_pack();
  return {{{&sft, 0}, {&one, 0}},
          {{&sft, 1}, {&one, 1}},
          {{&sft, 0}, {&two, 0}},
          {{&sft, 1}, {nullptr, 0}}};
}

bool has(const std::vector<std::int64_t>& all, std::int64_t x) {
  return std::find(all.begin(), all.end(), x) != all.end();
}
bool has(const std::vector<std::string>& all, const std::string& x) {
  return std::find(all.begin(), all.end(), x) != all.end();
}

TEST(Collect, ScalarsArePaddedAtTheEnd) {
  const Sweep s;
  const auto loss = s.log->read<double>("scalars/loss");
  const auto margin = s.log->read<double>("scalars/margin");
  const auto wall = s.log->read<double>("scalars/wall_seconds");
  ASSERT_EQ(loss.shape, (LogShape{4, 2, 5}));
  EXPECT_THAT(s.texts("scalars/stage"), ElementsAre("sft", "rft"));
  for (std::size_t r = 0, i = 0; r < 4; ++r) {
    for (std::size_t stage = 0; stage < 2; ++stage) {
      const Place at = places()[r][stage];
      for (int t = 0; t < 5; ++t, ++i) {
        if (at.pack == nullptr || t >= at.pack->steps) {
          EXPECT_TRUE(std::isnan(loss.values[i]) && std::isnan(wall.values[i])) << i;
        } else {
          EXPECT_EQ(loss.values[i], scalar_at(*at.pack, at.lane, t)) << i;
          EXPECT_EQ(wall.values[i], 0.5);
        }
        const bool margins = at.pack != nullptr && !at.pack->metric.empty() && t < at.pack->steps;
        EXPECT_EQ(std::isnan(margin.values[i]), !margins) << i;
        if (margins) {
          EXPECT_EQ(margin.values[i], -loss.values[i]);
        }
      }
    }
  }
}

TEST(Collect, AxesAreUnitedByTheirValues) {
  const Sweep s;
  const auto checkpoints = s.log->read<std::int64_t>("evaluation/checkpoint").values;
  const auto environments = s.texts("evaluation/environment");
  EXPECT_THAT(checkpoints, ElementsAre(0, 2, 3, 5));
  EXPECT_THAT(environments, ElementsAre("source", "target", "middle"));
  const auto accuracy = s.log->read<double>("evaluation/accuracy");
  const auto tokens = s.log->read<std::int32_t>("tokens/token");
  ASSERT_EQ(accuracy.shape, (LogShape{4, 2, 4, 3, 1}));
  ASSERT_EQ(tokens.shape, (LogShape{4, 2, 4, 3, 3, 2}));
  std::size_t i = 0, t = 0, filled = 0;
  for (const auto& run : places()) {
    for (const Place& at : run) {
      for (const std::int64_t c : checkpoints) {
        for (const std::string& e : environments) {
          const bool there =
              at.pack != nullptr && has(at.pack->checkpoints, c) && has(at.pack->environments, e);
          const double value = accuracy.values[i++];
          EXPECT_EQ(std::isnan(value), !there) << i;
          if (there) {
            EXPECT_EQ(value, accuracy_at(*at.pack, at.lane, c, e)) << i;
          }
          for (int j = 0; j < 3; ++j) {
            for (int k = 0; k < 2; ++k) {
              const bool cell = there && j < at.pack->positions && k < at.pack->top;
              const std::int32_t expected = cell ? token_at(*at.pack, at.lane, c, e, j, k) : -1;
              EXPECT_EQ(tokens.values[t++], expected) << t;
              filled += cell ? 1 : 0;
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(filled, 4U * 16 + 2 * 16 + 27);
}

TEST(Collect, MasksAndTextsArePadded) {
  const Sweep s;
  const auto valid = s.log->read<std::uint8_t>("tokens/valid");
  ASSERT_EQ(valid.shape, (LogShape{4, 2, 3, 3}));
  EXPECT_EQ(std::count(valid.values.begin(), valid.values.end(), 1), 4 * 4 + 2 * 4 + 9);
  EXPECT_EQ(std::count(valid.values.begin(), valid.values.end(), 0), 72 - 33);
  const auto kl = s.log->read<double>("drift/kl");  // of the last stage
  ASSERT_EQ(kl.shape, (LogShape{4, 3}));
  EXPECT_EQ(kl.values[1], 1005);
  EXPECT_TRUE(std::isnan(kl.values[2]));
  EXPECT_EQ(kl.values[8], 2009);
  EXPECT_TRUE(std::isnan(kl.values[9]));
  EXPECT_THAT(s.texts("drift/event_factor"),
              ElementsAre("one0/0", "", "one1/0", "", "two0/0", "two0/1", "", ""));
}

TEST(Collect, MetaSaysHowEachStageEnded) {
  const Sweep s;
  EXPECT_THAT(s.texts("meta/segment"),
              ElementsAre("s0", "one0", "s1", "one1", "s0", "two0", "s1", ""));
  EXPECT_THAT(s.log->read<std::int64_t>("meta/frozen_step").values,
              ElementsAre(-1, -1, -1, 1, -1, -1, -1, -1));
  EXPECT_EQ(s.texts("meta/frozen_cause")[3], "the loss is not finite");
  EXPECT_THAT(s.texts("meta/config")[2], HasSubstr("two0"));
  EXPECT_EQ(s.texts("meta/config")[3], "");
  EXPECT_THAT(s.texts("meta/token"), ElementsAre("<think>", "a", "b"));
  std::map<std::string, std::string> attributes;
  for (const LogAttribute& attribute : s.log->attributes()) {
    if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      attributes[attribute.name] = *text;
    }
  }
  EXPECT_EQ(attributes["schema_name"], "tightrope sweep");
  EXPECT_EQ(attributes["status"], "partial");
  EXPECT_EQ(attributes["revision"], "abc");
}

TEST(Collect, AnUnfinishedFolderIsRefused) {
  TemporaryFolder folder;
  write_run_folder(folder.path());
  const std::string text = message_of<InputError>([&] {
    collect({folder.path(), folder / "sweep.h5", {}, false});
  });
  EXPECT_THAT(
      text, AllOf(HasSubstr("1 of 4 packs are not finished (pack_0003)"), HasSubstr("--partial")));
  EXPECT_FALSE(file_exists(folder / "sweep.h5"));
  std::ofstream(folder / "packs/pack_0003.h5.failed") << "disk full\n";
  EXPECT_EQ(collect({folder.path(), folder / "sweep.h5", {}, true}).failed, 1U);
  // Again: an earlier collection is replaced, a file of somebody else is not.
  EXPECT_EQ(collect({folder.path(), folder / "sweep.h5", {}, true}).runs, 4U);
  EXPECT_FALSE(file_exists(folder / "sweep.h5.partial"));
  std::ofstream(folder / "mine.h5") << "precious";
  EXPECT_THAT(message_of<InputError>([&] {
                collect({folder.path(), folder / "mine.h5", {}, true});
              }),
              HasSubstr("is not a collection"));
  EXPECT_THAT(message_of<InputError>([&] {
                collect({folder.path(), folder / "packs/pack_0000.h5", {}, true});
              }),
              HasSubstr("is not a collection"));
  TemporaryFolder empty;
  write_manifest(empty.path());
  EXPECT_THAT(message_of<InputError>([&] {
                collect({empty.path(), empty / "s.h5", {}, true});
              }),
              HasSubstr("none of its 4 packs is finished"));
}

TEST(Collect, VocabulariesMustAgreeUnderTokens) {
  TemporaryFolder folder;
  write_manifest(folder.path());
  PackPlan two = two_pack();
  two.tokens.push_back("c");
  write_pack(folder.path(), sft_pack());
  write_pack(folder.path(), one_pack());
  write_pack(folder.path(), two);
  EXPECT_THAT(
      message_of<InputError>([&] {
        collect({folder.path(), folder / "s.h5", {}, true});
      }),
      AllOf(HasSubstr("pack_0000 and pack_0002 have different vocabularies (3 and 4 tokens)"),
            HasSubstr("--groups")));
  collect({folder.path(), folder / "s.h5", {"scalars", "evaluation"}, true});
  const LogReader log = LogReader::open(folder / "s.h5");
  EXPECT_THAT(log.groups(), ElementsAre("meta", "scalars", "evaluation"));
  EXPECT_FALSE(log.has("meta/token"));
}

TEST(Collect, DamageIsNamed) {
  TemporaryFolder folder;
  write_run_folder(folder.path());
  const std::string path = folder / "packs/pack_0001.h5";
  std::filesystem::resize_file(path, file_size(path) / 2);
  EXPECT_THAT(message_of<IoError>([&] {
                collect({folder.path(), folder / "s.h5", {}, true});
              }),
              HasSubstr("pack_0001.h5"));
  EXPECT_FALSE(file_exists(folder / "s.h5"));
  std::ofstream(folder / "manifest.jsonl", std::ios::app)
      << run_line("lost", "two", 1, "{}", "pack_0003", 0);
  EXPECT_THAT(
      message_of<IoError>([&] {
        collect({folder.path(), folder / "s.h5", {}, true});
      }),
      HasSubstr("manifest.jsonl:12: damaged manifest: the run's segment lost is not listed"));
}

TEST(Collect, IsForOneProcessAtATime) {
  TemporaryFolder folder;
  write_run_folder(folder.path());
  const FolderLock other = FolderLock::claim_part(folder / "s.h5.lock", false);
  EXPECT_THAT(message_of<InputError>([&] {
                collect({folder.path(), folder / "s.h5", {}, true});
              }),
              HasSubstr("has been writing here since"));
  EXPECT_FALSE(file_exists(folder / "s.h5"));
}

TEST(RunIndex, APackThatFinishesLaterStaysUnfinished) {
  TemporaryFolder folder;
  write_run_folder(folder.path());
  const RunIndex index = read_run_index(folder.path());
  EXPECT_FALSE(index.finished("pack_0003"));
  std::ofstream(folder / "packs/pack_0003.h5") << "a log";
  EXPECT_FALSE(index.finished("pack_0003"));
  EXPECT_EQ(run_status(index, index.runs[3]), "missing");
  EXPECT_TRUE(read_run_index(folder.path()).finished("pack_0003"));
}

TEST(RunIndex, AManifestThatLostRunsIsRefused) {
  TemporaryFolder folder;
  write_run_folder(folder.path());
  std::stringstream text;
  text << std::ifstream(folder / "manifest.jsonl").rdbuf();
  std::string manifest = text.str();
  const auto with_runs = [&](const std::string& runs) {
    std::string changed = manifest;
    changed.replace(changed.find("\"rows\""), 6, "\"runs\":" + runs + ",\"rows\"");
    std::ofstream(folder / "manifest.jsonl") << changed;
  };
  with_runs("4");
  EXPECT_EQ(read_run_index(folder.path()).runs.size(), 4U);
  with_runs("5");
  EXPECT_THAT(message_of<IoError>([&] { read_run_index(folder.path()); }),
              HasSubstr("manifest.jsonl:11: damaged manifest: it ends here with 4 of 5 runs"));
}

TEST(Collect, BlocksSmallerThanARunGiveTheSame) {
  TemporaryFolder folder;
  write_manifest(folder.path());
  PackPlan longer = one_pack();
  longer.steps = 700000;  // 5.3 MiB of one variable of one run: two blocks
  write_pack(folder.path(), sft_pack());
  write_pack(folder.path(), longer);
  write_pack(folder.path(), two_pack());
  collect({folder.path(), folder / "s.h5", {"scalars"}, true});
  const LogReader log = LogReader::open(folder / "s.h5");
  const auto loss = log.read<double>("scalars/loss", {1, 1, 0}, {1, 1, 700000});
  for (int t = 0; t < 700000; ++t) ASSERT_EQ(loss.values[t], scalar_at(longer, 1, t));
  const auto other = log.read<double>("scalars/loss", {2, 1, 0}, {1, 1, 700000});
  for (int t = 5; t < 700000; ++t) ASSERT_TRUE(std::isnan(other.values[t]));
}

}  // namespace
}  // namespace tightrope
