// SPDX-License-Identifier: Apache-2.0
// A small world's tables and ways to build and run drift processes in tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/api/drift_process.h"
#include "core/api/world.h"
#include "core/base/math.h"
#include "core/config/yaml.h"

namespace tightrope::drift_test {

// Tables of every constraint and factor a world may have; 3 sites, 4 diseases, 6 attributes.
inline WorldParams small_world() {
  WorldParams p;
  p.add({"prior", "prior", Constraint::kSimplex, {"disease"}, {4}, {0.4, 0.3, 0.2, 0.1}, "1", ""});
  p.add({"confounding", "confounding", Constraint::kNonNegative, {}, {}, {2.5}, "nat", ""});
  std::vector<double> theta;
  for (int z = 0; z < 4; ++z) {
    for (int k = 0; k < 6; ++k) theta.push_back(k == z ? 0.8 : k == 5 ? 0.02 : 0.1 + 0.01 * k);
  }
  p.add({"theta",
         "mechanism",
         Constraint::kProbability,
         {"disease", "attribute"},
         {4, 6},
         theta,
         "1",
         ""});
  p.add({"noise", "visual", Constraint::kPositive, {"channel"}, {3}, {0.2, 0.35, 0.4}, "1", ""});
  p.add({"shift", "visual", Constraint::kReal, {"channel"}, {3}, {0, 0, -1}, "1", ""});
  p.add({"polarity", "visual", Constraint::kProbability, {}, {}, {0.94}, "1", ""});
  p.add({"synonym",
         "lexical",
         Constraint::kSimplex,
         {"site", "synonym"},
         {3, 2},
         {0.8, 0.2, 0.5, 0.5, 0.2, 0.8},
         "1",
         ""});
  p.add({"mention",
         "lexical",
         Constraint::kProbability,
         {"attribute"},
         {6},
         {0.9, 0.8, 0.7, 0.6, 0.5, 0.4},
         "1",
         ""});
  p.add({"spurious",
         "spurious",
         Constraint::kProbability,
         {"site", "spurious"},
         {3, 2},
         {0.9, 0.1, 0.1, 0.9, 0.1, 0.1},
         "1",
         ""});
  p.add({"omega", "", Constraint::kSimplex, {"site"}, {3}, {0.5, 0.25, 0.25}, "1", ""});
  return p;
}

// Measures the small world: KL, Hellinger and total variation of its prior and of its polarity.
class SmallWorld final : public World {
 public:
  const Vocabulary& vocabulary() const override { throw InternalError("not here"); }
  int max_mentions() const override { return 1; }
  int sites() const override { return 3; }
  int channels() const override { return 3; }
  const WorldParams& base() const override { return base_; }
  std::shared_ptr<const Environment> environment(const WorldParams&) const override {
    throw InternalError("not here");
  }
  std::vector<std::uint8_t> entangled() const override { return {}; }
  std::vector<MechanismDistance> distances(const WorldParams& before,
                                           const WorldParams& after) const override {
    const double p = after.at("polarity").values[0], q = before.at("polarity").values[0];
    return {row("prior", after.at("prior").values, before.at("prior").values),
            row("visual", {p, 1 - p}, {q, 1 - q})};
  }

 private:
  static MechanismDistance row(const char* name, const std::vector<double>& p,
                               const std::vector<double>& q) {
    MechanismDistance out{name, 0, 0, 0};
    double overlap = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      out.kl += kl_term(p[i], q[i]);
      out.total_variation += 0.5 * std::abs(p[i] - q[i]);
      overlap += std::sqrt(p[i] * q[i]);
    }
    out.hellinger = std::sqrt(std::max(0.0, 1 - overlap));
    return out;
  }
  WorldParams base_ = small_world();
};

inline const World& measure() {
  static const SmallWorld world;
  return world;
}

inline Stream path_stream(std::uint64_t seed = 1) { return {3, Purpose::kDriftPath, seed}; }

// Builds from YAML text, for example "{type: sudden, at: 5}"; throws ConfigError.
inline std::shared_ptr<const DriftProcess> build(const std::string& yaml) {
  Problems problems;
  auto process = Registry<DriftProcess>::get().build(parse_yaml(yaml, "test"), "drift", problems);
  problems.throw_if_any();
  return process;
}

// The error text of building, and of applying at `end` to the small world; empty without error.
inline std::string drift_error(const std::string& yaml) {
  try {
    const DriftClock clock{100, &measure()};
    build(yaml)->apply(small_world(), 100, clock, path_stream());
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

inline std::vector<double> values_at(const DriftProcess& process, const std::string& table,
                                     std::int64_t t, std::int64_t horizon = 100) {
  return process.apply(small_world(), t, DriftClock{horizon, &measure()}, path_stream())
      .at(table)
      .values;
}

inline bool equal(const WorldParams& a, const WorldParams& b) {
  for (std::size_t i = 0; i < a.tables().size(); ++i) {
    if (a.tables()[i].values != b.tables()[i].values) return false;
  }
  return a.tables().size() == b.tables().size();
}

}  // namespace tightrope::drift_test
