// SPDX-License-Identifier: Apache-2.0
// Makes a detector, a bank and a model out of a rule: a copyable value with
//
//   explicit Rule(const Params&)
//   DetectorState accept(double x, std::int64_t position)    one sample; x is finite and allowed
//   void clear()                                             a fresh start; position goes on
//   void write(std::vector<double>& saved) const             the state, as numbers
//   void read(SavedState& saved, std::int64_t position)      back; throws InputError
//   bool takes(double x) const                               optional: false for a bad sample, that
//                                                            is one not finite and what else it
//                                                            may; without it what is beyond 1e150
//                                                            in size
//   void refuse(double x, std::int64_t position) const       with it: throws InputError for one
//   static constexpr bool kOften                             optional: true when it says something
//                                                            often and accept() does not branch on
//                                                            it
//   bool starts_anew() const                                 optional: clear() behind a drift
//
// Nothing in the hot path is virtual, so that a bank's loop and scan() are inlined.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>
#include <utility>

#include "core/base/check.h"
#include "core/detectors/detector.h"

namespace tightrope {

namespace internal {
// Squares of such samples, and sums of very many, stay finite.
inline constexpr double kLargestSample = 1e150;
inline bool is_sample(double x) { return std::abs(x) <= kLargestSample; }
[[noreturn]] void refuse_sample(double x, std::int64_t position);
}  // namespace internal

// A rule with its place in a stream.
template <class Rule>
class RuleStream {
 public:
  explicit RuleStream(Rule rule) : rule_(std::move(rule)) {}

  DetectorState update(double x) {
    if (!takes(x)) [[unlikely]] {
      refuse(x);
    }
    return advance(x);
  }

  // Whether update() does not refuse the sample.
  bool takes(double x) const {
    if constexpr (requires { rule_.takes(x); }) {
      return rule_.takes(x);
    } else {
      return internal::is_sample(x);
    }
  }

  // Throws InputError for another one.
  [[noreturn]] void refuse(double x) const {
    if constexpr (requires { rule_.refuse(x, position_); }) {
      if (std::isfinite(x)) rule_.refuse(x, position_);
    }
    internal::refuse_sample(x, position_);
  }

  // update() of a sample that it takes.
  DetectorState advance(double x) {
    if (drifted_) [[unlikely]] {
      if (starts_anew()) rule_.clear();
    }
    const DetectorState state = rule_.accept(x, position_);
    drifted_ = state.verdict == AlarmLevel::kDrift;
    ++position_;
    return state;
  }

  void reset() {
    rule_.clear();
    drifted_ = false;
    position_ = 0;
  }

  std::vector<double> save() const {
    std::vector<double> saved{static_cast<double>(position_), drifted_ ? 1.0 : 0.0};
    rule_.write(saved);
    return saved;
  }

  void load(std::span<const double> saved) {
    constexpr std::int64_t kLargest = std::int64_t{1} << 53;  // a double holds every count below
    RuleStream restored(*this);                               // nothing changes when reading throws
    SavedState values(saved);
    restored.position_ = values.whole(0, kLargest);
    restored.drifted_ = values.whole(0, 1) == 1;
    restored.rule_.read(values, restored.position_);
    values.finish();
    *this = std::move(restored);
  }

  std::int64_t position() const { return position_; }

 private:
  bool starts_anew() const {
    if constexpr (requires { rule_.starts_anew(); }) return rule_.starts_anew();
    return true;
  }

  Rule rule_;
  std::int64_t position_ = 0;  // of the next sample
  bool drifted_ = false;       // at the sample before
};

template <class Rule>
class RuleDetector final : public Detector {
 public:
  explicit RuleDetector(Rule rule) : stream_(std::move(rule)) {}
  DetectorState update(double x) override { return stream_.update(x); }
  void scan(std::span<const double> x, const Alarm& alarm) override {
    if constexpr (kPlain) {
      const auto bad = std::find_if_not(x.begin(), x.end(), internal::is_sample);
      for (std::span<const double> good(x.begin(), bad); !good.empty();) {
        DetectorState said;
        good = good.subspan(advance_copy(good, said));
        if (said.verdict != AlarmLevel::kNone) alarm(stream_.position() - 1, said);
      }
      if (bad != x.end()) stream_.update(*bad);  // which refuses it
    } else if constexpr (requires { Rule::kOften; }) {
      scan_in_blocks(x, alarm);
    } else {
      scan_in_place(x, alarm);
    }
  }
  std::int64_t position() const override { return stream_.position(); }
  void reset() override { stream_.reset(); }
  std::vector<double> save() const override { return stream_.save(); }
  void load(std::span<const double> saved) override { stream_.load(saved); }

