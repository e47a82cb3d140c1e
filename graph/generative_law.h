// SPDX-License-Identifier: Apache-2.0
// The generative law as plain arrays: what sampling, oracle and distances compute with.
//
//   u ~ omega,  z ~ pi[u, .],  a_k ~ Bernoulli(theta[u, z, k])
//   v_c = shift_c + signal_c a_c r_c + noise_c eps_c,  r_c = +1 w.p. polarity_c, else -1 (linear:
//   +1) slot_k: synonym s w.p. x_k mention_present_k synonym_s[u, k], "no k" w.p. (1 - x_k)
//   mention_absent_k
//           with x_k = a_k, or (report_from: image) x_k = P(a_k = 1 | v_k) at even prior odds
//   the report is closed after max_mentions findings.
#pragma once

#include <cstdint>
#include <vector>

namespace tightrope {

enum class ImageCode : std::uint8_t { kLinear, kPolarity };
enum class ReportFrom : std::uint8_t { kLatent, kImage };

struct GenerativeLaw {
  int sites = 0;         // U
  int diseases = 0;      // Z
  int attributes = 0;    // K
  int channels = 0;      // C >= K; channels beyond the attributes hold noise alone
  int max_mentions = 0;  // >= 1
  ImageCode image_code = ImageCode::kLinear;
  ReportFrom report_from = ReportFrom::kLatent;

  std::vector<double> omega;            // [U], sums to 1
  std::vector<double> pi;               // [U, Z], rows sum to 1
  std::vector<double> theta;            // [U, Z, K] in [0, 1]
  std::vector<double> signal;           // [C]
  std::vector<double> shift;            // [C]
  std::vector<double> noise;            // [C] > 0
  std::vector<double> polarity;         // [C] in [0, 1]; read with ImageCode::kPolarity alone
  std::vector<double> mention_present;  // [K] in [0, 1]
  std::vector<double> mention_absent;   // [K] in [0, 1]
  std::vector<double> synonym;          // [U, K] P(synonym 0 | reported)

  double pi_at(int u, int z) const { return pi[static_cast<std::size_t>(u) * diseases + z]; }
  double theta_at(int u, int z, int k) const {
    return theta[(static_cast<std::size_t>(u) * diseases + z) * attributes + k];
  }
  double synonym_at(int u, int k) const {
    return synonym[static_cast<std::size_t>(u) * attributes + k];
  }
  // P(r_c = +1).
  double positive(int c) const { return image_code == ImageCode::kLinear ? 1.0 : polarity[c]; }
  // log f_a(v) up to the same constant for a = 0 and 1: f_a is the density of channel c given a_c =
  // a.
  double log_density(int c, int a, double v) const;
  // P(a_c = 1 | v) at even prior odds: what the reader of report_from: image sees.
  double reader(int c, double v) const;

  // Throws InternalError when sizes disagree.
  void check_shapes() const;
};

}  // namespace tightrope
