// SPDX-License-Identifier: Apache-2.0
#include "analysis/ledger/law_block.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/check.h"

namespace tightrope {

LawBlock::LawBlock(const PackView& view, std::size_t first, std::size_t count)
    : view_(view),
      first_(first),
      count_(count),
      environments_(view.environments()),
      probes_(view.probes),
      positions_(view.positions),
      vocabulary_(view.vocabulary()),
      padded_(padded_size(view.vocabulary())),
      cells_(count * environments_ * probes_ * positions_) {
  read_static("tokens_full/oracle", oracle_);
  read_static("tokens_full/reference", reference_);
  find_lengths();
  find_answers();
  entropy_.assign(cells_, 0.0);
  for (std::size_t c = 0; c < cells_; ++c) {
    const LawView law = oracle(c);
    entropy_[c] = law_kernels().divergence(vocabulary_, law, law.log).cross_entropy;
  }
}

void LawBlock::read_static(const std::string& variable, StaticLaws& laws) {
  const auto raw = view_.log
                       .read<double>(variable, {first_, 0, 0, 0, 0},
                                     {count_, environments_, probes_, positions_, vocabulary_})
                       .values;
  laws.log.assign(cells_ * padded_, -std::numeric_limits<double>::infinity());
  laws.mass.assign(cells_ * padded_, 0.0);
  laws.root.assign(cells_ * padded_, 0.0);
  for (std::size_t c = 0; c < cells_; ++c) {
    double* log = laws.log.data() + c * padded_;
    std::copy_n(raw.begin() + static_cast<std::ptrdiff_t>(c * vocabulary_), vocabulary_, log);
    if (std::isnan(log[0])) continue;
    law_kernels().exponentials(vocabulary_, log, laws.mass.data() + c * padded_);
    law_kernels().roots(vocabulary_, laws.mass.data() + c * padded_,
                        laws.root.data() + c * padded_);
  }
}

// Positions that do not exist are NaN in the oracle's laws.
void LawBlock::find_lengths() {
  length_.assign(count_ * environments_ * probes_, 0);
  for (std::size_t probe = 0; probe < length_.size(); ++probe) {
    std::size_t& length = length_[probe];
    while (length < positions_ && !std::isnan(oracle(probe * positions_ + length).log[0])) ++length;
    require_fit(length >= 2,
                "{}: probe {} of segment {} has {} positions; a trajectory has at least "
                "a diagnosis and an end",
                view_.log.path(), probe % probes_, first_ + probe / (environments_ * probes_),
                length);
  }
}

void LawBlock::find_answers() {
  answer_.assign(length_.size(), -1);
  if (!view_.has_targets) return;
  const auto targets = view_.log
                           .read<std::int32_t>("tokens/target", {first_, 0, 0, 0},
                                               {count_, environments_, probes_, positions_})
                           .values;
  for (std::size_t probe = 0; probe < length_.size(); ++probe) {
    const std::int32_t z = targets[probe * positions_ + length_[probe] - 2];
    require_fit(z >= 0 && static_cast<std::size_t>(z) < vocabulary_,
                "{}: /tokens/target has no diagnosis where /tokens_full has one", view_.log.path());
    answer_[probe] = z;
  }
}

void LawBlock::take_masses(PolicyLaws& laws) const {
  for (std::size_t probe = 0; probe < length_.size(); ++probe) {
    for (std::size_t j = 0; j < length_[probe]; ++j) {
      const std::size_t c = probe * positions_ + j;
      law_kernels().exponentials(vocabulary_, log_of(laws, c), laws.mass.data() + c * padded_);
    }
  }
}

void LawBlock::advance(std::size_t checkpoint) {
  std::swap(before_, now_);
  now_.log.resize(cells_ * vocabulary_ + padded_size(1));
  now_.mass.resize(cells_ * padded_);
  view_.log.read_into<double>("tokens_full/policy", {first_, checkpoint, 0, 0, 0, 0},
                              {count_, 1, environments_, probes_, positions_, vocabulary_},
                              std::span(now_.log).first(cells_ * vocabulary_));
  take_masses(now_);
  if (checkpoint == 0) begin_ = now_;
}

}  // namespace tightrope
