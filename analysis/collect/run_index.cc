// SPDX-License-Identifier: Apache-2.0
#include "analysis/collect/run_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/strings.h"
#include "core/log/files.h"
#include "core/tables/manifest_lines.h"

namespace tightrope {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct SegmentLine {
  std::string parent, pack;
  std::uint64_t lane = 0;
};

class IndexReader {
 public:
  void read(const ordered_json& line) {
    const std::string kind = line.at("kind");
    if (kind == "experiment") {
      out_.experiment = line.at("name");
      out_.hash = line.at("hash");
      if (line.contains("runs")) runs_ = line.at("runs").get<std::size_t>();
    } else if (kind == "segment") {
      const SegmentLine segment{line.at("parent"), line.at("pack"), line.at("lane")};
      if (segment.pack.find('/') != std::string::npos) {
        throw IoError("\"" + segment.pack + "\" is not the name of a pack");
      }
      segments_[line.at("id")] = segment;
    } else if (kind == "run") {
      add_run(line);
    }
  }
  // IoError unless all runs are there that the header counts; older manifests have no count.
  RunIndex take(const std::string& path, int lines) {
    if (out_.hash.empty() || out_.runs.empty()) {
      throw IoError(path + ": damaged manifest: it has no header line or no runs");
    }
    if (runs_ && *runs_ != out_.runs.size()) {
      throw IoError(fmt::format("{}:{}: damaged manifest: it ends here with {} of {} runs", path,
                                lines, out_.runs.size(), *runs_));
    }
    return std::move(out_);
  }

 private:
  void add_run(const ordered_json& line) {
    IndexedRun run{line.at("id"),
                   line.at("row"),
                   line.value("arm", std::string()),
                   line.at("seed_set"),
                   line.at("seed"),
                   {},
                   {}};
    for (std::string id = run.id; !id.empty();) {
      const auto found = segments_.find(id);
      if (found == segments_.end()) throw IoError("the run's segment " + id + " is not listed");
      if (run.stages.size() > 1000) throw IoError("the run's segments go in a circle");
      run.stages.push_back({id, found->second.pack, found->second.lane});
      id = found->second.parent;
    }
    std::reverse(run.stages.begin(), run.stages.end());
    for (const auto& [path, value] : line.at("values").items()) {
      if (known_.insert(path).second) out_.paths.push_back(path);
      run.values[path] = value.dump();
    }
    out_.runs.push_back(std::move(run));
  }

  RunIndex out_;
  std::optional<std::size_t> runs_;  // as the header says
  std::unordered_map<std::string, SegmentLine> segments_;
  std::set<std::string> known_;
};

std::string plain_text(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

std::string RunParameter::text(std::size_t r) const {
  if (const auto* integers = std::get_if<0>(&values)) return std::to_string((*integers)[r]);
  if (const auto* texts = std::get_if<2>(&values)) return (*texts)[r];
  const double number = std::get<1>(values)[r];
  return std::isnan(number) ? "" : number_text(number);
}

std::string RunIndex::log_path(const std::string& pack) const {
  return folder + "/packs/" + pack + ".h5";
}

std::string RunIndex::policies_path(const std::string& pack) const {
  return log_path(pack) + ".policies";
}

bool RunIndex::finished(const std::string& pack) const {
  const auto [at, fresh] = finished_.try_emplace(pack, false);
  if (fresh) at->second = file_exists(log_path(pack));
  return at->second;
}

std::vector<std::string> RunIndex::packs() const {
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const IndexedRun& run : runs) {
    for (const RunStage& stage : run.stages) {
      if (seen.insert(stage.pack).second) out.push_back(stage.pack);
    }
  }
  return out;
}

std::vector<RunParameter> RunIndex::parameters() const {
  std::vector<RunParameter> out;
  for (const std::string& path : paths) {
    std::vector<json> values;
    bool numbers = true, integers = true;
    for (const IndexedRun& run : runs) {
      const auto found = run.values.find(path);
      values.push_back(found == run.values.end() ? json() : json::parse(found->second));
      numbers = numbers && (values.back().is_number() || values.back().is_null());
      integers = integers && values.back().is_number_integer();
    }
    RunParameter& to = out.emplace_back();
    to.path = path;
    if (integers) {
      std::vector<std::int64_t> all;
      for (const json& value : values) all.push_back(value.get<std::int64_t>());
      to.values = std::move(all);
    } else if (numbers) {
      constexpr double kNotSet = std::numeric_limits<double>::quiet_NaN();
      std::vector<double> all;
      for (const json& value : values) {
        all.push_back(value.is_null() ? kNotSet : value.get<double>());
      }
      to.values = std::move(all);
    } else {
      std::vector<std::string> all;
      for (const json& value : values) all.push_back(value.is_null() ? "" : plain_text(value));
      to.values = std::move(all);
    }
  }
  return out;
}

RunIndex read_run_index(const std::string& folder) {
  IndexReader reader;
  const int lines =
      read_manifest_lines(folder, [&](const ordered_json& line) { reader.read(line); });
  RunIndex out = reader.take(folder + "/manifest.jsonl", lines);
  out.folder = folder;
  return out;
}

std::string run_status(const RunIndex& index, const IndexedRun& run) {
  if (index.finished(run.stages.back().pack)) return "done";
  const bool failed = std::any_of(run.stages.begin(), run.stages.end(), [&](const RunStage& stage) {
    return file_exists(index.log_path(stage.pack) + ".failed");
  });
  return failed ? "failed" : "missing";
}

std::string nearest_run(const RunIndex& index, const std::string& text) {
  std::vector<std::string> names;
  for (const IndexedRun& run : index.runs) names.push_back(run.id);
  const auto near = nearest(text, names);
  return near ? fmt::format("; did you mean {}?", *near) : "";
}

}  // namespace tightrope
