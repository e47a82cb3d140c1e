// SPDX-License-Identifier: Apache-2.0
#include "analysis/collect/collect.h"

#include <algorithm>
#include <filesystem>

#include "analysis/collect/sweep_writer.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/log/files.h"
#include "core/log/layout.h"
#include "core/log/lock.h"

namespace tightrope {
namespace {

constexpr const char* kSchemaName = "tightrope sweep";

void refuse_unfinished(const RunIndex& index, bool partial) {
  std::vector<std::string> open;
  const std::vector<std::string> packs = index.packs();
  for (const std::string& pack : packs) {
    if (!index.finished(pack)) open.push_back(pack);
  }
  TR_REQUIRE(open.size() < packs.size(), "{}: none of its {} packs is finished", index.folder,
             packs.size());
  if (open.empty() || partial) return;
  const std::size_t shown = std::min<std::size_t>(open.size(), 5);
  throw InputError(
      fmt::format("{}: {} of {} packs are not finished ({}{}); finish the run (--resume), or "
                  "collect what there "
                  "is with --partial",
                  index.folder, open.size(), packs.size(), join(std::span(open).first(shown), ", "),
                  shown < open.size() ? ", ..." : ""));
}

void refuse_foreign(const std::string& path) {
  if (!file_exists(path)) return;
  bool ours = false;
  try {
    for (const LogAttribute& attribute : LogReader::open(path).attributes()) {
      const auto* text = std::get_if<std::string>(&attribute.value);
      ours = ours || (attribute.name == "schema_name" && text != nullptr && *text == kSchemaName);
    }
  } catch (const IoError&) {
    ours = false;
  }
  TR_REQUIRE(ours, "--out {}: exists and is not a collection; choose another name", path);
}

// What the packs say of themselves alike; differing values side by side.
class Origin {
 public:
  void add(const LogReader& log) {
    for (const LogAttribute& attribute : log.attributes()) {
      const auto* text = std::get_if<std::string>(&attribute.value);
      if (text == nullptr) continue;
      for (auto& [name, values] : kept_) {
        if (name == attribute.name) values.insert(*text);
      }
    }
  }
  void write(hdf5::Group& root) const {
    for (const auto& [name, values] : kept_) {
      const std::vector<std::string> all(values.begin(), values.end());
      root.set_attribute(name, join(all, ", "));
    }
  }

 private:
  std::vector<std::pair<std::string, std::set<std::string>>> kept_ = {
      {"experiment", {}}, {"config_hash", {}}, {"version", {}},
      {"revision", {}},   {"device", {}},      {"instruction_set", {}}};
};

class Collection {
 public:
  explicit Collection(const CollectOptions& options)
      : options_(options),
        index_(read_run_index(options.folder)),
        logs_(index_),
        layout_(index_, wanted(options)) {
    refuse_unfinished(index_, options.partial);
    refuse_foreign(options.out);
    for (const std::string& pack : index_.packs()) {
      if (!index_.finished(pack)) continue;
      OpenPack& open = logs_.open(pack);
      layout_.add(pack, open);
      origin_.add(open.log);
    }
    for (const IndexedRun& run : index_.runs) status_.push_back(status_of(run));
  }

  CollectReport write() {
    const FolderLock lock = FolderLock::claim_part(options_.out + ".lock", false);
    const std::string temporary = options_.out + ".partial";
    hdf5::File file = hdf5::File::create(temporary, options_.out);
    try {
      fill(file);
      file.close();
    } catch (...) {
      if (file.is_open()) file.abandon();
      remove_file(temporary);
      throw;
    }
    sync_file(temporary);
    rename_file(temporary, options_.out);
    sync_folder_of(options_.out);
    CollectReport report;
    const auto count = [&](const char* status) {
      return static_cast<std::size_t>(std::count(status_.begin(), status_.end(), status));
    };
    report.runs = index_.runs.size();
    report.done = count("done");
    report.diverged = count("diverged");
    report.failed = count("failed");
    report.missing = count("missing");
    report.stages = layout_.stages().size();
    report.bytes = file_size(options_.out);
    return report;
  }

