// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <fstream>
#include <limits>

#include "core/log/checkpoint.h"
#include "core/log/files.h"
#include "tests/core/log_support.h"

namespace tightrope {
namespace {

using log_test::message_of;
using log_test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

Checkpoint example(std::int64_t step) {
  Checkpoint checkpoint(42);
  checkpoint.set("step", std::vector<std::int64_t>{step});
  checkpoint.set("weights",
                 std::vector<float>{1.5f, -0.0f, std::numeric_limits<float>::denorm_min()});
  checkpoint.set("state", std::vector<double>{0.1, 1e300});
  checkpoint.set("bytes", std::vector<std::uint8_t>{0, 255});
  checkpoint.set("names", std::vector<std::string>{"", "a\nb"});
  checkpoint.set("empty", std::vector<double>{});
  return checkpoint;
}

void put_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::int64_t step_of(const Checkpoint& checkpoint) {
  return checkpoint.get<std::int64_t>("step").at(0);
}

TEST(Checkpoint, ComesBackUnchanged) {
  const Checkpoint before = example(7);
  const Checkpoint after = decode(encode(before), "test");
  EXPECT_EQ(after.values(), before.values());
  EXPECT_EQ(after.config_hash(), 42u);
  EXPECT_THROW(after.get<double>("step"), IoError);
  EXPECT_THROW(after.get<double>("none"), IoError);
}

TEST(Checkpoint, EveryTruncationAndEveryFlippedBitIsSeen) {
  const std::string bytes = encode(example(7));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(decode(bytes.substr(0, length), "test"), IoError) << length;
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_THROW(decode(flipped, "test"), IoError) << bit;
  }
  EXPECT_THROW(decode(bytes + "x", "test"), IoError);
}

TEST(Checkpoint, ErrorsSayWhatIsWrong) {
  std::string bytes = encode(example(7));
  auto text = [](const std::string& data) {
    return message_of<IoError>([&] { decode(data, "FILE"); });
  };
  EXPECT_THAT(text(bytes.substr(0, 10)), AllOf(HasSubstr("FILE"), HasSubstr("truncated")));
  EXPECT_THAT(text(bytes.substr(0, bytes.size() - 1)), HasSubstr("truncated"));
  EXPECT_THAT(text(std::string(100, 'x')), HasSubstr("not a checkpoint"));
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_THAT(text(bytes), HasSubstr("checksum"));
  bytes[8] = 99;
  EXPECT_THAT(text(bytes), HasSubstr("newer"));
}

TEST(Checkpoint, KeepsTwoAndLoadsTheNewest) {
  const TemporaryFolder folder;
  const std::string path = folder / "p.ckpt";
  EXPECT_FALSE(load_checkpoint(path, 42).has_value());
  for (int step = 1; step <= 3; ++step) save_checkpoint(path, example(step));
  const auto loaded = load_checkpoint(path, 42);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(step_of(loaded->checkpoint), 3);
  EXPECT_EQ(loaded->warning, "");
  EXPECT_EQ(step_of(decode(read_whole_file(path + ".previous", 1 << 20), "")), 2);
  EXPECT_FALSE(file_exists(path + ".tmp"));
  remove_checkpoints(path);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Checkpoint, FallsBackWithAWarningAndKeepsTheGoodOne) {
  const TemporaryFolder folder;
  const std::string path = folder / "p.ckpt";
  for (int step = 1; step <= 2; ++step) save_checkpoint(path, example(step));
  const std::string bytes = read_whole_file(path, 1 << 20);
  put_bytes(path, bytes.substr(0, bytes.size() / 2));
  const auto loaded = load_checkpoint(path, 42);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(step_of(loaded->checkpoint), 1);
  EXPECT_THAT(loaded->warning, AllOf(HasSubstr("warning"), HasSubstr("truncated"),
                                     HasSubstr("continuing from"), HasSubstr(".previous")));
  // The damaged one must not become the previous one: that would drop the only good file.
  EXPECT_EQ(step_of(decode(read_whole_file(path + ".previous", 1 << 20), "")), 1);
  EXPECT_TRUE(file_exists(path + ".damaged"));
  save_checkpoint(path, example(5));
  EXPECT_EQ(step_of(decode(read_whole_file(path + ".previous", 1 << 20), "")), 1);
  EXPECT_EQ(step_of(load_checkpoint(path, 42)->checkpoint), 5);
}

TEST(Checkpoint, BothDamagedIsAnError) {
  const TemporaryFolder folder;
  const std::string path = folder / "p.ckpt";
  for (int step = 1; step <= 2; ++step) save_checkpoint(path, example(step));
  put_bytes(path, "x");
  put_bytes(path + ".previous", "y");
  EXPECT_THAT(message_of<IoError>([&] { load_checkpoint(path, 42); }),
              AllOf(HasSubstr("no usable checkpoint"), HasSubstr("p.ckpt.previous")));
}

TEST(Checkpoint, AnotherConfigurationIsRefused) {
  const TemporaryFolder folder;
  const std::string path = folder / "p.ckpt";
  save_checkpoint(path, example(1));
  EXPECT_THAT(message_of<InputError>([&] { load_checkpoint(path, 43); }),
              HasSubstr("another configuration"));
}

TEST(Checkpoint, AFolderThatRefusesIsAClearError) {
  EXPECT_THAT(message_of<IoError>([] { save_checkpoint("/proc/p.ckpt", example(1)); }),
              HasSubstr("cannot create /proc/p.ckpt.tmp"));
}

}  // namespace
}  // namespace tightrope
