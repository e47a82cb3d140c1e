// SPDX-License-Identifier: Apache-2.0
#include "experiments/manifest.h"

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
      for (const auto& [row, figure] : table.published.rows) {
        published["rows"].push_back({row, figure});
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
          {"claims", claims}};
}

std::string parameter_text(const Plan& plan, int point) {
  std::vector<std::string> parts;
  for (const auto& [path, value] : plan.parameters(point)) {
    parts.push_back(path + "=" + (value.is_scalar() ? value.text() : to_json(value)));
  }
  return join(parts, " ");
}

}  // namespace

void write_manifest(const std::string& path, const std::string& experiment, const Plan& plan,
                    const std::vector<std::string>& environments, const Reporting& reporting) {
  const std::string temporary = path + ".tmp";
  std::ofstream out(temporary, std::ios::binary);
  out << header(experiment, plan, environments, reporting).dump() << '\n';
  for (const Segment& segment : plan.segments()) {
    out << json{{"kind", "segment"},
                {"id", segment.id},
                {"parent", segment.parent < 0 ? "" : plan.segments()[segment.parent].id},
                {"stage", segment.stage},
                {"seed", segment.seed},
                {"point", segment.point},
                {"pack", plan.packs()[segment.pack].name},
                {"lane", segment.lane}}
               .dump()
        << '\n';
  }
  for (const Run& run : plan.runs()) {
    const Segment& last = plan.segments()[run.segments.back()];
    out << json{{"kind", "run"},
                {"id", run.id},
                {"row", run.row},
                {"seed_set", run.seed_set},
                {"seed", run.seed},
                {"parameters", parameter_text(plan, run.point)},
                {"values", json::parse(plan.values_json(run.point))},
                {"pack", plan.packs()[last.pack].name},
                {"lane", last.lane}}
               .dump()
        << '\n';
  }
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(temporary, path, error);
  if (!out || error) throw IoError("cannot write " + path + " (disk full or folder not writable)");
}

}  // namespace tightrope
