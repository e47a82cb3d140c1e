// SPDX-License-Identifier: Apache-2.0
#include "core/base/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <regex>
#include <string>
#include <system_error>

#include "core/base/error.h"
#include "core/base/version.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;

class Paths : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* home = std::getenv("TIGHTROPE_HOME")) saved_ = home;
    folder_ = fs::temp_directory_path() / "tightrope_paths_test";
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "graph" / "data");
  }
  void TearDown() override {
    if (saved_.empty()) {
      unsetenv("TIGHTROPE_HOME");
    } else {
      setenv("TIGHTROPE_HOME", saved_.c_str(), 1);
    }
    fs::remove_all(folder_);
  }
  fs::path folder_;
  std::string saved_;
};

TEST_F(Paths, TheEnvironmentComesFirst) {
  setenv("TIGHTROPE_HOME", folder_.c_str(), 1);
  EXPECT_EQ(data_folder(), folder_);
}

TEST_F(Paths, AWrongEnvironmentIsAnErrorAndNotPassedOver) {
  setenv("TIGHTROPE_HOME", "/no/such/folder", 1);
  try {
    data_folder();
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("TIGHTROPE_HOME is '/no/such/folder'"));
  }
}

TEST_F(Paths, WithoutTheEnvironmentTheSourceFolderServes) {
  unsetenv("TIGHTROPE_HOME");
  EXPECT_EQ(data_folder(), fs::path(TIGHTROPE_SOURCE_DIR));
}

TEST_F(Paths, AnInstalledFolderComesBeforeTheSourceFolder) {
  unsetenv("TIGHTROPE_HOME");
  const fs::path installed = program_folder().parent_path() / "share" / "tightrope";
  ASSERT_FALSE(fs::exists(installed));
  fs::create_directories(installed / "graph" / "data");
  const fs::path found = data_folder();
  fs::remove_all(installed);
  std::error_code not_empty;
  fs::remove(installed.parent_path(), not_empty);
  EXPECT_EQ(found, installed);
}

TEST(Version, IsTheProjectsAndTheRevisionIsGitsOrUnknown) {
  EXPECT_TRUE(std::regex_match(std::string(program_version()), std::regex(R"(\d+\.\d+\.\d+)")));
  EXPECT_TRUE(std::regex_match(std::string(program_revision()),
                               std::regex("unknown|[0-9a-f]{7,40}(-dirty)?")))
      << program_revision();
}

}  // namespace
}  // namespace tightrope
