// SPDX-License-Identifier: Apache-2.0
#include "analysis/ledger/prefix_ledger.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void PrefixLedger::MoveSums::clear(std::size_t vocabulary) {
  for (PartSums* sums : {&beneficial, &detrimental, &net, &step}) sums->clear();
  token_beneficial.assign(padded_size(vocabulary), 0.0);
  token_detrimental = token_beneficial;
}

PrefixLedger::PrefixLedger(const PackView& view, const LawBlock& block, FieldSet& fields)
    : view_(view),
      block_(block),
      fields_(fields),
      environments_(view.environments()),
      probes_(view.probes),
      mean_(view.probes),
      kl_field_(fields["ledger/kl"]),
      beneficial_field_(fields["ledger/beneficial"]),
      detrimental_field_(fields["ledger/detrimental"]),
      residual_field_(fields["ledger/residual"]),
      step_field_(fields["measures/step_drift"]),
      kl_before_(block.count() * environments_ * probes_ * view.positions, kNan),
      kl_(block.count() * environments_, PartSums(probes_)),
      cross_entropy_(kl_) {
  for (const std::string& token : view.token) {
    const auto z = std::find(view.disease.begin(), view.disease.end(), token);
    disease_of_.push_back(static_cast<std::size_t>(z - view.disease.begin()));
  }
}

void PrefixLedger::enter(std::size_t c) {
  MoveSums moves(probes_);
  for (std::size_t s = 0; s < block_.count(); ++s) {
    for (std::size_t e = 0; e < environments_; ++e) {
      kl_[s * environments_ + e].clear();
      cross_entropy_[s * environments_ + e].clear();
      moves.clear(view_.vocabulary());
      if (c > 0) residual_field_(s, c - 1, e) = 0;
      for (std::size_t n = 0; n < probes_; ++n) {
        for (std::size_t j = 0; j < block_.length(s, e, n); ++j) enter_cell(c, s, e, n, j, moves);
      }
      put_sums("ledger/kl_sum", kl(s, e), s, c, e);
      if (c > 0) put_moves(c - 1, s, e, moves);
    }
  }
}

void PrefixLedger::enter_cell(std::size_t c, std::size_t s, std::size_t e, std::size_t n,
                              std::size_t j, MoveSums& moves) {
  const std::size_t cell = block_.cell(s, e, n, j), v = view_.vocabulary();
  const double* log_q = block_.log_of(block_.now(), cell);
  const LawView oracle = block_.oracle(cell);
  const Part part = part_of(j, block_.length(s, e, n));
  LedgerSums sums;
  if (c == 0) {
    sums = law_kernels().divergence(v, oracle, log_q);
  } else {
    sums = law_kernels().move(v, oracle, block_.log_of(block_.before(), cell),
                              block_.mass_of(block_.before(), cell), log_q,
                              block_.mass_of(block_.now(), cell), moves.token_beneficial.data(),
                              moves.token_detrimental.data());
    const double net = kl_before_[cell] - sums.kl;
    const double residual = std::abs(sums.beneficial - sums.detrimental - net);
    if (std::isnan(sums.kl + kl_before_[cell])) {  // a diverged segment
      sums.beneficial = sums.detrimental = kNan;
      moves.token_beneficial.assign(padded_size(v), kNan);
      moves.token_detrimental = moves.token_beneficial;
    } else if (std::isfinite(net)) {
      if (residual >= kLargestResidual) refuse(c, s, e, n, j, residual);
      double& largest = residual_field_(s, c - 1, e);
      largest = std::max(largest, residual);
    }
    beneficial_field_(s, c - 1, e, n, j) = sums.beneficial;
    detrimental_field_(s, c - 1, e, n, j) = sums.detrimental;
    moves.beneficial.add(n, part, sums.beneficial);
    moves.detrimental.add(n, part, sums.detrimental);
    moves.net.add(n, part, sums.beneficial - sums.detrimental);
    moves.step.add(n, part, sums.step);
    step_field_(s, c - 1, e, n, j) = sums.step;
  }
  kl_before_[cell] = sums.kl;
  kl_field_(s, c, e, n, j) = sums.kl;
  kl_[s * environments_ + e].add(n, part, sums.kl);
  cross_entropy_[s * environments_ + e].add(n, part, sums.cross_entropy);
}

