// SPDX-License-Identifier: Apache-2.0
// A measure says by how much two laws differ: exactly where both are known, by an estimator with a
// name where only samples are.
#pragma once

#include <memory>
#include <string>

#include "analysis/measures/law_pair.h"
#include "analysis/measures/pool.h"
#include "core/config/field_options.h"
#include "core/random/stream.h"
#include "core/registry/registry.h"

namespace tightrope {

// What is true of the exact form.
struct MeasureFacts {
  std::string unit;        // "nat", "1", "sample unit" (that of the positions or the sample)
  Range range;             // of its values; +inf is allowed where `high` is infinite
  bool symmetric = false;  // D(p, q) = D(q, p)
  bool metric = false;     // symmetric, 0 only where p = q, triangle inequality
  bool ordered = false;    // uses where the points lie; the others see unordered cells
};

class Measure {
 public:
  virtual ~Measure() = default;

  virtual MeasureFacts facts() const = 0;

  // D(p, q), exact in float64. Never NaN.
  virtual double exact(const LawPair& laws) const = 0;

  // The estimator on a pool. What it draws (random features, the points of a median) comes from
  // `stream`, independently of who holds which point. Throws InputError when the measure does not
  // take such samples (categories, several dimensions, too many points), naming one that does.
  // The estimator refers to this measure and to the pool: both must outlive it.
  virtual std::unique_ptr<PooledEstimator> pooled(const Pool& pool, const Stream& stream) const = 0;
};

template <>
struct InterfaceName<Measure> {
  static constexpr auto value = "measure";
};

}  // namespace tightrope
