// SPDX-License-Identifier: Apache-2.0
// Measures on unordered cells. Between samples of reals they are computed from the shares of points
// in bins of the pooled sample (a plug-in: biased upwards, by the more the emptier the bins);
// between samples of labels, from the shares of the labels.
#pragma once

#include <string>

#include "analysis/measures/measure.h"
#include "core/config/schema.h"

namespace tightrope {

struct HistogramParams {
  int bins = 10;
  std::string binning = "quantile";

  static Schema<HistogramParams> schema();
};

// Adds the fields of HistogramParams to the schema of a params struct derived from it.
template <class Params>
void add_histogram_fields(Schema<Params>& s) {
  s.field("bins", &Params::bins,
          {.unit = "bin", .range = between(1, 1e6), .help = "bins over a sample of reals"});
  s.field("binning", &Params::binning,
          {.help = "quantile: bins of equal count in the pooled sample, fewer where values tie; "
                   "width: bins of equal width from its least to its greatest value",
           .choices = {"quantile", "width"}});
}

// Throws InputError for a pool of several dimensions, for which it names `mmd` and `energy`.
std::unique_ptr<PooledEstimator> pooled_histogram(const Measure& measure, const Pool& pool,
                                                  const HistogramParams& params);

// A measure on unordered cells: only facts() and exact() are left to write.
template <class ParamsType = HistogramParams>
class HistogramMeasure : public Measure {
 public:
  using Params = ParamsType;
  static Schema<Params> schema() { return Params::schema(); }
  explicit HistogramMeasure(Params params) : params_(std::move(params)) {}

  std::unique_ptr<PooledEstimator> pooled(const Pool& pool, const Stream&) const override {
    return pooled_histogram(*this, pool, params_);
  }

 protected:
  Params params_;
};

// HistogramParams of a measure that an empty cell makes infinite.
struct FlooredParams : HistogramParams {
  double floor = 0;

  static Schema<FlooredParams> schema();
};

}  // namespace tightrope