void PrefixLedger::refuse(std::size_t c, std::size_t s, std::size_t e, std::size_t n, std::size_t j,
                          double residual) const {
  throw IoError(fmt::format(
      "{}: the ledger does not balance: segment {}, checkpoint {}, environment {}, probe {}, "
      "position {}: B - H misses the change of KL by {:.3g} nat (allowed: {:.0e}); the laws in "
      "/tokens_full are not normalised",
      view_.log.path(), block_.first() + s, view_.checkpoint[c], view_.environment[e], n, j,
      residual, kLargestResidual));
}

void PrefixLedger::put_sums(const std::string& name, const PartSums& sums, std::size_t s,
                            std::optional<std::size_t> row, std::size_t e) {
  Field& mean = fields_[name];
  Field& half_width = fields_[name + "_half_width"];
  for (std::size_t part = 0; part < kParts; ++part) {
    const Estimate estimate = mean_(sums.of(part));
    if (row) {
      mean(s, *row, e, part) = estimate.mean;
      half_width(s, *row, e, part) = estimate.half_width;
    } else {
      mean(s, e, part) = estimate.mean;
      half_width(s, e, part) = estimate.half_width;
    }
  }
}

void PrefixLedger::put_moves(std::size_t i, std::size_t s, std::size_t e, const MoveSums& moves) {
  put_sums("ledger/beneficial_sum", moves.beneficial, s, i, e);
  put_sums("ledger/detrimental_sum", moves.detrimental, s, i, e);
  put_sums("ledger/net_sum", moves.net, s, i, e);
  put_sums("measures/step_drift_sum", moves.step, s, i, e);
  put_tokens("beneficial_token", i, s, e, moves.token_beneficial);
  put_tokens("detrimental_token", i, s, e, moves.token_detrimental);
  if (fields_.has("ledger/beneficial_class")) {
    put_classes("beneficial_class", i, s, e, moves.beneficial);
    put_classes("detrimental_class", i, s, e, moves.detrimental);
  }
}

void PrefixLedger::put_tokens(const std::string& name, std::size_t i, std::size_t s, std::size_t e,
                              const std::vector<double>& sums) {
  double* to = &fields_["ledger/" + name](s, i, e);
  for (std::size_t y = 0; y < view_.vocabulary(); ++y) {
    to[y] = sums[y] / static_cast<double>(probes_);
  }
}

void PrefixLedger::put_classes(const std::string& name, std::size_t i, std::size_t s, std::size_t e,
                               const PartSums& sums) {
  Field& field = fields_["ledger/" + name];
  std::vector<double> count(view_.disease.size() + 1, 0.0);
  for (std::size_t n = 0; n < probes_; ++n) count[disease_of_[block_.answer(s, e, n)]] += 1;
  for (std::size_t z = 0; z < view_.disease.size(); ++z) {
    for (std::size_t part = 0; part < kParts && count[z] > 0; ++part) {
      double sum = 0;
      for (std::size_t n = 0; n < probes_; ++n) {
        if (disease_of_[block_.answer(s, e, n)] == z) sum += sums.of(part)[n];
      }
      field(s, i, e, z, part) = sum / count[z];
    }
  }
}

void PrefixLedger::close() {
  for (std::size_t s = 0; s < block_.count(); ++s) {
    for (std::size_t e = 0; e < environments_; ++e) {
      PartSums beneficial(probes_), detrimental(probes_), net(probes_);
      for (std::size_t n = 0; n < probes_; ++n) {
        const std::size_t length = block_.length(s, e, n);
        for (std::size_t j = 0; j < length; ++j) {
          const std::size_t cell = block_.cell(s, e, n, j);
          const LedgerSums sums = law_kernels().move(
              view_.vocabulary(), block_.oracle(cell), block_.log_of(block_.begin(), cell),
              block_.mass_of(block_.begin(), cell), block_.log_of(block_.now(), cell),
              block_.mass_of(block_.now(), cell), nullptr, nullptr);
          const double missing = std::isnan(sums.kl) ? kNan : 0;
          beneficial.add(n, part_of(j, length), sums.beneficial + missing);
          detrimental.add(n, part_of(j, length), sums.detrimental + missing);
          net.add(n, part_of(j, length), sums.beneficial - sums.detrimental + missing);
        }
      }
      put_sums("ledger/stage_beneficial", beneficial, s, {}, e);
      put_sums("ledger/stage_detrimental", detrimental, s, {}, e);
      put_sums("ledger/stage_net", net, s, {}, e);
    }
  }
}

}  // namespace tightrope
