// SPDX-License-Identifier: Apache-2.0
#include "experts/latent_classes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/math.h"

namespace tightrope {
namespace {

constexpr int kIterations = 200;
constexpr double kSettled = 1e-5;  // largest change of a posterior
constexpr double kPseudo = 1;      // a count of each synonym, so that no probability is 0

bool is_word(Slot slot) { return slot == Slot::kSynonym0 || slot == Slot::kSynonym1; }

// The words of all cases: attribute and whether the first synonym, flattened.
struct Words {
  std::vector<std::int32_t> begin{0};  // [N + 1]
  std::vector<std::int32_t> attribute;
  std::vector<std::uint8_t> first;

  explicit Words(const Cases& cases) {
    for (int n = 0; n < cases.size(); ++n) {
      const std::span<const Slot> report = cases.report_of(n);
      for (int k = 0; k < cases.attributes; ++k) {
        if (!is_word(report[k])) continue;
        attribute.push_back(k);
        first.push_back(report[k] == Slot::kSynonym0 ? 1 : 0);
      }
      begin.push_back(static_cast<std::int32_t>(attribute.size()));
    }
  }
};

// Cases in order of their share of first synonyms, cut into equal classes.
std::vector<double> first_guess(const Cases& cases, int classes) {
  const int count = cases.size();
  std::vector<double> share(count, 0.5);
  for (int n = 0; n < count; ++n) {
    double words = 0, first = 0;
    for (const Slot slot : cases.report_of(n)) {
      words += is_word(slot) ? 1 : 0;
      first += slot == Slot::kSynonym0 ? 1 : 0;
    }
    if (words > 0) share[n] = first / words;
  }
  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return share[a] < share[b]; });
  std::vector<double> posterior(static_cast<std::size_t>(count) * classes, 0.0);
  for (int i = 0; i < count; ++i) {
    const auto c = static_cast<std::size_t>(std::int64_t{i} * classes / count);
    posterior[static_cast<std::size_t>(order[i]) * classes + c] = 1;
  }
  return posterior;
}

// One step of expectation maximisation: laws from posteriors, posteriors from laws.
void improve(const Words& words, int attributes, int classes, std::vector<double>& posterior) {
  const int cases = static_cast<int>(words.begin.size()) - 1;
  std::vector<double> weight(classes, kPseudo);
  std::vector<double> first(static_cast<std::size_t>(classes) * attributes, kPseudo);
  std::vector<double> count(first.size(), 2 * kPseudo), second(first.size());
  const auto each_word = [&](int n, auto visit) {
    for (int w = words.begin[n]; w < words.begin[n + 1]; ++w) {
      for (int c = 0; c < classes; ++c) {
        visit(c, static_cast<std::size_t>(c) * attributes + words.attribute[w],
              words.first[w] != 0);
      }
    }
  };
  for (int n = 0; n < cases; ++n) {
    const double* row = &posterior[static_cast<std::size_t>(n) * classes];
    for (int c = 0; c < classes; ++c) weight[c] += row[c];
    each_word(n, [&](int c, std::size_t at, bool is_first) {
      count[at] += row[c];
      if (is_first) first[at] += row[c];
    });
  }
  for (std::size_t at = 0; at < first.size(); ++at) {
    second[at] = std::log1p(-first[at] / count[at]);
    first[at] = std::log(first[at] / count[at]);
  }
  for (int n = 0; n < cases; ++n) {
    const std::span<double> row =
        std::span(posterior).subspan(static_cast<std::size_t>(n) * classes, classes);
    for (int c = 0; c < classes; ++c) row[c] = std::log(weight[c]);
    each_word(n, [&](int c, std::size_t at, bool is_first) {
      row[c] += is_first ? first[at] : second[at];
    });
    normalise_log(row);
    for (double& p : row) p = std::exp(p);
  }
}

}  // namespace

LatentClasses fit_latent_classes(const Cases& cases, int classes, int diseases) {
  LatentClasses out{classes, first_guess(cases, classes), {}};
  const Words words(cases);
  for (int i = 0; i < kIterations; ++i) {
    const std::vector<double> before = out.posterior;
    improve(words, cases.attributes, classes, out.posterior);
    double change = 0;
    for (std::size_t j = 0; j < before.size(); ++j) {
      change = std::max(change, std::abs(before[j] - out.posterior[j]));
    }
    if (change < kSettled) break;
  }
  out.disease.assign(static_cast<std::size_t>(classes) * diseases, 0.0);
  for (int c = 0; c < classes; ++c) {
    const std::span<double> row =
        std::span(out.disease).subspan(static_cast<std::size_t>(c) * diseases, diseases);
    for (int n = 0; n < cases.size(); ++n) {
      row[cases.disease[n]] += out.posterior[static_cast<std::size_t>(n) * classes + c];
    }
    const double total = std::accumulate(row.begin(), row.end(), 0.0);
    for (double& p : row) p = total > 0 ? p / total : 1.0 / diseases;
  }
  return out;
}

}  // namespace tightrope
