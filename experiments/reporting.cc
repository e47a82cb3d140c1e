// SPDX-License-Identifier: Apache-2.0
#include "experiments/reporting.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/api/metric.h"
#include "core/base/paths.h"
#include "core/base/strings.h"
#include "core/config/schema.h"
#include "core/config/yaml.h"

namespace tightrope {
namespace {

struct TableParams {
  std::string name;
  Node rows;
  std::vector<std::string> columns;
  std::string published;
  static Schema<TableParams> schema() {
    Schema<TableParams> s;
    s.field("name", &TableParams::name,
            {.help = "name of the table and its files", .required = true});
    s.field("rows", &TableParams::rows, {.help = "`arms` for every row of the sweep, or a list"});
    s.field("columns", &TableParams::columns,
            {.help = "metric(environment[, subset])", .required = true});
    s.field("published", &TableParams::published,
            {.help = "name of a file in configs/published/ whose figures stand beside"});
    return s;
  }
};

struct ClaimParams {
  std::string name;
  std::string says;
  std::string on;
  static Schema<ClaimParams> schema() {
    Schema<ClaimParams> s;
    s.field("name", &ClaimParams::name, {.help = "short name of the claim", .required = true});
    s.field("says", &ClaimParams::says,
            {.help = "a chain of arms or a linear contrast of arms with < or >", .required = true});
    s.field("on", &ClaimParams::on, {.help = "column for terms without [column]"});
    return s;
  }
};

struct PublishedParams {
  std::string source;
  std::string unit;
  Node rows;
  static Schema<PublishedParams> schema() {
    Schema<PublishedParams> s;
    s.field("source", &PublishedParams::source,
            {.help = "where the figures stand", .required = true});
    s.field("unit", &PublishedParams::unit, {.help = "unit of the figures", .required = true});
    s.field("rows", &PublishedParams::rows,
            {.help = "per row one figure, or figures by column", .required = true});
    return s;
  }
};

class Reader {
 public:
  Reader(const std::vector<std::string>& rows, const ReportingNames& names, Problems& problems)
      : rows_(rows), names_(names), problems_(problems) {}

  TableSpec table(const Node& node, const std::string& path) {
    const TableParams p = TableParams::schema().read(node, path, problems_);
    TableSpec out;
    out.name = p.name;
    if (p.name.find('/') != std::string::npos || !table_names_.insert(p.name).second) {
      problems_.add(node.mark(), path + ".name",
                    "the name of a table is that of its files: without / and unlike the others, "
                    "got \"" +
                        p.name + "\"");
    }
    if (p.rows.is_sequence()) {
      for (const Node& row : p.rows.items()) {
        require(row.text(), rows_, "row", row.mark(), path + ".rows");
        out.rows.push_back(row.text());
      }
    } else if (!p.rows.is_null() && p.rows.text() != "arms") {
      problems_.add(p.rows.mark(), path + ".rows", "expected `arms` or a list of rows");
    }
    for (const std::string& text : p.columns) {
      const Node* columns = node.find("columns");
      column(text, columns != nullptr ? columns->mark() : node.mark(), path + ".columns",
             out.columns);
    }
    if (!p.published.empty()) {
      const Node* written = node.find("published");
      out.published = published(p.published, written->mark(), path + ".published");
    }
    return out;
  }

  ClaimSpec claim(const Node& node, const std::string& path) {
    const ClaimParams p = ClaimParams::schema().read(node, path, problems_);
    if (p.says.empty()) return {p.name, p.says, p.on};
    try {
      for (const Contrast& part : parse_claim(p.name, p.says, p.on, rows_).parts) {
        for (const ClaimTerm& term : part.terms) {
          if (!term.arm.empty()) check(term.column, node.mark(), path);
        }
      }
    } catch (const InputError& error) {
      problems_.add(node.mark(), path, error.what());
    }
    return {p.name, p.says, p.on};
  }

 private:
  void require(const std::string& name, const std::vector<std::string>& known, const char* what,
               const Mark& mark, const std::string& path) {
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    const auto near = nearest(name, known);
    problems_.add(mark, path,
                  "unknown " + std::string(what) + " \"" + name + "\"" +
                      (near ? "; did you mean \"" + *near + "\"?" : ";") +
                      " known: " + join(known, ", "));
  }

  void check(const Column& column, const Mark& mark, const std::string& path) {
    const std::vector<std::string> registered = Registry<Metric>::get().names();
    require(column.metric, registered, "metric", mark, path);
    const auto is_in = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), column.metric) != names.end();
    };
    if (is_in(registered) && !is_in(names_.metrics)) {
      problems_.add(mark, path,
                    "metric " + column.metric +
                        " is computed on request: add it to `evaluate: {metrics: [...]}`");
    }
    if (!column.environment.empty()) {
      require(column.environment, names_.environments, "environment", mark, path);
    }
    require(column.subset, names_.subsets, "subset", mark, path);
  }

  void column(const std::string& text, const Mark& mark, const std::string& path,
              std::vector<Column>& out) {
    try {
      out.push_back(parse_column(text));
      check(out.back(), mark, path);
    } catch (const InputError& error) {
      problems_.add(mark, path, error.what());
    }
  }

  Published published(const std::string& name, const Mark& mark, const std::string& path) {
    const std::filesystem::path folder = data_folder() / "experiments/configs/published";
    const std::filesystem::path file = folder / (name + ".yaml");
    if (!std::filesystem::exists(file)) {
      problems_.add(mark, path,
                    "no file of published figures is named \"" + name + "\" in configs/published");
      return {};
    }
    const PublishedParams p = PublishedParams::schema().read(load_yaml(file), path, problems_);
    Published out{p.source, p.unit, {}};
    for (const NodeEntry& row : p.rows.entries()) {
      Published::Row& to = out.rows.emplace_back();
      to.arm = row.key;
      to.figure = row.value.as_number();
      if (!row.value.is_map()) continue;
      for (const NodeEntry& cell : row.value.entries()) {
        const auto figure = cell.value.as_number();
        if (figure) to.cells.emplace_back(parse_column(cell.key), *figure);
      }
    }
    return out;
  }

  const std::vector<std::string>& rows_;
  const ReportingNames& names_;
  std::set<std::string> table_names_;
  Problems& problems_;
};

}  // namespace

Reporting read_reporting(const Node& tree, const std::vector<std::string>& rows,
                         const ReportingNames& names, Problems& problems) {
  Reader reader(rows, names, problems);
  Reporting out;
  for (const char* key : {"tables", "claims"}) {
    const Node* section = tree.find(key);
    if (section == nullptr || section->is_null()) continue;
    if (!section->is_sequence()) {
      problems.add(section->mark(), key, "expected a list, got " + section->kind_name());
      continue;
    }
    for (std::size_t i = 0; i < section->items().size(); ++i) {
      const std::string path = std::string(key) + "." + std::to_string(i);
      if (std::string(key) == "tables") {
        out.tables.push_back(reader.table(section->items()[i], path));
      } else {
        out.claims.push_back(reader.claim(section->items()[i], path));
      }
    }
  }
  return out;
}

}  // namespace tightrope
