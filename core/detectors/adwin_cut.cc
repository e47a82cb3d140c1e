// SPDX-License-Identifier: Apache-2.0
// With p = n0 n1 / W and c = u0 - n0 S / W the difference of means is |c| / p, and r >= 1 / p. So
// the excess of a cut is at most `best` while
//
//   t = |c| - best p - (2/3) d <= sqrt(2 p (Q / W) d)                                      (1)
//
// which is tested squared. The right side less the left is concave in p: for all cuts of a row (1)
// holds with the row's greatest |c| if it holds at the ends of the row's range of p.
#include "core/detectors/adwin_cut.h"

#include <algorithm>
#include <cmath>

namespace tightrope {
namespace {

// Rounding errors are below this part of a sum's terms; what (1) lets pass stays below `best` also
// with them.
constexpr double kRounding = 1e-12;

struct Terms {
  double d, linear, variance;  // linear = (2/3) d

  double bound(double r) const { return std::sqrt(2 * r * variance * d) + linear * r; }
};

// (1) with both sides in units that spare operations: n0 n1 in place of p.
struct Harmless {
  double weight;  // -best / W; 0 for a positive best
  double offset;  // -(2/3) d and slack
  double scale;   // 2 (Q / W) d / W

  bool at(double c, double product) const {
    const double t = c + weight * product + offset;
    return t * std::abs(t) <= scale * product;
  }
};

// A bound from below on the greatest excess: the summary that holds the middle of the window has a
// cut at most half the oldest summary's size off, and there r is no greater than at that distance.
double least_excess(const AdwinTest& test, const ExponentialHistogram& window, const Terms& terms) {
  const double oldest = ExponentialHistogram::size(window.rows() - 1);
  const double n0 = (window.width() - oldest) / 2, n1 = window.width() - n0;
  if (test.skipped > 0 || n0 < test.shortest) return AdwinCut().excess;
  const double lost = test.min_window_length - 1;
  return -terms.bound(1 / (n0 - lost) + 1 / (n1 - lost));
}

class Search {
 public:
  Search(const AdwinTest& test, const ExponentialHistogram& window)
      : test_(test), window_(window), width_(window.width()), mean_(window.total() / width_) {
    terms_.d = std::log(2 * std::log(width_) / test.delta);
    terms_.linear = 2.0 / 3 * terms_.d;
    // Rounding may leave a tiny negative sum, whose root would be no number.
    terms_.variance = std::max(0.0, window.squares() / width_);
    const double sums = width_ * std::sqrt(terms_.variance) + std::abs(window.total());
    per_sample_ = (1 + kRounding) / width_;
    harmless_.weight = per_sample_ * std::max(0.0, -least_excess(test, window, terms_));
    harmless_.offset = kRounding * sums - (1 - kRounding) * terms_.linear;
    harmless_.scale = (1 - kRounding) * 2 * terms_.variance * terms_.d / width_;
  }

  AdwinCut run() {
    double n0 = 0, u0 = 0;
    for (int row = window_.rows() - 1; row >= 0; --row) {
      const auto totals = window_.totals(row);
      const double size = ExponentialHistogram::size(row);
      const int newest = row == 0 ? 1 : 0;  // behind the newest summary of all nothing is left
      const int count = static_cast<int>(totals.size()) - std::max(test_.skipped, newest);
      if (count <= 0) continue;
      const double first = n0 + size, last = n0 + count * size, share = size * mean_;
      double c = u0 - n0 * mean_, greatest = 0, end = u0;
      for (int k = 0; k < count; ++k) {
        end += totals[k];
        c += totals[k] - share;
        greatest = std::max(greatest, std::abs(c));
      }
      if (!all_harmless((1 + kRounding) * greatest, first, last))
        judge(totals.first(count), size, n0, u0);
      n0 = last;
      u0 = end;
    }
    return clearest_;
  }

 private:
  bool all_harmless(double c, double first, double last) const {
    const bool middle = first < width_ / 2 && width_ / 2 < last;
    return harmless_.at(c, first * (width_ - first)) && harmless_.at(c, last * (width_ - last)) &&
           (!middle || harmless_.at(c, width_ * width_ / 4));
  }

  // Every cut of a row.
  void judge(std::span<const double> totals, double size, double n0, double u0) {
    for (const double total : totals) {
      n0 += size;
      u0 += total;
      const double n1 = width_ - n0;
      const double c = (1 + kRounding) * std::abs(u0 - n0 * mean_);
      if (harmless_.at(c, n0 * n1) || n0 < test_.shortest || n1 < test_.shortest) continue;
      const double m = test_.min_window_length;
      const double r = 1 / (n0 - m + 1) + 1 / (n1 - m + 1);
      const double difference = (window_.total() - u0) / n1 - u0 / n0, bound = terms_.bound(r);
      const double excess = std::abs(difference) - bound;
      if (!(excess > clearest_.excess)) continue;
      clearest_ = {difference, bound, n1, excess};
      harmless_.weight = std::min(harmless_.weight, per_sample_ * std::max(0.0, -excess));
    }
  }

  const AdwinTest& test_;
  const ExponentialHistogram& window_;
  double width_, mean_, per_sample_ = 0;
  Terms terms_{};
  Harmless harmless_{};
  AdwinCut clearest_;
};

}  // namespace

AdwinCut AdwinTest::clearest(const ExponentialHistogram& window) const {
  return Search(*this, window).run();
}

}  // namespace tightrope
