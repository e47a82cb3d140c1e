// SPDX-License-Identifier: Apache-2.0
#include "core/tables/column.h"

#include "core/base/check.h"
#include "core/base/strings.h"

namespace tightrope {

std::string Column::text() const {
  if (environment.empty() && subset == "all") return metric;
  if (subset == "all") return metric + "(" + environment + ")";
  return metric + "(" + environment + ", " + subset + ")";
}

Column parse_column(std::string_view text) {
  const std::string_view whole = trim(text);
  Column column;
  const std::size_t open = whole.find('(');
  column.metric = trim(whole.substr(0, open));
  bool good = !column.metric.empty();
  if (open != std::string_view::npos) {
    good = good && whole.back() == ')';
    const std::string_view inside = whole.substr(open + 1, whole.size() - open - 2);
    const std::vector<std::string> parts = split(inside, ',');
    good = good && parts.size() <= 2 && !trim(parts[0]).empty();
    column.environment = trim(parts[0]);
    if (parts.size() == 2) column.subset = trim(parts[1]);
    good = good && !column.subset.empty();
  }
  TR_REQUIRE(good,
             "cannot read the column \"{}\": expected metric(environment) or "
             "metric(environment, subset), for example accuracy(target, entangled)",
             text);
  return column;
}

}  // namespace tightrope
