// SPDX-License-Identifier: Apache-2.0
// HDDM_A (Frias-Blanco et al. 2015): the mean z of all n samples against that of the first n0,
// where Hoeffding's bound saw the lowest mean so far. With c a confidence,
//
//   e(k) = sqrt(ln(1 / drift_confidence) / (2 k))
//   z + e(n) <= z0 + e(n0)                                      makes (n, z) the new (n0, z0)
//   z - z0 >= sqrt((n - n0) / (n0 n) ln(2 / c) / 2)             a rise at confidence c
//
// and the mirror image for a fall. Samples are losses in [0, 1]. Statistic and threshold are the
// two sides of the last line at drift_confidence. The change is put after the first n0. O(1).
// Dialects:
//   river    falls are drifts too, with two_sided_test (river 0.26)
//   moa      with two_sided_test a fall starts anew and says nothing (MOA, CapyMOA,
//            scikit-multiflow, older river); takes any sample >= 0, above 1 without the bound
//   frouros  ln(1 / c) in the last line, first test at n = 30
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/detectors/hddm.h"
#include "core/detectors/rule.h"

namespace tightrope {
namespace {

struct HddmAParams : hddm::Options {
  std::string dialect = "river";
};

// All samples, or the first of them.
struct Part {
  double samples = 0;
  double sum = 0;
};

// The first samples that rises are measured from; for falls with the signs of z turned.
struct Cut {
  Part first;
  double inverse = 0;                                      // 1 / n0
  double mean = 0;                                         // z0
  double bound = std::numeric_limits<double>::infinity();  // z0 + e(n0)

  void put(const Part& all, double sign, double error) {
    first = all;
    inverse = 1 / all.samples;
    mean = sign * (all.sum * inverse);
    bound = mean + error;
  }
};

class HddmARule {
 public:
  explicit HddmARule(const HddmAParams& p);

  bool takes(double x) const { return hddm::takes(moa_, x); }
  [[noreturn]] void refuse(double x, std::int64_t position) const {
    hddm::refuse("hddm_a", moa_, x, position);
  }
  DetectorState accept(double x, std::int64_t position);
  void clear() {
    all_ = {};
    low_ = high_ = {};
  }
  void write(std::vector<double>& saved) const;
  void read(SavedState& saved, std::int64_t position);

 private:
  double error(double inverse) const { return error_ * std::sqrt(inverse); }
  double scale(const Cut& cut, double inverse) const {  // (n - n0) / (n0 n)
    return (all_.samples - cut.first.samples) * inverse * cut.inverse;
  }
  bool calm(const Cut& cut, double gap, double inverse) const;
  hddm::Shift shift(const Cut& cut, double gap, double inverse) const;
  void read_cut(SavedState& saved, Cut& cut, double sign);

  bool two_sided_, moa_;
  double first_test_;
  double error_, drift_, warning_;  // roots of the logarithms
  Part all_;
  Cut low_, high_;
};

HddmARule::HddmARule(const HddmAParams& p)
    : two_sided_(p.two_sided_test),
      moa_(p.dialect == "moa"),
      first_test_(p.dialect == "frouros" ? 30 : 1),
      error_(std::sqrt(std::log(1 / p.drift_confidence) / 2)) {
  const double sides = p.dialect == "frouros" ? 1 : 2;
  drift_ = std::sqrt(std::log(sides / p.drift_confidence) / 2);
  warning_ = std::sqrt(std::log(sides / p.warning_confidence) / 2);
}

// Surely no warning: the test without its root, which is kept for what comes near.
bool HddmARule::calm(const Cut& cut, double gap, double inverse) const {
  constexpr double kNear = 0.999;
  return gap <= 0 || gap * gap < kNear * (warning_ * warning_) * scale(cut, inverse);
}

hddm::Shift HddmARule::shift(const Cut& cut, double gap, double inverse) const {
  if (all_.samples == cut.first.samples || all_.samples < first_test_) return {gap};
  const double root = std::sqrt(scale(cut, inverse));
  return {gap, drift_ * root, warning_ * root};
}

DetectorState HddmARule::accept(double x, std::int64_t position) {
  all_.samples += 1;
  all_.sum += x;
  const double inverse = 1 / all_.samples, z = all_.sum * inverse, e = error(inverse);
  if (z + e <= low_.bound) low_.put(all_, 1, e);
  if (two_sided_ && -z + e <= high_.bound) high_.put(all_, -1, e);
  const double up = z - low_.mean, down = two_sided_ ? -z - high_.mean : 0;
  const bool silent = !two_sided_ || moa_;
  if (calm(low_, up, inverse) && (!two_sided_ || calm(high_, down, inverse))) [[likely]] {
    return hddm::show(shift(low_, up, inverse),
                      silent ? hddm::Shift{} : shift(high_, down, inverse));
  }
  const hddm::Shift rise = shift(low_, up, inverse);
  const hddm::Shift fall = two_sided_ ? shift(high_, down, inverse) : hddm::Shift{};
  DetectorState state = hddm::judge(rise, silent ? hddm::Shift{} : fall);
  if (state.verdict == AlarmLevel::kDrift) {
    const Cut& cut = state.direction > 0 ? low_ : high_;
    state.change_time = position + 1 - static_cast<std::int64_t>(all_.samples - cut.first.samples);
  } else if (moa_ && fall.drifts()) {
    clear();
  }
  return state;
}

void HddmARule::write(std::vector<double>& saved) const {
  saved.insert(saved.end(), {all_.samples, all_.sum, low_.first.samples, low_.first.sum});
  if (two_sided_) saved.insert(saved.end(), {high_.first.samples, high_.first.sum});
}

void HddmARule::read_cut(SavedState& saved, Cut& cut, double sign) {
  const auto n = static_cast<std::int64_t>(all_.samples);
  Part first;
  first.samples = static_cast<double>(saved.whole(n > 0 ? 1 : 0, n));
  first.sum = saved.number(0, all_.sum);
  cut = {};
  if (n > 0) cut.put(first, sign, error(1 / first.samples));
}

void HddmARule::read(SavedState& saved, std::int64_t position) {
  all_.samples = static_cast<double>(saved.whole(0, position));
  all_.sum = saved.number(0, moa_ ? std::numeric_limits<double>::max() : all_.samples);
  read_cut(saved, low_, 1);
  if (two_sided_) read_cut(saved, high_, -1);
}

class HddmA final : public RuleModel<HddmAParams, HddmARule> {
 public:
  using RuleModel::RuleModel;

  static Schema<Params> schema() {
    Schema<Params> s;
    hddm::add_fields(s);
    s.field("dialect", &Params::dialect,
            {.help = "whose HDDM_A", .choices = {"river", "moa", "frouros"}});
    return s;
  }
};

TR_REGISTER(DetectorModel, HddmA, "hddm_a",
            "the mean of all samples against that of the first, by Hoeffding's bound",
            "Frias-Blanco et al. 2015, IEEE TKDE 27(3); form and defaults as river 0.26");

}  // namespace
}  // namespace tightrope
