// SPDX-License-Identifier: Apache-2.0
#include "experiments/output_folder.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/base/hash.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;

bool has_something(const fs::path& folder) {
  if (!fs::exists(folder)) return false;
  TR_REQUIRE(fs::is_directory(folder), "--out {}: a file of this name exists", folder.string());
  return fs::directory_iterator(folder) != fs::directory_iterator();
}

std::string run_file(const std::string& folder) { return folder + "/run.json"; }

// A kill between claiming the folder and writing run.json leaves the lock alone.
bool only_lock(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().find("lock") == std::string::npos) return false;
  }
  return true;
}

std::string numbered(const std::string& name, int number) {
  return fmt::format("runs/{}-{:03}", name, number);
}

std::string default_folder(const std::string& name, bool existing) {
  int number = 1;
  while (fs::exists(numbered(name, number))) ++number;
  return numbered(name, existing && number > 1 ? number - 1 : number);
}

}  // namespace

OutputChoice choose_output(const std::string& wanted, const std::string& name, bool resume,
                           bool fresh, std::uint64_t plan_hash) {
  const std::string folder = wanted.empty() ? default_folder(name, resume) : wanted;
  if (!has_something(folder)) return {folder, false};
  const bool run_folder = fs::exists(run_file(folder));
  const bool claimed_only = !run_folder && only_lock(folder);
  TR_REQUIRE(run_folder || claimed_only,
             "--out {}: the folder is not empty and holds no run; choose another", folder);
  if (claimed_only || fresh) return {folder, false};
  TR_REQUIRE(resume,
             "--out {}: the folder already holds a run; --resume continues it, --fresh replaces it",
             folder);
  std::ifstream in(run_file(folder));
  const nlohmann::json run = nlohmann::json::parse(in, nullptr, false);
  TR_REQUIRE(run.is_object() && run.contains("hash"),
             "--resume: {} is damaged; --fresh starts over", run_file(folder));
  TR_REQUIRE(run["hash"] == hex(plan_hash),
             "--resume: {} belongs to another plan (hash {}; this file with these options has hash "
             "{}); use the settings it was started with, or --fresh",
             folder, run["hash"].get<std::string>(), hex(plan_hash));
  return {folder, true};
}

void mark_run(const std::string& folder, const std::string& name, std::uint64_t plan_hash) {
  std::ofstream out(run_file(folder));
  out << nlohmann::json{{"experiment", name}, {"hash", hex(plan_hash)}}.dump() << '\n';
  out.close();
  if (!out) throw IoError("cannot write " + run_file(folder));
}

void clear_run(const std::string& folder) {
  for (const char* part : {"run.json", "packs", "tables", "tuning", "manifest.jsonl", "config.yaml",
                           "results.csv", "run.log"}) {
    fs::remove_all(fs::path(folder) / part);
  }
}

}  // namespace tightrope
