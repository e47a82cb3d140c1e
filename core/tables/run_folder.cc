// SPDX-License-Identifier: Apache-2.0
#include "core/tables/run_folder.h"

#include <filesystem>
#include <map>

#include "core/base/check.h"
#include "core/log/reader.h"
#include "core/tables/manifest_lines.h"

namespace tightrope {
namespace {

using json = nlohmann::ordered_json;

constexpr std::int64_t kMaximumLanes = 1 << 20;

std::int64_t integer(const json& j, const char* key) {
  const json& value = j.at(key);
  TR_REQUIRE(value.is_number_integer(), "\"{}\" must be an integer, is {}", key, value.type_name());
  return value.get<std::int64_t>();
}

TableSpec read_table(const json& j) {
  TableSpec table;
  table.name = j.at("name");
  table.rows = j.at("rows").get<std::vector<std::string>>();
  for (const std::string& text : j.at("columns").get<std::vector<std::string>>()) {
    table.columns.push_back(parse_column(text));
  }
  const json& published = j.at("published");
  if (published.is_object()) {
    table.published.source = published.at("source");
    table.published.unit = published.at("unit");
    for (const json& row : published.at("rows")) {
      Published::Row& to = table.published.rows.emplace_back();
      to.arm = row.at(0);
      if (row.at(1).is_number()) {
        to.figure = row.at(1).get<double>();
      } else {
        for (const auto& [column, figure] : row.at(1).items()) {
          to.cells.emplace_back(parse_column(column), figure.get<double>());
        }
      }
    }
  }
  return table;
}

void read_line(const json& j, Manifest& out) {
  const std::string kind = j.at("kind");
  if (kind == "experiment") {
    out.experiment = j.at("name");
    out.hash = j.at("hash");
    out.rows = j.at("rows").get<std::vector<std::string>>();
    out.environments = j.at("environments").get<std::vector<std::string>>();
    for (const json& table : j.at("tables")) out.tables.push_back(read_table(table));
    for (const json& claim : j.at("claims")) {
      out.claims.push_back({claim.at("name"), claim.at("says"), claim.at("on")});
    }
    if (j.contains("runs")) out.run_count = integer(j, "runs");
    for (const ClaimSpec& claim : out.claims) {
      parse_claim(claim.name, claim.says, claim.on, out.rows);  // an error belongs to this line
    }
  } else if (kind == "run") {
    const std::string pack = j.at("pack");
    const std::int64_t lane = integer(j, "lane");
    TR_REQUIRE(pack.find('/') == std::string::npos, "\"pack\" is \"{}\", not a name", pack);
    TR_REQUIRE(lane >= 0 && lane < kMaximumLanes, "\"lane\" is {}", lane);
    out.runs.push_back({j.at("id"), j.at("row"), j.at("seed_set"), j.at("parameters"),
                        integer(j, "seed"), pack, static_cast<int>(lane)});
  }
}

// Of a metric in /evaluation: [lane, 1, environment, subset] at the last checkpoint.
LogArray<double> last_row(const LogReader& log, const LogVariableInfo& variable, std::uint64_t rows,
                          const LogShape& inner) {
  const LogShape expected{variable.shape[0], rows, inner[0], inner[1]};
  if (variable.shape != expected) {
    throw IoError(fmt::format("{}: {} has another shape than its dimensions; the log is damaged",
                              log.path(), variable.name));
  }
  return log.read<double>(variable.name, {0, rows - 1, 0, 0},
                          {variable.shape[0], 1, inner[0], inner[1]});
}

// Final evaluation of one pack by lane.
struct PackResult {
  std::vector<std::map<Column, double>> values;
  std::vector<std::string> status;  // "done" or "diverged"; empty in a log that does not say
};

PackResult read_pack(const std::string& path) {
  const LogReader log = LogReader::open(path);
  const std::uint64_t rows = log.rows("evaluation/checkpoint");
  if (rows == 0) throw IoError(path + ": holds no evaluation");
  const auto environments = log.read_strings("evaluation/environment").values;
  const auto subsets = log.read_strings("evaluation/subset").values;
  PackResult result;
  for (const LogAttribute& attribute : log.attributes()) {
    const auto* texts = std::get_if<std::vector<std::string>>(&attribute.value);
    if (attribute.name == "segment_status" && texts != nullptr) result.status = *texts;
  }
  std::vector<std::map<Column, double>>& out = result.values;
  for (const LogVariableInfo& variable : log.variables("evaluation")) {
    if (variable.dims.size() != 4 || variable.type != LogType::kF64) continue;
    const std::uint64_t lanes = variable.shape[0];
    if (lanes > out.size()) out.resize(lanes);
    const auto block = last_row(log, variable, rows, {environments.size(), subsets.size()});
    const std::string metric = variable.name.substr(variable.name.find('/') + 1);
    std::size_t at = 0;
    for (std::uint64_t lane = 0; lane < lanes; ++lane) {
      for (const std::string& environment : environments) {
        for (const std::string& subset : subsets) {
          out[lane][{metric, environment, subset}] = block.values[at++];
        }
      }
    }
  }
  return result;
}

}  // namespace

Manifest read_manifest(const std::string& folder) {
  Manifest out;
  const int lines = read_manifest_lines(folder, [&](const json& line) { read_line(line, out); });
  const std::string path = folder + "/manifest.jsonl";
  if (out.hash.empty()) throw IoError(path + ": damaged manifest: it has no header line");
  const auto found = static_cast<std::int64_t>(out.runs.size());
  if (out.run_count && *out.run_count != found) {
    throw IoError(fmt::format("{}:{}: damaged manifest: it ends here with {} of {} runs", path,
                              lines, found, *out.run_count));
  }
  return out;
}

Results read_results(const std::string& folder, const Manifest& manifest) {
  std::map<std::string, PackResult> packs;
  std::vector<RunResult> runs;
  for (const Manifest::RunLine& line : manifest.runs) {
    RunResult run;
    run.arm = line.row;
    run.seed = line.seed;
    run.seed_set = line.seed_set;
    run.parameters = line.parameters;
    const std::string path = folder + "/packs/" + line.pack + ".h5";
    if (packs.count(line.pack) == 0) {
      packs[line.pack] = std::filesystem::exists(path) ? read_pack(path) : PackResult{};
    }
    const PackResult& pack = packs[line.pack];
    const auto lane = static_cast<std::size_t>(line.lane);
    if (lane < pack.values.size()) {
      run.values = pack.values[lane];
      if (lane < pack.status.size()) run.status = pack.status[lane];
    } else {
      run.status = "missing";
    }
    runs.push_back(std::move(run));
  }
  return Results(std::move(runs), manifest.rows,
                 manifest.environments.empty() ? "" : manifest.environments.front());
}

}  // namespace tightrope
