// SPDX-License-Identifier: Apache-2.0
// Distances per mechanism: against brute force over discrete variables, against quadrature of
// another kind over channels, and as a whole by Monte Carlo of log-likelihood ratios.
#include "graph/generative_distance.h"

#include <gtest/gtest.h>

#include <map>

#include "graph/divergence.h"
#include "graph/generative_sampler.h"
#include "tests/graph/tiny_generative.h"

namespace tightrope {
namespace {

const std::vector<int> kSpurious = {-1, -1, -1, 0};

// theta of the spurious attribute depends on u alone, of the others on z alone.
GenerativeLaw structured(GenerativeLaw law) {
  for (int u = 0; u < 2; ++u) {
    for (int z = 0; z < 3; ++z) {
      for (int k = 0; k < 4; ++k) {
        law.theta[(u * 3 + z) * 4 + k] =
            kSpurious[k] >= 0 ? law.theta[u * 12 + k] : law.theta[z * 4 + k];
      }
    }
  }
  return law;
}

struct Brute {
  double kl = 0, overlap = 0;
};

// The whole law of reports given (u, a), capped, compared by enumerating slots; latent reports.
Brute brute_lexical(const GenerativeLaw& now, const GenerativeLaw& before) {
  Brute out;
  const int K = now.attributes;
  for (int u = 0; u < 2; ++u) {
    for (int z = 0; z < 3; ++z) {
      for (int bits = 0; bits < (1 << K); ++bits) {
        double weight = now.omega[u] * now.pi[u * 3 + z];
        for (int k = 0; k < K; ++k) {
          const double theta = now.theta[(u * 3 + z) * K + k];
          weight *= (bits >> k & 1) ? theta : 1 - theta;
        }
        std::map<std::vector<Slot>, std::pair<double, double>> reports;
        for (int code = 0; code < (1 << (2 * K)); ++code) {
          double p = 1, q = 1;
          std::vector<Slot> report(K);
          for (int k = 0; k < K; ++k) {
            report[k] = static_cast<Slot>(code >> (2 * k) & 3);
            p *= test::plain_slot(now, u, k, bits >> k & 1, 0, report[k]);
            q *= test::plain_slot(before, u, k, bits >> k & 1, 0, report[k]);
          }
          cap_mentions(report, now.max_mentions);
          reports[report].first += p;
          reports[report].second += q;
        }
        for (const auto& [report, pq] : reports) {
          out.kl += weight * kl_term(pq.first, pq.second);
          out.overlap += weight * std::sqrt(pq.first * pq.second);
        }
      }
    }
  }
  return out;
}

TEST(GenerativeDistance, LexicalWithCapMatchesEnumeration) {
  for (int cap : {1, 2, 3, 9}) {
    const GenerativeLaw before =
        structured(test::tiny_law(ImageCode::kLinear, ReportFrom::kLatent, cap, 0));
    GenerativeLaw now = structured(test::tiny_law(ImageCode::kLinear, ReportFrom::kLatent, cap, 1));
    const Brute expected = brute_lexical(now, before);
    const MechanismDistance got = generative_distances(before, now, kSpurious)[4];
    EXPECT_EQ(got.mechanism, "lexical");
    EXPECT_NEAR(got.kl, expected.kl, 1e-12) << cap;
    EXPECT_NEAR(got.hellinger, std::sqrt(1 - expected.overlap), 1e-12) << cap;
  }
}

TEST(GenerativeDistance, DiscreteMechanismsMatchEnumeration) {
  const GenerativeLaw before =
      structured(test::tiny_law(ImageCode::kLinear, ReportFrom::kLatent, 9, 0));
  const GenerativeLaw now =
      structured(test::tiny_law(ImageCode::kLinear, ReportFrom::kLatent, 9, 1));
  double prior = 0, mechanism = 0, spurious = 0, overlap = 0;
  for (int u = 0; u < 2; ++u) {
    for (int z = 0; z < 3; ++z) {
      const double p = now.omega[u] * now.pi[u * 3 + z];
      const double q = before.omega[u] * before.pi[u * 3 + z];
      prior += p * std::log(p / q);
      overlap += std::sqrt(p * q);
      for (int k = 0; k < 4; ++k) {
        const double a = now.theta[(u * 3 + z) * 4 + k];
        const double b = before.theta[(u * 3 + z) * 4 + k];
        const double kl = a * std::log(a / b) + (1 - a) * std::log((1 - a) / (1 - b));
        (kSpurious[k] >= 0 ? spurious : mechanism) += p * kl;
      }
    }
  }
  const auto got = generative_distances(before, now, kSpurious);
  EXPECT_NEAR(got[0].kl, prior, 1e-12);
  EXPECT_NEAR(got[0].hellinger, std::sqrt(1 - overlap), 1e-12);
  EXPECT_NEAR(got[1].kl, mechanism, 1e-12);
  EXPECT_NEAR(got[2].kl, spurious, 1e-12);
}

TEST(GenerativeDistance, NoDriftIsExactlyNothing) {
  for (ReportFrom from : {ReportFrom::kLatent, ReportFrom::kImage}) {
    const GenerativeLaw law = structured(test::tiny_law(ImageCode::kPolarity, from, 2, 0));
    for (const MechanismDistance& d : generative_distances(law, law, kSpurious)) {
      EXPECT_EQ(d.kl, 0) << d.mechanism;
      EXPECT_EQ(d.hellinger, 0) << d.mechanism;
      EXPECT_EQ(d.total_variation, 0) << d.mechanism;
    }
  }
}

// Gauss-like sums of another kind: Simpson's rule on a fine grid of its own.
TEST(Divergence, MixturesMatchSimpson) {
  const ChannelDensity p{0.1, 1.0, 0.94, 0.2};
  const ChannelDensity q{-0.1, 0.8, 0.7, 0.45};
  double kl = 0, overlap = 0, variation = 0;
  const int points = 400001;
  const double low = -8, step = 16.0 / (points - 1);
  for (int i = 0; i < points; ++i) {
    const double v = low + step * i;
    const auto density = [v](const ChannelDensity& d) {
      const auto normal = [&](double mean) {
        return std::exp(-0.5 * (v - mean) * (v - mean) / (d.noise * d.noise)) /
               (d.noise * std::sqrt(2 * kPi));
      };
      return d.positive * normal(d.center + d.signal) +
             (1 - d.positive) * normal(d.center - d.signal);
    };
    const double weight = step / 3 * (i == 0 || i == points - 1 ? 1 : i % 2 == 1 ? 4 : 2);
    const double a = density(p), b = density(q);
    if (a > 0) kl += weight * a * std::log(a / b);
    overlap += weight * std::sqrt(a * b);
    variation += weight * 0.5 * std::abs(a - b);
  }
  const Divergence got = channel_divergence(p, q);
  EXPECT_NEAR(got.kl, kl, 1e-10);
  EXPECT_NEAR(got.overlap, overlap, 1e-10);
  EXPECT_NEAR(got.variation, variation, 1e-8);
}

TEST(Divergence, GaussianClosedForm) {
  const Divergence got = channel_divergence({0, 1, 1, 0.5}, {0.2, 1, 1, 0.5});
  EXPECT_NEAR(got.kl, 0.08, 1e-14);
  EXPECT_NEAR(got.overlap, std::exp(-0.02), 1e-14);
  EXPECT_NEAR(got.variation, std::erf(0.2 / (2 * 0.5 * std::sqrt(2.0))), 1e-12);
}

// The five KLs sum to the KL of a whole case: mean log-likelihood ratio of sampled cases.
TEST(GenerativeDistance, SumIsTheMeanLogLikelihoodRatio) {
  for (ReportFrom from : {ReportFrom::kLatent, ReportFrom::kImage}) {
    const GenerativeLaw before = structured(test::tiny_law(ImageCode::kPolarity, from, 2, 0));
    const GenerativeLaw now = structured(test::tiny_law(ImageCode::kPolarity, from, 2, 1));
    const GenerativeSampler sampler(now);
    Cases cases;
    cases.resize(1, 4, 5);
    const auto log_likelihood = [&](const GenerativeLaw& law) {
      const int u = cases.site[0], z = cases.disease[0];
      double sum = std::log(law.omega[u] * law.pi[u * 3 + z]);
      int mentions = 0;
      for (int c = 0; c < 5; ++c) {
        const int a = c < 4 ? cases.attribute[c] : 0;
        sum += std::log(test::plain_density(law, c, a, cases.image[c]));
        if (c == 4) break;
        const double theta = law.theta[(u * 3 + z) * 4 + c];
        sum += std::log(a == 1 ? theta : 1 - theta);
        if (mentions == law.max_mentions) continue;
        sum += std::log(test::plain_slot(law, u, c, a, cases.image[c], cases.report[c]));
        mentions += cases.report[c] != Slot::kSilent ? 1 : 0;
      }
      return sum;
    };
    const int count = 400000;
    double sum = 0, squares = 0;
    for (int n = 0; n < count; ++n) {
      sampler.draw(Stream(3, Purpose::kData, 0).at(0, n), 0, cases);
      const double ratio = log_likelihood(now) - log_likelihood(before);
      sum += ratio;
      squares += ratio * ratio;
    }
    const double mean = sum / count;
    const double error = std::sqrt((squares / count - mean * mean) / count);
    double expected = 0;
    for (const MechanismDistance& d : generative_distances(before, now, kSpurious))
      expected += d.kl;
    EXPECT_NEAR(mean, expected, 5 * error);
    EXPECT_LT(error / expected, 0.01);
  }
}

}  // namespace
}  // namespace tightrope
