// SPDX-License-Identifier: Apache-2.0
// The laws of a few neighbouring segments along the checkpoints: the oracle's and the reference's,
// which stay, and the policy's at the first, the previous and the present checkpoint. One row of
// laws is read at a time; nothing grows with the number of checkpoints.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/analyze/pack_view.h"
#include "analysis/ledger/law_kernels.h"

namespace tightrope {

// Logarithms as logged, [rows, V] without padding between the rows, and what is made of them.
struct PolicyLaws {
  std::vector<double> log;   // [cells * V] and slack behind
  std::vector<double> mass;  // [cells, padded V]
};

class LawBlock {
 public:
  // Segments [first, first + count) of the log. Reads the static laws.
  LawBlock(const PackView& view, std::size_t first, std::size_t count);

  std::size_t first() const { return first_; }
  std::size_t count() const { return count_; }

  // Cells are (segment of the block, environment, probe, position).
  std::size_t cell(std::size_t s, std::size_t e, std::size_t n, std::size_t j) const {
    return ((s * environments_ + e) * probes_ + n) * positions_ + j;
  }
  // Positions of a probe that exist: its tokens but the last. The last two rows hold the law of the
  // diagnosis and the law behind it: the outcome; those before are the thinking.
  std::size_t length(std::size_t s, std::size_t e, std::size_t n) const {
    return length_[(s * environments_ + e) * probes_ + n];
  }
  // The case's own diagnosis, an index into the vocabulary; -1 when the log has no targets.
  std::int32_t answer(std::size_t s, std::size_t e, std::size_t n) const {
    return answer_[(s * environments_ + e) * probes_ + n];
  }

  LawView oracle(std::size_t cell) const { return view_of(oracle_, cell); }
  LawView reference(std::size_t cell) const { return view_of(reference_, cell); }
  double oracle_entropy(std::size_t cell) const { return entropy_[cell]; }

  // Reads the policy's laws of one checkpoint; what was present becomes previous.
  void advance(std::size_t checkpoint);
  const double* log_of(const PolicyLaws& laws, std::size_t cell) const {
    return laws.log.data() + cell * vocabulary_;
  }
  const double* mass_of(const PolicyLaws& laws, std::size_t cell) const {
    return laws.mass.data() + cell * padded_;
  }
  const PolicyLaws& now() const { return now_; }
  const PolicyLaws& before() const { return before_; }
  const PolicyLaws& begin() const { return begin_; }

 private:
  struct StaticLaws {
    std::vector<double> log, mass, root;  // [cells, padded V]
  };
  void read_static(const std::string& variable, StaticLaws& laws);
  void find_lengths();
  void find_answers();
  void take_masses(PolicyLaws& laws) const;
  LawView view_of(const StaticLaws& laws, std::size_t cell) const {
    const std::size_t at = cell * padded_;
    return {laws.log.data() + at, laws.mass.data() + at, laws.root.data() + at};
  }

  const PackView& view_;
  std::size_t first_, count_, environments_, probes_, positions_, vocabulary_, padded_, cells_;
  StaticLaws oracle_, reference_;
  std::vector<double> entropy_;
  std::vector<std::size_t> length_;
  std::vector<std::int32_t> answer_;
  PolicyLaws begin_, before_, now_;
};

}  // namespace tightrope
