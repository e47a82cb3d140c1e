// SPDX-License-Identifier: Apache-2.0
// Policies and metrics handed to other programs, read back by hand.
#include <gmock/gmock.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "analysis/export/export_policy.h"
#include "analysis/export/export_scalars.h"
#include "core/log/files.h"
#include "tests/analysis/run_folder_support.h"

namespace tightrope {
namespace {

using namespace analysis_test;
using log_test::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<std::string> kLayout = {
    R"({"name":"answer.weight","shape":[2,3],"offset":0,"size":6})",
    R"({"name":"answer.bias","shape":[4],"offset":6,"size":4})"};

struct Folder : TemporaryFolder {
  Folder() {
    write_run_folder(path());
    write_policies(path(), sft_pack(), kLayout, 10);
    write_policies(path(), one_pack(), kLayout, 10);
    write_policies(path(), two_pack(), {}, 10);
  }
};

// A reader of the format in a few lines.
struct Tensors {
  nlohmann::json header;
  std::string data;
  explicit Tensors(const std::string& path) {
    const std::string bytes = read_whole_file(path, 1 << 20);
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    EXPECT_EQ(length % 8, 0U);
    header = nlohmann::json::parse(bytes.substr(8, length));
    data = bytes.substr(8 + length);
  }
  std::vector<float> values(const std::string& name) const {
    const auto offsets = header.at(name).at("data_offsets").get<std::vector<std::size_t>>();
    std::vector<float> out((offsets[1] - offsets[0]) / 4);
    std::memcpy(out.data(), data.data() + offsets[0], out.size() * 4);
    return out;
  }
};

TEST(ExportPolicy, TensorsAreNamedAsTheLayoutSays) {
  const Folder folder;
  const ExportedPolicy report =
      export_policy({folder.path(), "one1", "", {}, ""}, folder / "p.safetensors");
  EXPECT_EQ(report.tensors, 2U);
  EXPECT_EQ(report.parameters, 10U);
  const Tensors file(folder / "p.safetensors");
  EXPECT_EQ(file.data.size(), 40U);
  EXPECT_EQ(file.header["answer.weight"]["dtype"], "F32");
  EXPECT_EQ(file.header["answer.weight"]["shape"], (std::vector<int>{2, 3}));
  EXPECT_THAT(file.values("answer.bias"), ElementsAre(1.25F + 6 / 64.0F, 1.25F + 7 / 64.0F,
                                                      1.25F + 8 / 64.0F, 1.25F + 9 / 64.0F));
  EXPECT_EQ(file.values("answer.weight")[0], 1.25F);
  const auto& metadata = file.header["__metadata__"];
  EXPECT_EQ(metadata["experiment"], "invented");
  EXPECT_EQ(metadata["policy"], "log_linear");
  EXPECT_EQ(metadata["segment"], "one1");
  EXPECT_EQ(metadata["seed"], "1");
  EXPECT_EQ(metadata["stage"], "rft");
  EXPECT_EQ(metadata["vocabulary"], R"(["<think>","a","b"])");
}

TEST(ExportPolicy, WithoutALayoutTheyAreFlat) {
  const Folder folder;
  export_policy({folder.path(), "two0", "", {}, ""}, folder / "p.safetensors");
  const Tensors file(folder / "p.safetensors");
  EXPECT_EQ(file.header["parameters"]["shape"], (std::vector<int>{10}));
  EXPECT_EQ(file.values("parameters")[9], 2 + 9 / 64.0F);
}

TEST(ExportPolicy, ChosenByRowSeedAndStage) {
  const Folder folder;
  EXPECT_EQ(export_policy({folder.path(), "", "one", 0, ""}, folder / "p").segment, "one0");
  EXPECT_EQ(export_policy({folder.path(), "", "one", 1, "sft"}, folder / "p").segment, "s1");
  EXPECT_EQ(export_policy({folder.path(), "two", "", 0, ""}, folder / "p").segment, "two0");
}

TEST(ExportPolicy, AnEarlierStageThatIsMissingShiftsNone) {
  const Folder folder;
  std::filesystem::remove(folder.path() + "/packs/pack_0000.h5");
  EXPECT_EQ(export_policy({folder.path(), "", "one", 0, "rft"}, folder / "p").segment, "one0");
}

TEST(ExportPolicy, BadChoicesAreNamed) {
  const Folder folder;
  const auto refused = [&](const PolicyChoice& choice) {
    return message_of<InputError>([&] { export_policy(choice, folder / "p"); });
  };
  EXPECT_THAT(refused({folder.path(), "one2", "", {}, ""}),
              HasSubstr("one2: no such run in " + folder.path() + "; did you mean one0?"));
  EXPECT_THAT(refused({folder.path(), "", "onn", {}, ""}),
              HasSubstr("--row onn: no such row; did you mean \"one\"? rows: one, two"));
  EXPECT_THAT(refused({folder.path(), "", "one", 7, ""}), HasSubstr("seeds: 0, 1"));
  EXPECT_THAT(refused({folder.path(), "", "one", {}, ""}), HasSubstr("more than one run fits"));
  EXPECT_THAT(refused({folder.path(), "one0", "", {}, "sfft"}),
              HasSubstr("no such finished stage; did you mean \"sft\"? stages: sft, rft"));
  EXPECT_THAT(refused({folder.path(), "two1", "", {}, ""}), HasSubstr("the run is not finished"));
  write_policies(folder.path(), one_pack(), kLayout, 10, 1);
  EXPECT_THAT(message_of<IoError>([&] {
                export_policy({folder.path(), "one0", "", {}, ""}, folder / "p");
              }),
              HasSubstr("belongs to another plan"));
  write_policies(folder.path(), one_pack(), kLayout, 9);
  EXPECT_THAT(message_of<IoError>([&] {
                export_policy({folder.path(), "one0", "", {}, ""}, folder / "p");
              }),
              HasSubstr("does not tile the parameters"));
  EXPECT_FALSE(file_exists(folder / "p"));
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

TEST(ExportScalars, ALineForEveryStep) {
  const Folder folder;
  const ScalarsReport report = export_scalars(folder.path(), "scalars", folder / "x.csv");
  EXPECT_EQ(report.left_out, 1U);
  const auto lines = lines_of(folder / "x.csv");
  EXPECT_EQ(
      lines[0],
      "run,id,row,arm,seed_set,seed,rft.beta,parameter_seed,rft.optimizer,x.y,note,stage,step,loss,"
      "wall_seconds,margin");
  ASSERT_EQ(lines.size(), 1U + 4 * 3 + 2 * 2 + 5);
  EXPECT_EQ(report.lines, lines.size() - 1);
  EXPECT_EQ(lines[1], R"(0,one0,one,one,confirm,0,0.5,1,"{""type"":""dpo""}",3,,sft,0,0,0.5,)");
  EXPECT_EQ(lines[10],
            R"(1,one1,one,one,confirm,1,0.5,1,"{""type"":""dpo""}",3,,rft,1,1101,0.5,-1101)");
  EXPECT_EQ(lines[18], R"(2,two0,two,two,confirm,0,,2,sft,4,"a, ""b""",rft,4,2004,0.5,)");
}

TEST(ExportScalars, ALineForEveryEvaluatedCell) {
  const Folder folder;
  export_scalars(folder.path(), "evaluation", folder / "x.csv");
  const auto lines = lines_of(folder / "x.csv");
  ASSERT_EQ(lines.size(), 1U + 4 * 4 + 2 * 4 + 9);
  EXPECT_THAT(lines[0], ::testing::EndsWith("stage,checkpoint,environment,subset,accuracy"));
  EXPECT_THAT(lines[8], ::testing::EndsWith("rft,2,target,all,1002.25"));
}

TEST(ExportScalars, BadRequestsAreNamed) {
  const Folder folder;
  EXPECT_THAT(message_of<InputError>([&] { export_scalars(folder.path(), "token", "x"); }),
              HasSubstr("--group token: expected scalars or evaluation"));
  const TemporaryFolder empty;
  write_manifest(empty.path());
  EXPECT_THAT(message_of<InputError>([&] { export_scalars(empty.path(), "scalars", empty / "x"); }),
              HasSubstr("no stage of any run is finished"));
  EXPECT_FALSE(file_exists(empty / "x"));
  EXPECT_THAT(
      message_of<InputError>([&] { export_scalars(folder.path(), "scalars", empty.path()); }),
      HasSubstr("is a folder; name a file"));
}

}  // namespace
}  // namespace tightrope
