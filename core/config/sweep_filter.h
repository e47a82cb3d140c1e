// SPDX-License-Identifier: Apache-2.0
// The language of `when`: comparisons of sweep parameters with values or with each other,
//
//   path == value   != < <= > >=   path in [a, b]   path not in [a, b]   and  or  not  ( )
//
// A path names a parameter of the block, `arm`, or a key inside of a swept mapping. Words that name
// none are text; text with other characters is written in quotes. Numbers compare as numbers. A
// parameter that a point does not set is unequal to everything, and neither less nor greater.
#pragma once

#include <memory>
#include <string>

#include "core/config/sweep.h"
#include "core/config/sweep_axes.h"

namespace tightrope::internal {

class SweepFilter {
 public:
  virtual ~SweepFilter() = default;
  virtual bool holds(const SweepPoint& point) const = 0;
};

// Two values: equal as numbers when both are, else equal trees.
bool same_value(const Node& a, const Node& b);

// The names a filter may use: every path of the block's axes, "arm", and paths inside the values.
class SweepNames {
 public:
  explicit SweepNames(const std::vector<SweepAxis>& axes);
  bool known(const std::string& name) const;
  const std::vector<std::string>& names() const { return names_; }

 private:
  const std::vector<SweepAxis>& axes_;
  std::vector<std::string> names_;
};

// Null after a problem (position of `text`, character within it, what was expected).
std::unique_ptr<const SweepFilter> parse_filter(const Node& text, const std::string& path,
                                                const SweepNames& names, Problems& problems);

}  // namespace tightrope::internal