 private:
  // A rule of numbers alone without a domain of its own.
  static constexpr bool kPlain = std::is_trivially_copyable_v<Rule> && !requires(const Rule& rule) {
    rule.takes(0.0);
  };

  // Flattened, so that what a quiet sample would have said is never computed.
  [[gnu::flatten]] void scan_in_place(std::span<const double> x, const Alarm& alarm) {
    for (const double sample : x) {
      if (!stream_.takes(sample)) [[unlikely]] {
        stream_.refuse(sample);
      }
      const DetectorState state = stream_.advance(sample);
      if (state.verdict != AlarmLevel::kNone) [[unlikely]] {
        alarm(stream_.position() - 1, state);
      }
    }
  }

  // Takes good samples up to and with the first at which something is said; how many. The stream is
  // copied and nothing throws, so that its numbers stay in registers.
  [[gnu::flatten]] std::size_t advance_copy(std::span<const double> x, DetectorState& said) {
    RuleStream<Rule> stream = stream_;
    std::size_t taken = 0;
    while (taken < x.size()) {
      const DetectorState state = stream.advance(x[taken++]);
      if (state.verdict == AlarmLevel::kNone) [[likely]]
        continue;
      said = state;
      break;
    }
    stream_ = stream;
    return taken;
  }

  // First some samples, then what was said at them: a sample that is hard to predict does not hold
  // up those behind it.
  [[gnu::flatten]] void scan_in_blocks(std::span<const double> x, const Alarm& alarm) {
    std::array<DetectorState, 32> said;
    for (std::size_t i = 0; i < x.size();) {
      std::size_t n = 0;
      while (n < said.size() && i < x.size() && stream_.takes(x[i])) {
        said[n++] = stream_.advance(x[i++]);
      }
      for (std::size_t k = 0; k < n; ++k) {
        if (said[k].verdict != AlarmLevel::kNone) [[unlikely]] {
          alarm(stream_.position() - static_cast<std::int64_t>(n - k), said[k]);
        }
      }
      if (n < said.size() && i < x.size()) stream_.refuse(x[i]);
    }
  }

  RuleStream<Rule> stream_;
};

template <class Rule>
class RuleBank final : public DetectorBank {
 public:
  RuleBank(const Rule& rule, std::size_t streams) : streams_(streams, RuleStream<Rule>(rule)) {}
  std::size_t size() const override { return streams_.size(); }
  [[gnu::flatten]] void update(std::span<const double> x,
                               std::span<DetectorState> states) override {
    TR_CHECK(x.size() == size() && states.size() == size(), "{} samples, {} states, {} streams",
             x.size(), states.size(), size());
    for (std::size_t n = 0; n < x.size(); ++n) states[n] = streams_[n].update(x[n]);
  }
  void reset() override {
    for (auto& stream : streams_) stream.reset();
  }
  std::vector<double> save(std::size_t stream) const override { return streams_.at(stream).save(); }
  void load(std::size_t stream, std::span<const double> saved) override {
    streams_.at(stream).load(saved);
  }

 private:
  std::vector<RuleStream<Rule>> streams_;
};

// What a registered detector derives from; it adds `static Schema<Params> schema()`.
template <class RuleParams, class Rule>
class RuleModel : public DetectorModel {
 public:
  using Params = RuleParams;
  explicit RuleModel(const Params& params) : params_(params) {}
  std::unique_ptr<Detector> make() const override {
    return std::make_unique<RuleDetector<Rule>>(Rule(params_));
  }
  std::unique_ptr<DetectorBank> make_bank(std::size_t streams) const override {
    return std::make_unique<RuleBank<Rule>>(Rule(params_), streams);
  }

 private:
  Params params_;
};

}  // namespace tightrope
