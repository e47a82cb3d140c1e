// SPDX-License-Identifier: Apache-2.0
#include "experiments/output_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/log/files.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;

bool has_something(const fs::path& folder) {
  if (!fs::exists(folder)) return false;
  TR_REQUIRE(fs::is_directory(folder), "--out {}: a file of this name exists", folder.string());
  return fs::directory_iterator(folder) != fs::directory_iterator();
}

std::string run_file(const std::string& folder) { return folder + "/run.json"; }

// A kill between claiming the folder and writing run.json leaves the lock alone; a worker, its own
// unfinished run.json.
bool only_lock(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.find("lock") == std::string::npos && !name.starts_with("run.json.")) return false;
  }
  return true;
}

std::string run_text(const std::string& name, std::uint64_t plan_hash) {
  return nlohmann::json{{"experiment", name}, {"hash", hex(plan_hash)}}.dump() + "\n";
}

// Throws InputError unless the folder's run is of this plan; `option` and what else there is to do
// for the message.
void check_run_file(const std::string& folder, std::uint64_t plan_hash, const std::string& option,
                    const std::string& otherwise) {
  std::ifstream in(run_file(folder));
  const nlohmann::json run = nlohmann::json::parse(in, nullptr, false);
  TR_REQUIRE(run.is_object() && run.contains("hash") && run["hash"].is_string(),
             "{}: {} is damaged; {} starts over", option, run_file(folder), otherwise);
  TR_REQUIRE(run["hash"] == hex(plan_hash),
             "{}: {} belongs to another plan (hash {}; this file with these options has hash "
             "{}); use the settings it was started with, or {}",
             option, folder, run["hash"].get<std::string>(), hex(plan_hash), otherwise);
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
  check_run_file(folder, plan_hash, "--resume", "--fresh");
  return {folder, true};
}

void mark_run(const std::string& folder, const std::string& name, std::uint64_t plan_hash) {
  replace_file(run_file(folder), run_text(name, plan_hash));
}

void join_run(const std::string& folder, const std::string& name, std::uint64_t plan_hash) {
  // Asked again last: another worker may make run.json, then the rest, while this one looks.
  const bool free =
      fs::exists(run_file(folder)) || only_lock(folder) || fs::exists(run_file(folder));
  TR_REQUIRE(free, "--out {}: the folder is not empty and holds no run; choose another", folder);
  const std::string mine = private_name(run_file(folder));
  write_file_synced(mine, run_text(name, plan_hash));
  keep_first(mine, run_file(folder));
  check_run_file(folder, plan_hash, "--out", "another folder");
}

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw IoError("cannot make the folder " + path + ": " + error.message());
}

bool same_content(const std::string& a, const std::string& b) {
  std::ifstream left(a, std::ios::binary), right(b, std::ios::binary);
  if (!left || !right || fs::file_size(a) != fs::file_size(b)) return false;
  return std::equal(std::istreambuf_iterator<char>(left), std::istreambuf_iterator<char>(),
                    std::istreambuf_iterator<char>(right));
}

void clear_run(const std::string& folder) {
  for (const char* part : {"run.json", "packs", "tables", "tuning", "manifest.jsonl", "config.yaml",
                           "results.csv", "run.log"}) {
    fs::remove_all(fs::path(folder) / part);
  }
}

}  // namespace tightrope
