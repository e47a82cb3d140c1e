// SPDX-License-Identifier: Apache-2.0
#include "experiments/probes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace tightrope {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

double safe_log(double p) { return p > 0 ? std::log(p) : -std::numeric_limits<double>::infinity(); }

// Fills entry `at` (and the K behind at * K) of a row from one law.
void describe_law(std::span<const double> policy, std::span<const double> reference,
                  std::span<const double> oracle, Token target, std::size_t top, std::size_t at,
                  ProbeRow& row) {
  std::vector<std::int32_t> order(policy.size());
  std::iota(order.begin(), order.end(), 0);
  const std::size_t kept = std::min(top, order.size());
  const auto more_probable = [&](std::int32_t a, std::int32_t b) {
    return policy[a] > policy[b] || (policy[a] == policy[b] && a < b);
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                    more_probable);
  double shown = 0;
  double entropy = 0;
  int rank = 0;
  for (std::size_t y = 0; y < policy.size(); ++y) {
    if (std::isfinite(policy[y])) entropy -= std::exp(policy[y]) * policy[y];
    if (more_probable(static_cast<std::int32_t>(y), target)) ++rank;
  }
  for (std::size_t k = 0; k < kept; ++k) {
    const std::int32_t y = order[k];
    if (!std::isfinite(policy[y])) break;  // fewer allowed tokens than K
    shown += std::exp(policy[y]);
    row.token[at * top + k] = y;
    row.policy[at * top + k] = static_cast<float>(policy[y]);
    row.reference[at * top + k] = static_cast<float>(reference[y]);
    row.oracle[at * top + k] = static_cast<float>(safe_log(oracle[y]));
  }
  row.tail_mass[at] = static_cast<float>(std::max(0.0, 1 - shown));
  row.entropy[at] = static_cast<float>(entropy);
  row.target_rank[at] = rank;
  row.target_log_prob[at] = static_cast<float>(policy[target]);
}

template <class Out>
void copy_probabilities(std::span<const double> log_prob, Out* out) {
  for (std::size_t i = 0; i < log_prob.size(); ++i) {
    out[i] = static_cast<Out>(std::exp(log_prob[i]));
  }
}

std::span<const double> row_of(const std::vector<double>& rows, std::size_t row,
                               std::size_t width) {
  return std::span(rows).subspan(row * width, width);
}

}  // namespace

ProbeShape probe_shape(const Experiment& experiment, const World& world) {
  ProbeShape shape;
  shape.environments = experiment.environments.size();
  shape.probes = static_cast<std::size_t>(experiment.record.probes);
  shape.full =
      static_cast<std::size_t>(std::min(experiment.record.tokens_full, experiment.record.probes));
  const Grammar grammar(world.vocabulary(), world.max_mentions());
  shape.positions = static_cast<std::size_t>(grammar.max_tokens() - 1);
  shape.vocabulary = static_cast<std::size_t>(world.vocabulary().size());
  shape.diseases = static_cast<std::size_t>(world.vocabulary().diseases());
  shape.top = std::min<std::size_t>(experiment.record.top, shape.vocabulary);
  return shape;
}

const std::vector<Distributions>& ProbeReader::reference() {
  if (reference_.empty()) {
    reference_.resize(shape_.environments);
    for (std::size_t e = 0; e < shape_.environments; ++e) {
      lane_.policy().distribution(lane_.reference(), lane_.context().probes(e).factual,
                                  reference_[e], lane_.workspace());
    }
  }
  return reference_;
}

ProbeStatic ProbeReader::constant() {
  const ProbeShape& s = shape_;
  const std::size_t cells = s.environments * s.probes * s.positions;
  const std::size_t full_cells = s.environments * s.full * s.positions * s.vocabulary;
  ProbeStatic out;
  out.target.assign(cells, -1);
  out.valid.assign(cells, 0);
  out.belief_oracle.assign(cells * s.diseases, kNan);
  out.belief_reference.assign(cells * s.diseases, kNan);
  out.full_oracle.assign(full_cells, std::numeric_limits<double>::quiet_NaN());
  out.full_reference = out.full_oracle;
  for (std::size_t e = 0; e < s.environments; ++e) {
    const CaseSet& set = lane_.context().probes(e);
    const Distributions& laws = reference()[e];
    for (std::size_t n = 0; n < s.probes; ++n) {
      const int length = set.factual.length(static_cast<int>(n));
      for (int j = 0; j + 1 < length; ++j) {
        const std::size_t at = (e * s.probes + n) * s.positions + j;
        const std::size_t row = static_cast<std::size_t>(set.factual.offset[n] + j);
        out.target[at] = set.factual.tokens[row + 1];
        out.valid[at] = 1;
        const double* belief = set.oracle[n].belief.data() + j * s.diseases;
        for (std::size_t z = 0; z < s.diseases; ++z) {
          out.belief_oracle[at * s.diseases + z] = static_cast<float>(belief[z]);
        }
        copy_probabilities(row_of(laws.belief, row, s.diseases),
                           &out.belief_reference[at * s.diseases]);
        if (n >= s.full) continue;
        const std::size_t place = ((e * s.full + n) * s.positions + j) * s.vocabulary;
        for (std::size_t y = 0; y < s.vocabulary; ++y) {
          out.full_oracle[place + y] = safe_log(set.oracle[n].law[j * s.vocabulary + y]);
          out.full_reference[place + y] = laws.log_prob[row * s.vocabulary + y];
        }
      }
    }
  }
  return out;
}

ProbeRow ProbeReader::row() {
  const ProbeShape& s = shape_;
  const std::size_t cells = s.environments * s.probes * s.positions;
  ProbeRow out;
  out.token.assign(cells * s.top, -1);
  out.policy.assign(cells * s.top, kNan);
  out.reference = out.policy;
  out.oracle = out.policy;
  out.tail_mass.assign(cells, kNan);
  out.entropy = out.tail_mass;
  out.target_log_prob = out.tail_mass;
  out.target_rank.assign(cells, -1);
  out.belief.assign(cells * s.diseases, kNan);
  out.full.assign(s.environments * s.full * s.positions * s.vocabulary,
                  std::numeric_limits<double>::quiet_NaN());
  Distributions laws;
  for (std::size_t e = 0; e < s.environments; ++e) {
    const CaseSet& set = lane_.context().probes(e);
    lane_.policy().distribution(lane_.parameters(), set.factual, laws, lane_.workspace());
    for (std::size_t n = 0; n < s.probes; ++n) {
      const int length = set.factual.length(static_cast<int>(n));
      for (int j = 0; j + 1 < length; ++j) {
        const std::size_t at = (e * s.probes + n) * s.positions + j;
        const std::size_t row = static_cast<std::size_t>(set.factual.offset[n] + j);
        const std::span<const double> law = row_of(laws.log_prob, row, s.vocabulary);
        copy_probabilities(row_of(laws.belief, row, s.diseases), &out.belief[at * s.diseases]);
        if (n < s.full) {
          std::copy(law.begin(), law.end(),
                    out.full.begin() + static_cast<std::ptrdiff_t>(
                                           ((e * s.full + n) * s.positions + j) * s.vocabulary));
        }
        if (s.top == 0) continue;
        describe_law(law, row_of(reference()[e].log_prob, row, s.vocabulary),
                     row_of(set.oracle[n].law, j, s.vocabulary), set.factual.tokens[row + 1], s.top,
                     at, out);
      }
    }
  }
  return out;
}

}  // namespace tightrope
