// SPDX-License-Identifier: Apache-2.0
// Independent samples of one law, for streams in which nothing changes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "analysis/detection/column_reader.h"
#include "core/random/stream.h"

namespace tightrope {

class DriftFreeLaw {
 public:
  // "normal": N(0, 1); "uniform": on (0, 1); "bernoulli:P": 1 with probability P, else 0; anything
  // else: a file whose column is resampled with replacement, which takes its order (and so any
  // dependence) out. Throws InputError.
  DriftFreeLaw(const std::string& text, const ColumnOptions& column);

  const std::string& text() const { return text_; }
  // Fills `samples` with the next draws.
  void draw(Draws& draws, std::span<double> samples) const;

 private:
  enum class Kind { kNormal, kUniform, kBernoulli, kFile };
  std::string text_;
  Kind kind_ = Kind::kNormal;
  double probability_ = 0;
  std::vector<double> values_;
};

}  // namespace tightrope
