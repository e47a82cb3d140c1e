// SPDX-License-Identifier: Apache-2.0
// One image and the posterior while a chain is read: the working state of GenerativeOracle.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/random/stream.h"
#include "graph/generative_oracle.h"

namespace tightrope {

// log of a running product for every hypothesis; flushed into logarithms before it can underflow.
class LogProduct {
 public:
  explicit LogProduct(int count) : log_(count, 0.0), product_(count, 1.0) {}
  void times(const double* factors);  // factors in [0, 1]
  void times_log(int h, double log_factor) { log_[h] += log_factor; }
  std::span<const double> logs();  // flushes
  void reset();

 private:
  void flush();
  std::vector<double> log_;
  std::vector<double> product_;
};

class GenerativeChain {
 public:
  GenerativeChain(const GenerativeOracle& oracle, std::span<const double> image);

  // log P*(token | prefix), then conditions on it. Throws InputError when it is not grammatical.
  double read(Token token);
  void law(std::span<double> out) const;     // [V]
  void belief(std::span<double> out) const;  // [Z]
  void site(std::span<double> out) const;    // [U]
  void joint(std::span<double> out) const;   // [U, Z]
  // A trajectory from P*(. | image), before anything was read: hypothesis, then slots given it.
  Trajectory write(Draws& draws) const;

 private:
  void see(std::span<const double> image);
  void see_clear_channel(int k, double log_odds, LogProduct& evidence);
  void set_slots(int k, const double* alpha, const double* not_alpha);
  double read_finding(int k, Slot slot);
  double read_end();
  double read_disease(int z);
  double condition(std::span<const double> log_likelihood);
  void weights();  // normalised weights from logs
  void findings_law(std::span<double> out) const;

  const double* present(int k) const { return slots_.get() + stride_ * (3 * k); }
  const double* absent(int k) const { return slots_.get() + stride_ * (3 * k + 1); }
  const double* silent(int k) const { return slots_.get() + stride_ * (3 * k + 2); }
  double* row(int k, int which) { return slots_.get() + stride_ * (3 * k + which); }

  const GenerativeOracle& oracle_;
  const GenerativeLaw& law_;
  int hypotheses_;
  std::size_t stride_;
  std::unique_ptr<double[]> slots_;  // [K, 3, H] present, absent, silent
  std::vector<double> log_weight_;   // [H] up to a constant
  std::vector<double> weight_;       // [H] sums to 1
  LogProduct product_;
  Grammar::State state_;
  int next_ = 0;           // first slot that was not passed
  bool answered_ = false;  // the diagnosis was written
};

}  // namespace tightrope
