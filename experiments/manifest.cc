// SPDX-License-Identifier: Apache-2.0
#include "experiments/manifest.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/hash.h"
#include "core/base/strings.h"

namespace tightrope {
namespace {

using nlohmann::json;

json header(const std::string& experiment, const Plan& plan,
            const std::vector<std::string>& environments, const Reporting& reporting) {
  json tables = json::array();
  for (const TableSpec& table : reporting.tables) {
    json columns = json::array();
    for (const Column& column : table.columns) columns.push_back(column.text());
    json published;
    if (!table.published.source.empty()) {
      published = {{"source", table.published.source}, {"unit", table.published.unit}};
      published["rows"] = json::array();
      for (const Published::Row& row : table.published.rows) {
        json figures = json::object();
        for (const auto& [column, figure] : row.cells) figures[column.text()] = figure;
        if (row.figure) figures = *row.figure;
        published["rows"].push_back({row.arm, figures});
      }
    }
    tables.push_back({{"name", table.name},
                      {"rows", table.rows},
                      {"columns", columns},
                      {"published", published}});
  }
  json claims = json::array();
  for (const ClaimSpec& claim : reporting.claims) {
    claims.push_back({{"name", claim.name}, {"says", claim.says}, {"on", claim.on}});
  }
  return {{"kind", "experiment"}, {"name", experiment},           {"hash", hex(plan.hash())},
          {"rows", plan.rows()},  {"environments", environments}, {"tables", tables},
          {"claims", claims},     {"runs", plan.runs().size()}};
}

std::string parameter_text(const Plan& plan, int point) {
  std::vector<std::string> parts;
  for (const auto& [path, value] : plan.parameters(point)) {
    parts.push_back(path + "=" + (value.is_scalar() ? value.text() : to_json(value)));
  }
  return join(parts, " ");
}

std::string quoted(const std::string& text) { return json_scalar(Node::scalar(text, true)); }

// Written out: building a JSON document for each of 100,000 lines took a third of planning.
std::string line_of(const Plan& plan, const Segment& segment) {
  return fmt::format(
      R"({{"kind":"segment","id":"{}","parent":"{}","stage":{},"seed":{},"point":{},)"
      R"("pack":"{}","lane":{}}})"
      "\n",
      segment.id, segment.parent < 0 ? "" : plan.segments()[segment.parent].id, segment.stage,
      segment.seed, segment.point, plan.packs()[segment.pack].name, segment.lane);
}

std::string line_of(const Plan& plan, const Run& run) {
  const Segment& last = plan.segments()[run.segments.back()];
  return fmt::format(
      R"({{"kind":"run","id":"{}","row":{},"arm":{},"seed_set":"{}","seed":{},"parameters":{},)"
      R"("values":{},)"
      R"("pack":"{}","lane":{}}})"
      "\n",
      run.id, quoted(run.row), quoted(plan.arm(run.point)), run.seed_set, run.seed,
      quoted(parameter_text(plan, run.point)), plan.values_json(run.point),
      plan.packs()[last.pack].name, last.lane);
}

}  // namespace

void write_manifest(const std::string& path, const std::string& experiment, const Plan& plan,
                    const std::vector<std::string>& environments, const Reporting& reporting) {
  const std::string temporary = path + ".tmp";
  std::ofstream out(temporary, std::ios::binary);
  out << header(experiment, plan, environments, reporting).dump() << '\n';
  for (const Segment& segment : plan.segments()) out << line_of(plan, segment);
  for (const Run& run : plan.runs()) out << line_of(plan, run);
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(temporary, path, error);
  if (!out || error) throw IoError("cannot write " + path + " (disk full or folder not writable)");
}

}  // namespace tightrope
