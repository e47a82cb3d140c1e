// SPDX-License-Identifier: Apache-2.0
// The ledger of a block of segments: per prefix, token, class and sequence, from checkpoint to
// checkpoint and over the whole stage.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/analyze/fields.h"
#include "analysis/ledger/law_block.h"
#include "analysis/ledger/sequence_sums.h"

namespace tightrope {

// B - H of a prefix may miss the change of its KL by this much, in nats; more means that the laws
// of the log are not normalised.
inline constexpr double kLargestResidual = 1e-9;

class PrefixLedger {
 public:
  PrefixLedger(const PackView& view, const LawBlock& block, FieldSet& fields);

  // Enters checkpoint c, which the block has just advanced to. Throws IoError naming the place when
  // a prefix does not balance.
  void enter(std::size_t c);
  // After the last checkpoint: the stage in one step.
  void close();

  // Sums of the present checkpoint over all positions of every probe of (segment, environment).
  const PartSums& kl(std::size_t s, std::size_t e) const { return kl_[s * environments_ + e]; }
  const PartSums& cross_entropy(std::size_t s, std::size_t e) const {
    return cross_entropy_[s * environments_ + e];
  }

 private:
  struct MoveSums {
    PartSums beneficial, detrimental, net, step;
    std::vector<double> token_beneficial, token_detrimental;  // [padded V], summed over probes
    explicit MoveSums(std::size_t probes)
        : beneficial(probes), detrimental(probes), net(probes), step(probes) {}
    void clear(std::size_t vocabulary);
  };
  void enter_cell(std::size_t c, std::size_t s, std::size_t e, std::size_t n, std::size_t j,
                  MoveSums& moves);
  void put_sums(const std::string& name, const PartSums& sums, std::size_t s,
                std::optional<std::size_t> row, std::size_t e);
  void put_moves(std::size_t i, std::size_t s, std::size_t e, const MoveSums& moves);
  void put_tokens(const std::string& name, std::size_t i, std::size_t s, std::size_t e,
                  const std::vector<double>& sums);
  void put_classes(const std::string& name, std::size_t i, std::size_t s, std::size_t e,
                   const PartSums& sums);
  [[noreturn]] void refuse(std::size_t c, std::size_t s, std::size_t e, std::size_t n,
                           std::size_t j, double residual) const;

  const PackView& view_;
  const LawBlock& block_;
  FieldSet& fields_;
  std::size_t environments_, probes_;
  MeanOverProbes mean_;
  Field &kl_field_, &beneficial_field_, &detrimental_field_, &residual_field_, &step_field_;
  std::vector<std::size_t> disease_of_;  // of each token; size of the diseases: none
  std::vector<double> kl_before_;        // of every cell
  std::vector<PartSums> kl_, cross_entropy_;
};

}  // namespace tightrope
