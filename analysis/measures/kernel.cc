// SPDX-License-Identifier: Apache-2.0
#include "analysis/measures/kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/measures/pair_matrix.h"
#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr std::size_t kMostMedianPoints = 2000;

// All points, or that many drawn without replacement.
std::vector<std::uint32_t> median_points(const Pool& pool, const Stream& stream) {
  std::vector<std::uint32_t> points(pool.size());
  std::iota(points.begin(), points.end(), 0U);
  if (points.size() <= kMostMedianPoints) return points;
  Draws draws = stream.at(0);
  for (std::size_t i = 0; i < kMostMedianPoints; ++i) {
    std::swap(points[i], points[i + draws.below(static_cast<std::uint32_t>(points.size() - i))]);
  }
  points.resize(kMostMedianPoints);
  return points;
}

std::vector<double> squared_distances(const Pool& pool, std::span<const std::uint32_t> points) {
  std::vector<double> squares;
  squares.reserve(points.size() * (points.size() - 1) / 2);
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      squares.push_back(squared_distance(pool.point(points[i]), pool.point(points[j])));
    }
  }
  return squares;
}

double at_rank(std::vector<double>& values, std::size_t rank) {
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

// Of N points with `squares` over their pairs. With the diagonal, the matrix holds N zeros and
// every square twice.
double heuristic_of(const std::string& heuristic, std::vector<double> squares, std::size_t points) {
  if (heuristic == "alibi") return std::sqrt(at_rank(squares, (squares.size() - 1) / 2) / 2);
  if (heuristic == "torchdrift") {
    const std::size_t rank = (points * points - 1) / 2;
    return rank < points ? 0 : std::sqrt(at_rank(squares, (rank - points) / 2));
  }
  std::erase(squares, 0.0);
  return squares.empty() ? 0 : std::sqrt(at_rank(squares, (squares.size() - 1) / 2));
}

// The median distance of two draws of the mean law that differ; 0 where there is none.
double median_distance(const LawPair& laws) {
  std::vector<std::pair<double, double>> distances;  // with their weights
  double total = 0;
  for (std::size_t i = 0; i < laws.size(); ++i) {
    for (std::size_t j = i + 1; j < laws.size(); ++j) {
      const double weight = (laws.p[i] + laws.q[i]) * (laws.p[j] + laws.q[j]);
      const double distance = std::abs(laws.positions[i] - laws.positions[j]);
      if (weight <= 0 || distance <= 0) continue;
      distances.emplace_back(distance, weight);
      total += weight;
    }
  }
  std::sort(distances.begin(), distances.end());
  double seen = 0;
  for (const auto& [distance, weight] : distances) {
    seen += weight;
    if (seen >= total / 2) return distance;
  }
  return 0;
}

}  // namespace

Schema<KernelParams> KernelParams::schema() {
  Schema<KernelParams> s;
  add_kernel_fields(s);
  return s;
}

Bandwidth bandwidth_of(const Pool& pool, const KernelParams& params, const Stream& stream) {
  if (params.bandwidth > 0) {
    return {params.bandwidth, fmt::format("bandwidth {:.4g}", params.bandwidth)};
  }
  const std::vector<std::uint32_t> points = median_points(pool, stream);
  std::vector<double> squares = squared_distances(pool, points);
  const bool one_place =
      std::all_of(squares.begin(), squares.end(), [](double s) { return s == 0; });
  const double value =
      one_place ? 1 : heuristic_of(params.heuristic, std::move(squares), points.size());
  TR_REQUIRE(value > 0,
             "heuristic {} gives bandwidth 0, because most points are equal: give `bandwidth`, or "
             "use heuristic median",
             params.heuristic);
  const std::string of =
      points.size() < pool.size() ? fmt::format(" of {} points", points.size()) : "";
  return {value, fmt::format("bandwidth {:.4g} ({} heuristic{})", value, params.heuristic, of)};
}

double exact_mmd(const LawPair& laws, const KernelParams& params) {
  TR_REQUIRE(params.bandwidth > 0 || params.heuristic == "median",
             "heuristic {} is of samples: between laws, give `bandwidth` or use heuristic median",
             params.heuristic);
  double bandwidth = params.bandwidth > 0 ? params.bandwidth : median_distance(laws);
  if (bandwidth <= 0) bandwidth = 1;
  double sum = 0;
  for (std::size_t i = 0; i < laws.size(); ++i) {
    const double gap = laws.p[i] - laws.q[i];
    sum += gap * gap;
    for (std::size_t j = i + 1; j < laws.size(); ++j) {
      const double distance = laws.positions[i] - laws.positions[j];
      sum += 2 * gap * (laws.p[j] - laws.q[j]) * gaussian_kernel(distance * distance, bandwidth);
    }
  }
  return std::max(sum, 0.0);
}

MeasureFacts mmd_facts() {
  return {.unit = "1", .range = between(0, 2), .symmetric = true, .ordered = true};
}

void require_numbers(const Pool& pool, const char* measure) {
  TR_REQUIRE(pool.categories == 0, "{} needs numbers, these are labels: total_variation takes them",
             measure);
}

}  // namespace tightrope
