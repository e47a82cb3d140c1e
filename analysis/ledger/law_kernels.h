// SPDX-License-Identifier: Apache-2.0
// What the ledger and the measures need of one prefix, computed over the tokens of its laws with
// the widest instructions at hand. Laws are arrays over the vocabulary, [V]; arrays marked (padded)
// have padded_size(V) doubles, and `log_q`, `log_old` may be read (not used) that far. All in nats.
// The split of a move is the one of analysis/measures/beneficial.h, term by term.
#pragma once

#include <cstddef>

namespace tightrope {

// Doubles of an array that a kernel may read or write in whole vectors.
constexpr std::size_t padded_size(std::size_t n) { return (n + 7) / 8 * 8; }

// A law with what is computed of it once.
struct LawView {
  const double* log = nullptr;   // ln P; -inf where P = 0 (padded with -inf)
  const double* mass = nullptr;  // P (padded with 0)
  const double* root = nullptr;  // sqrt P (padded with 0)
};

// Sums over the tokens of one prefix.
struct LedgerSums {
  double kl = 0;                           // KL(P || q) = sum P ln(P / q); +inf where q = 0 < P
  double cross_entropy = 0;                // - sum P ln q
  double beneficial = 0, detrimental = 0;  // of the move old -> q
  double step = 0;                         // KL(q || old) = sum q ln(q / old)
};

struct MeasureSums {
  double kl_forward = 0;        // KL(P || q)
  double kl_reverse = 0;        // KL(q || P)
  double jensen_shannon = 0;    // (KL(P || m) + KL(q || m)) / 2, m = (P + q) / 2
  double total_variation = 0;   // sum |P - q| / 2
  double hellinger_square = 0;  // sum (sqrt P - sqrt q)^2 / 2 = 1 - sum sqrt(P q)
  double affinity = 0;          // sum sqrt(P q)
};

struct LawKernels {
  // mass[i] = exp(log[i]), 0 for -inf; mass (padded).
  void (*exponentials)(std::size_t v, const double* log, double* mass);
  // root[i] = sqrt(mass[i]); both padded.
  void (*roots)(std::size_t v, const double* mass, double* root);
  // KL and cross-entropy of the law q against the oracle P.
  LedgerSums (*divergence)(std::size_t v, const LawView& p, const double* log_q);
  // The same and the split of the move old -> q. Adds the split's terms to `beneficial` and
  // `detrimental` (padded) unless they are null. q, old: exponentials of the logarithms (padded).
  LedgerSums (*move)(std::size_t v, const LawView& p, const double* log_old, const double* old,
                     const double* log_q, const double* q, double* beneficial, double* detrimental);
  // q_root: roots of q (padded).
  MeasureSums (*measures)(std::size_t v, const LawView& p, const double* log_q, const double* q,
                          const double* q_root);
};

// The kernels for this machine.
const LawKernels& law_kernels();

}  // namespace tightrope
