// SPDX-License-Identifier: Apache-2.0
// The rule of KSWIN, apart from who draws its samples: tests draw them as other programs do.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/detectors/kolmogorov_smirnov.h"
#include "core/detectors/sample_window.h"

namespace tightrope {

struct KswinParams {
  double alpha = 0.005;
  std::int64_t window_size = 100;
  std::int64_t stat_size = 30;
  std::int64_t seed = 0;
  std::string dialect = "river";
};

// The least n D that is a drift, see kswin.cc; n + 1 when none is.
std::int64_t kswin_critical_steps(const KswinParams& params);

// A Sampler has draw(position, population, chosen), which fills `chosen` with different numbers of
// 0..population - 1, and restart(), called at a fresh start.
template <class Sampler>
class KswinRule {
 public:
  KswinRule(const KswinParams& p, Sampler sampler)
      : stat_size_(static_cast<std::size_t>(p.stat_size)),
        critical_(kswin_critical_steps(p)),
        window_(p.window_size),
        sampler_(std::move(sampler)),
        chosen_(stat_size_) {}

  DetectorState accept(double x, std::int64_t position) {
    window_.push(x);
    DetectorState state;
    state.threshold = static_cast<double>(critical_) / static_cast<double>(stat_size_);
    if (!window_.full()) return state;
    samples_.clear();
    window_.copy_to(samples_);
    const std::size_t older = samples_.size() - stat_size_;
    sampler_.draw(position, older, chosen_);
    older_.clear();
    for (const std::size_t k : chosen_) older_.push_back(samples_[k]);
    newer_.assign(samples_.begin() + static_cast<std::ptrdiff_t>(older), samples_.end());
    std::sort(older_.begin(), older_.end());
    std::sort(newer_.begin(), newer_.end());
    const std::int64_t steps = kolmogorov_smirnov_steps(older_, newer_);
    state.statistic = static_cast<double>(steps) / static_cast<double>(stat_size_);
    if (steps < critical_) return state;
    state.verdict = AlarmLevel::kDrift;
    const std::size_t split = clearest_split(samples_, 1);
    state.direction = direction(split);
    state.change_time = position + 1 - static_cast<std::int64_t>(samples_.size() - split);
    return state;
  }
  void clear() {
    window_.clear();
    sampler_.restart();
  }
  void write(std::vector<double>& saved) const { window_.write(saved); }
  void read(SavedState& saved, std::int64_t position) { window_.read(saved, position); }

 private:
  // Of the mean at the split; upwards when it does not move.
  int direction(std::size_t split) const {
    double older = 0, newer = 0;
    for (std::size_t i = 0; i < samples_.size(); ++i) (i < split ? older : newer) += samples_[i];
    older /= static_cast<double>(split);
    newer /= static_cast<double>(samples_.size() - split);
    return newer >= older ? 1 : -1;
  }

  std::size_t stat_size_;
  std::int64_t critical_;
  SampleWindow window_;
  Sampler sampler_;
  std::vector<std::size_t> chosen_;  // scratch, like what follows
  std::vector<double> samples_, older_, newer_;
};

}  // namespace tightrope
