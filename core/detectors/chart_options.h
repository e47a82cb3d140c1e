// SPDX-License-Identifier: Apache-2.0
// Options that the control charts share.
#pragma once

#include <optional>
#include <string>

#include "core/base/check.h"
#include "core/config/schema.h"

namespace tightrope {

struct ChartParams {
  std::int64_t min_instances = 30;
  std::string mode = "both";
  std::optional<double> mean;
  std::optional<double> deviation;
};

template <class Params>
void add_chart_fields(Schema<Params>& s) {
  s.field("min_instances", &Params::min_instances,
          {.unit = "sample",
           .range = between(1, 1e9),
           .help = "first samples, which give mean and deviation; the last of them is tested"});
  s.field("mode", &Params::mode,
          {.help = "direction of drift looked for", .choices = {"both", "up", "down"}});
  s.field("mean", &Params::mean,
          {.unit = "1", .help = "mean without a change; null for that of the first samples"});
  s.field("deviation", &Params::deviation,
          {.unit = "1",
           .range = greater_than(0),
           .help = "standard deviation without a change; null for that of the first samples"});
  s.check([](const Params& p) -> std::string {
    if (p.mean.has_value() == p.deviation.has_value()) return "";
    return fmt::format("{} = null violates given when {} is", p.mean ? "deviation" : "mean",
                       p.mean ? "mean" : "deviation");
  });
}

}  // namespace tightrope
