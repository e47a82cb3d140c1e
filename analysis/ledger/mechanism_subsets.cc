// SPDX-License-Identifier: Apache-2.0
#include "analysis/ledger/mechanism_subsets.h"

#include <algorithm>

#include "analysis/measures/shapley.h"

namespace tightrope {
namespace {

constexpr std::size_t kNone = ~std::size_t{0};

bool takes(const PackView& view, std::size_t e, std::size_t mechanism) {
  return view.taken[e * view.mechanism.size() + mechanism] != 0;
}

std::size_t start_of(const PackView& view) {
  for (std::size_t e = 0; e < view.environments(); ++e) {
    if (!view.mixed(e) && view.environment_time[e] == 0) return e;
  }
  return kNone;
}

// Whether a mechanism has moved in the environment, in any segment.
bool has_moved(const PackView& view, const std::vector<double>& distances, std::size_t e,
               std::size_t mechanism) {
  for (std::size_t s = 0; s < view.segments; ++s) {
    const std::size_t at = (s * view.environments() + e) * view.mechanism.size() + mechanism;
    if (!(distances[at] == 0)) return true;
  }
  return false;
}

std::optional<MechanismSubsets> subsets_of(const PackView& view, std::size_t whole) {
  std::vector<std::size_t> mixed;
  for (std::size_t e = 0; e < view.environments(); ++e) {
    if (view.mixed(e) && view.environment_time[e] == view.environment_time[whole]) {
      mixed.push_back(e);
    }
  }
  const auto distances = view.log.read<double>("drift/environment_hellinger").values;
  MechanismSubsets out;
  for (std::size_t m = 0; m < view.mechanism.size(); ++m) {
    if (std::any_of(mixed.begin(), mixed.end(), [&](std::size_t e) { return takes(view, e, m); })) {
      out.causes.push_back(m);
    } else if (has_moved(view, distances, whole, m)) {
      return {};  // no environment tells what this one did
    }
  }
  const std::size_t n = out.causes.size();
  if (n == 0 || n > static_cast<std::size_t>(kMostShapleyCauses)) return {};
  out.environment.assign(std::size_t{1} << n, kNone);
  for (const std::size_t e : mixed) {
    std::size_t mask = 0;
    for (std::size_t j = 0; j < n; ++j) mask |= std::size_t{takes(view, e, out.causes[j])} << j;
    if (out.environment[mask] == kNone) out.environment[mask] = e;
  }
  out.environment.back() = whole;
  if (out.environment.front() == kNone) out.environment.front() = start_of(view);
  for (const std::size_t e : out.environment) {
    if (e == kNone) return {};
  }
  return out;
}

}  // namespace

std::optional<MechanismSubsets> find_subsets(const PackView& view) {
  if (view.taken.empty() || !view.log.has("drift/environment_hellinger")) return {};
  for (std::size_t e = 0; e < view.environments(); ++e) {
    if (view.mixed(e)) continue;
    if (auto found = subsets_of(view, e)) return found;
  }
  return {};
}

}  // namespace tightrope
