// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <array>
#include <csignal>
#include <fstream>

#include "core/log/files.h"
#include "core/log/lock.h"
#include "tests/core/log_support.h"

namespace tightrope {
namespace {

using log_test::in_child;
using log_test::message_of;
using log_test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(FolderLock, IsExclusiveAndReleased) {
  const TemporaryFolder folder;
  {
    const FolderLock lock = FolderLock::claim(folder.path());
    const std::string text = message_of<InputError>([&] { FolderLock::claim(folder.path()); });
    EXPECT_THAT(text, AllOf(HasSubstr(folder.path()), HasSubstr("has been writing here since"),
                            HasSubstr(std::to_string(::getpid()))));
    EXPECT_EQ(in_child([&] {
                try {
                  FolderLock::claim(folder.path());
                } catch (const InputError&) {
                  return 0;
                }
                return 1;
              }),
              0);
  }
  EXPECT_FALSE(file_exists(folder / ".tightrope.lock"));
  EXPECT_NO_THROW(FolderLock::claim(folder.path()));
}

TEST(FolderLock, AKilledHolderIsTakenOver) {
  const TemporaryFolder folder;
  const int status = in_child([&] {
    const FolderLock lock = FolderLock::claim(folder.path());
    ::raise(SIGKILL);
    return 1;
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(file_exists(folder / ".tightrope.lock"));
  EXPECT_NO_THROW(FolderLock::claim(folder.path()));
}

TEST(FolderLock, AReusedProcessIdDoesNotHold) {
  const TemporaryFolder folder;
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  // The parent lives, but did not start at clock tick 1.
  std::ofstream(folder / ".tightrope.lock") << host.data() << "\n"
                                            << ::getppid() << "\n1\nlong_ago\n";
  EXPECT_NO_THROW(FolderLock::claim(folder.path()));
}

TEST(FolderLock, AnotherHostIsNeverTakenOver) {
  const TemporaryFolder folder;
  std::ofstream(folder / ".tightrope.lock") << "elsewhere\n12\n34\n2000-01-01T00:00:00Z\n";
  EXPECT_THAT(
      message_of<InputError>([&] { FolderLock::claim(folder.path()); }),
      AllOf(HasSubstr("host elsewhere"), HasSubstr("remove"), HasSubstr(".tightrope.lock")));
}

TEST(FolderLock, AFolderThatRefusesIsAClearError) {
  EXPECT_THAT(message_of<IoError>([] { FolderLock::claim("/proc"); }),
              HasSubstr("cannot claim the output folder"));
}

}  // namespace
}  // namespace tightrope
