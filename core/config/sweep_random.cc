// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "core/base/hash.h"
#include "core/base/strings.h"
#include "core/config/schema.h"
#include "core/config/sweep_axes.h"
#include "core/random/stream.h"

namespace tightrope::internal {
namespace {

constexpr const char* kLaws =
    "{uniform: [a, b]}, {log_uniform: [a, b]}, {integer: [a, b]} or {choice: [values]}";

using Draw = std::function<Node(Draws&)>;

struct RandomParams {
  std::int64_t count = 1;
  std::int64_t seed = 0;
  Node over;
};

const Schema<RandomParams>& random_schema() {
  static const Schema<RandomParams> schema = [] {
    Schema<RandomParams> s;
    s.field(
        "count", &RandomParams::count,
        {.unit = "point", .range = between(1, 1e6), .help = "points to draw", .required = true});
    s.field("seed", &RandomParams::seed,
            {.unit = "1", .range = at_least(0), .help = "seed of the draws", .required = true});
    s.field("over", &RandomParams::over, {.help = "a law for each path of keys", .required = true});
    return s;
  }();
  return schema;
}

// [a, b] with a < b (a <= b for integers), else a problem and an empty function.
Draw interval_draw(const NodeEntry& law, const std::string& where, Problems& problems) {
  const std::vector<Node>& ends = law.value.items();
  const bool whole = law.key == "integer";
  const bool logarithmic = law.key == "log_uniform";
  const auto refuse = [&](const std::string& rule) {
    problems.add(law.value.mark(), where,
                 fmt::format("expected [a, b] with {}, got {}", rule,
                             ends.empty() ? shown(law.value) : field_text(law.value)));
    return Draw();
  };
  if (whole) {
    if (ends.size() != 2 || !ends[0].as_integer() || !ends[1].as_integer()) {
      return refuse("integers a <= b");
    }
    const std::int64_t low = *ends[0].as_integer();
    const std::int64_t high = *ends[1].as_integer();
    constexpr std::int64_t kWidest = 4'000'000'000;
    const bool narrow = std::abs(low) < kWidest && std::abs(high) < kWidest && high - low < kWidest;
    if (low > high || !narrow) return refuse("integers a <= b and b - a < 4e9");
    return [low, high, mark = law.value.mark()](Draws& draws) {
      const std::uint32_t count = static_cast<std::uint32_t>(high - low + 1);
      return Node::scalar(std::to_string(low + draws.below(count)), false, mark);
    };
  }
  const bool numbers = ends.size() == 2 && ends[0].as_number() && ends[1].as_number();
  const double low = numbers ? *ends[0].as_number() : 0;
  const double high = numbers ? *ends[1].as_number() : 0;
  if (!numbers || !(low < high) || !std::isfinite(high - low) || (logarithmic && low <= 0)) {
    return refuse(logarithmic ? "0 < a < b" : "a < b");
  }
  return [low, high, logarithmic, mark = law.value.mark()](Draws& draws) {
    const double u = draws.uniform();
    const double value = logarithmic ? low * std::pow(high / low, u) : low + (high - low) * u;
    return Node::scalar(number_text(value), false, mark);
  };
}

Draw choice_draw(const NodeEntry& law, const std::string& where, Problems& problems) {
  const std::vector<Node>& values = law.value.items();
  if (values.empty()) {
    problems.add(law.value.mark(), where,
                 "expected a list of values, got " +
                     (law.value.is_sequence() ? "an empty list" : shown(law.value)));
    return {};
  }
  return [values](Draws& draws) {
    return values[draws.below(static_cast<std::uint32_t>(values.size()))];
  };
}

Draw read_law(const NodeEntry& entry, const std::string& where, Problems& problems) {
  if (entry.value.entries().size() == 1) {
    const NodeEntry& law = entry.value.entries()[0];
    const std::string inner = joined_path(where, law.key);
    if (law.key == "choice") return choice_draw(law, inner, problems);
    if (law.key == "uniform" || law.key == "log_uniform" || law.key == "integer") {
      return interval_draw(law, inner, problems);
    }
    problems.add(law.key_mark, inner,
                 fmt::format(
                     "unknown law{} expected {}",
                     [&] {
                       const std::string hint =
                           did_you_mean(law.key, {"uniform", "log_uniform", "integer", "choice"});
                       return hint.empty() ? std::string(";") : hint;
                     }(),
                     kLaws));
    return {};
  }
  problems.add(entry.value.mark(), where,
               fmt::format("expected {}, got {}", kLaws, shown(entry.value)));
  return {};
}

}  // namespace

SweepAxis random_axis(const Node& random, const std::string& path, Problems& problems) {
  SweepAxis axis{"random", random.mark(), {}};
  const std::size_t before = problems.size();
  const RandomParams params = random_schema().read(random, path, problems);
  if (problems.size() > before) return axis;
  const std::string where = joined_path(path, "over");
  if (params.over.entries().empty()) {
    problems.add(params.over.mark(), where,
                 "expected {path: law, ...}, got " +
                     (params.over.is_map() ? "no entries" : shown(params.over)));
    return axis;
  }
  axis.rows.resize(static_cast<std::size_t>(params.count));
  const Stream stream(static_cast<std::uint64_t>(params.seed), Purpose::kSweep, 0);
  for (const NodeEntry& entry : params.over.entries()) {
    if (!is_dotted_path(entry.key)) {
      problems.add(entry.key_mark, where,
                   fmt::format("expected a path of keys such as rft.optimizer.beta, got {}",
                               shown_text(entry.key)));
      continue;
    }
    const Draw draw = read_law(entry, joined_path(where, entry.key), problems);
    if (!draw) continue;
    const Stream own = stream.child(hash64(entry.key));
    for (std::size_t i = 0; i < axis.rows.size(); ++i) {
      Draws draws = own.at(static_cast<std::uint32_t>(i));
      axis.rows[i].overrides.emplace_back(entry.key, draw(draws));
    }
  }
  return axis;
}

}  // namespace tightrope::internal
