// SPDX-License-Identifier: Apache-2.0
#include "experiments/case_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/config/override.h"
#include "experiments/world_context.h"
#include "graph/ccf_reader.h"

namespace tightrope {
namespace {

namespace fs = std::filesystem;

std::uint64_t hash_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  TR_REQUIRE(in && fs::is_regular_file(path), "{}: there is no such file", path);
  std::uint64_t out = hash64("");
  std::string block(std::size_t{1} << 20, '\0');
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    out = hash64(std::string_view(block.data(), static_cast<std::size_t>(in.gcount())), out);
  }
  TR_REQUIRE(in.eof(), "{}: cannot be read", path);
  return out;
}

void check_stage(const Experiment& experiment, const Stage& stage, std::int64_t seed,
                 const Node& tree, const std::string& path, Problems& problems) {
  std::string key = path + ".data.file";
  try {
    WorldContext context(experiment, seed);
    const Cases cases = read_case_file(stage, context.world());
    const bool pairs = stage.optimizer->trajectories() == TrajectoryKind::kPair;
    if (!pairs || !stage.expert || stage.expert->record_files().empty()) return;
    key = path + ".expert";
    stage.expert->prepare({context.world(), *context.environment(stage.environment), cases, {}});
  } catch (const InputError& error) {
    const Node* node = at_path(tree, key);
    problems.add(node != nullptr ? node->mark() : tree.mark(), key, error.what());
  }
}

}  // namespace

std::uint64_t content_hash(const std::string& path) {
  using Key = std::tuple<std::string, std::uintmax_t, fs::file_time_type>;
  static std::mutex mutex;
  static std::map<Key, std::uint64_t> known;
  std::error_code error;
  const Key key{path, fs::file_size(path, error), fs::last_write_time(path, error)};
  const std::lock_guard lock(mutex);
  const auto found = known.find(key);
  if (found != known.end()) return found->second;
  return known[key] = hash_of(path);
}

Cases read_case_file(const Stage& stage, const World& world) {
  CcfReader reader(stage.file, world, {.skip_malformed = stage.skip_malformed, .complete = true});
  const int count = static_cast<int>(stage.cases);
  Cases out;
  out.resize(count, world.vocabulary().attributes(), world.channels());
  out.id.resize(count);
  CcfRecord record;
  for (int n = 0; n < count; ++n) {
    TR_REQUIRE(reader.next(record), "{}: {} {}records, cases = {} are asked for", stage.file, n,
               reader.malformed() > 0 ? "good " : "", count);
    set_case(record, out, n);
  }
  warn_of_skipped(reader);
  return out;
}

void check_case_files(const Plan& plan, Problems& problems) {
  std::set<std::string> asked;
  for (const Segment& segment : plan.segments()) {
    const std::shared_ptr<const Experiment> experiment = plan.experiment(segment.point);
    const Stage& stage = experiment->stages[segment.stage];
    if (stage.file.empty()) continue;
    const Node& resolved = experiment->resolved.find("stages")->items()[segment.stage];
    const Node* expert = resolved.find("expert");
    const std::string key = plan.world_text(segment.point) + to_json(*resolved.find("data")) +
                            (expert != nullptr ? to_json(*expert) : "");
    if (!asked.insert(key).second) continue;
    check_stage(*experiment, stage, segment.seed, plan.tree(segment.point),
                "stages." + std::to_string(segment.stage), problems);
  }
}

}  // namespace tightrope