 private:
  static std::set<std::string> wanted(const CollectOptions& options) {
    const std::vector<std::string>& all = collectable_groups();
    if (options.groups.empty()) return {all.begin(), all.end()};
    for (const std::string& name : options.groups) {
      if (std::find(all.begin(), all.end(), name) != all.end()) continue;
      const auto near = nearest(name, all);
      throw InputError(fmt::format("--groups: no group is named \"{}\"{} known: {}", name,
                                   near ? fmt::format("; did you mean \"{}\"?", *near) : ";",
                                   join(all, ", ")));
    }
    return options.groups;
  }

  std::string status_of(const IndexedRun& run) {
    std::string status = run_status(index_, run);
    for (const RunStage& stage : run.stages) {
      if (status != "done") break;
      if (logs_.open(stage.pack).ends.status[stage.lane] != "done") status = "diverged";
    }
    return status;
  }

  void fill(hdf5::File& file) {
    internal::build_log(file, layout_.schema());
    hdf5::Group root = file.root();
    root.set_attribute("schema_name", std::string(kSchemaName));
    origin_.write(root);
    const bool whole = std::all_of(status_.begin(), status_.end(), [](const std::string& status) {
      return status == "done" || status == "diverged";
    });
    root.set_attribute("status", std::string(whole ? "done" : "partial"));
    const std::vector<std::string> coordinates = run_coordinates(layout_);
    std::vector<std::string> groups = {"meta"};
    for (const auto& [name, group] : layout_.groups()) groups.push_back(name);
    for (const std::string& name : groups) {
      root.open_group(name).set_attribute("coordinates", join(coordinates, " "));
    }
    SweepWriter writer(layout_, std::move(root));
    writer.write_runs(index_, status_);
    for (std::size_t r = 0; r < index_.runs.size(); ++r) write_run(writer, r);
  }

  void write_run(SweepWriter& writer, std::size_t r) {
    const std::size_t stages = layout_.stages().size();
    std::vector<std::string> segments(stages), causes(stages);
    std::vector<std::int64_t> frozen(stages, -1);
    std::vector<const RunStage*> at(stages, nullptr);
    std::string config;
    const RunStage& last = index_.runs[r].stages.back();
    for (const RunStage& stage : index_.runs[r].stages) {
      if (!index_.finished(stage.pack)) continue;
      const OpenPack& open = logs_.open(stage.pack);
      const std::string name = open.log.read_strings("meta/stage").values.at(stage.lane);
      const auto& names = layout_.stages();
      const auto s =
          static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
      at[s] = &stage;
      segments[s] = stage.segment;
      causes[s] = open.ends.cause[stage.lane];
      frozen[s] = open.ends.step[stage.lane];
      if (&stage == &last) config = open.log.read_strings("meta/config").values.at(stage.lane);
    }
    writer.write_meta(r, config, segments, frozen, causes);
    for (std::size_t s = 0; s < stages; ++s) {
      OpenPack* open = at[s] == nullptr ? nullptr : &logs_.open(at[s]->pack);
      for (const auto& [name, group] : layout_.groups()) {
        if (!SweepLayout::has_stages(name)) continue;
        writer.write_stage(name, r, s, open, open == nullptr ? 0 : at[s]->lane);
      }
    }
    if (layout_.groups().count("drift") == 0) return;
    OpenPack* open = index_.finished(last.pack) ? &logs_.open(last.pack) : nullptr;
    writer.write_stage("drift", r, 0, open, last.lane);
  }

  const CollectOptions& options_;
  RunIndex index_;
  PackLogs logs_;
  SweepLayout layout_;
  Origin origin_;
  std::vector<std::string> status_;
};

}  // namespace

CollectReport collect(const CollectOptions& options) { return Collection(options).write(); }

}  // namespace tightrope
