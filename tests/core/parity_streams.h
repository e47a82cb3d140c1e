// SPDX-License-Identifier: Apache-2.0
// The random streams on which other programs published what their detectors say: the Mersenne
// Twister (Matsumoto & Nishimura 1998) as NumPy's legacy generator and CPython's `random` use it.
// A test oracle only; the project itself draws from core/random.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tightrope::detector_test {

class Twister {
 public:
  static Twister numpy(std::uint32_t seed) { return Twister(seed); }
  static Twister python(std::uint32_t key) {  // init_by_array with one word
    Twister t(19650218U);
    auto& s = t.state_;
    const auto mixed = [&s](std::size_t i) { return s[i - 1] ^ (s[i - 1] >> 30); };
    std::size_t i = 1;
    const auto advance = [&] {
      if (++i < kWords) return;
      s[0] = s[kWords - 1];
      i = 1;
    };
    for (std::size_t k = 0; k < kWords; ++k, advance()) {
      s[i] = (s[i] ^ (mixed(i) * 1664525U)) + key;
    }
    for (std::size_t k = 1; k < kWords; ++k, advance()) {
      s[i] = (s[i] ^ (mixed(i) * 1566083941U)) - static_cast<std::uint32_t>(i);
    }
    s[0] = 0x80000000U;
    return t;
  }

  std::uint32_t next() {
    if (used_ == kWords) refill();
    std::uint32_t y = state_[used_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
  }
  double uniform() {  // 53 bits
    const double high = next() >> 5, low = next() >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }
  double below(int count) { return std::floor(uniform() * count); }
  double binomial(double p) {  // of one trial, by inversion
    const bool flip = p > 0.5;
    const bool hit = uniform() > std::exp(std::log(1 - (flip ? 1 - p : p)));
    return hit != flip ? 1 : 0;
  }
  double normal(double mean, double deviation) {  // Marsaglia's polar method, second one first
    if (cached_) {
      cached_ = false;
      return mean + deviation * cache_;
    }
    double x1, x2, r2;
    do {
      x1 = 2 * uniform() - 1;
      x2 = 2 * uniform() - 1;
      r2 = x1 * x1 + x2 * x2;
    } while (r2 >= 1 || r2 == 0);
    const double f = std::sqrt(-2 * std::log(r2) / r2);
    cached_ = true;
    cache_ = f * x1;
    return mean + deviation * (f * x2);
  }
  double gauss(double mean, double deviation) {  // of CPython: Box-Muller, the cosine first
    if (cached_) {
      cached_ = false;
      return mean + deviation * cache_;
    }
    const double angle = uniform() * 6.283185307179586;
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    cached_ = true;
    cache_ = std::sin(angle) * radius;
    return mean + deviation * (std::cos(angle) * radius);
  }

 private:
  static constexpr std::size_t kWords = 624;
  explicit Twister(std::uint32_t seed) {
    state_[0] = seed;
    for (std::size_t i = 1; i < kWords; ++i) {
      const std::uint32_t before = state_[i - 1];
      state_[i] = 1812433253U * (before ^ (before >> 30)) + static_cast<std::uint32_t>(i);
    }
  }
  void refill() {
    for (std::size_t i = 0; i < kWords; ++i) {
      const std::uint32_t y = (state_[i] & 0x80000000U) | (state_[(i + 1) % kWords] & 0x7fffffffU);
      state_[i] = state_[(i + 397) % kWords] ^ (y >> 1) ^ ((y & 1U) != 0 ? 0x9908b0dfU : 0U);
    }
    used_ = 0;
  }

  std::array<std::uint32_t, kWords> state_{};
  std::size_t used_ = kWords;
  bool cached_ = false;
  double cache_ = 0;
};

inline void append(std::vector<double>& stream, int count, const std::function<double()>& draw) {
  for (int i = 0; i < count; ++i) stream.push_back(draw());
}

inline std::vector<double> sine(double step) {
  std::vector<double> x;
  for (int i = 0; i < 10000; ++i) x.push_back(std::sin(0.7 * i) + (i >= 5000 ? step : 0));
  return x;
}

inline std::uint32_t numpy_seed(const std::string& name) {
  if (name == "S5") return 0;
  if (name == "S7a" || name == "S7b") return 1;
  if (name == "S6" || name == "S9" || name == "S10") return 31;
  return name.starts_with("rates_") ? 7 : 12345;
}

// Whether normals of the mean and deviation 0.1 are above 0.
inline void append_signs(std::vector<double>& stream, int count, double mean, Twister& numpy) {
  append(stream, count, [&] { return numpy.normal(mean, 0.1) > 0 ? 1 : 0; });
}

// Forty pieces of 500: errors at a rate that is drawn for each piece, or losses below twice it.
inline std::vector<double> rates(bool errors, Twister& numpy) {
  std::vector<double> x;
  for (int piece = 0; piece < 40; ++piece) {
    const double rate = numpy.uniform() / 2;
    append(x, 500, [&] {
      const double u = numpy.uniform();
      return errors ? (u < rate ? 1 : 0) : u * 2 * rate;
    });
  }
  return x;
}

// The streams by their names in tests/golden/detectors.json, which says how each is made.
inline std::vector<double> parity_stream(const std::string& name) {
  std::vector<double> x;
  Twister numpy = Twister::numpy(numpy_seed(name));
  Twister python = Twister::python(name == "S8" || name == "S4b" || name == "S12" ? 42 : 12345);
  const auto mask = [&](std::uint32_t bits) { return static_cast<double>(numpy.next() & bits); };
  if (name == "S1") {
    append(x, 1000, [&] { return mask(1); });
    append(x, 1000, [&] { return mask(7); });
  } else if (name == "S2") {
    for (const double p : {.2, .8}) append(x, 1000, [&] { return numpy.binomial(p); });
  } else if (name == "S3") {
    for (const double mean : {0.0, .25, 0.0, .25}) {
      append(x, 500, [&] { return mean + 0.1 * numpy.normal(0, 1) > 0 ? 1 : 0; });
    }
  } else if (name == "S4a" || name == "S8") {
    for (int i = 0; i < (name == "S8" ? 2 : 1); ++i) {
      append(x, 1000, [&] { return python.below(2); });
      append(x, 1000, [&] { return 4 + python.below(4); });
    }
  } else if (name == "S4b") {
    append(x, 1000, [&] { return python.below(2); });
    append(x, 1000, [&] { return python.uniform() >= 0.3 ? 1 : 0; });
  } else if (name == "S5") {
    append(x, 2000, [&] { return mask(1); });
    for (std::size_t i = 999; i < 2000; ++i) x[i] = 4 + mask(3);
  } else if (name == "S6") {
    append(x, 100, [&] { return numpy.normal(0, .5); });
    append(x, 100, [&] { return numpy.normal(4, .2); });
    append(x, 100, [&] { return numpy.normal(6, .5); });
  } else if (name == "S7a") {
    for (const double mean : {0.0, .5}) append_signs(x, 1000, mean, numpy);
  } else if (name == "S7b") {
    append(x, 2000, [&] { return numpy.normal(0, 1); });  // behind S7a
    x.clear();
    for (const double mean : {0.0, .25, 0.0, .25}) append_signs(x, 500, mean, numpy);
  } else if (name == "S9") {
    for (const double p : {.6, .8}) append(x, 1000, [&] { return numpy.binomial(p); });
  } else if (name.starts_with("rates_")) {
    x = rates(name == "rates_errors", numpy);
  } else if (name == "S12") {
    append(x, 250, [&] { return python.below(2); });
    append(x, 250, [&] { return python.uniform() >= 0.9 ? 1 : 0; });
  } else if (name == "zeros_60") {
    x.assign(60, 0.0);
  } else if (name == "zeros_ones") {
    x.assign(1000, 0.0);
    x.resize(2000, 1.0);
  } else if (name == "S10") {
    append(x, 1000, [&] { return numpy.normal(.2, .01); });
    append(x, 1000, [&] { return numpy.normal(.8, .04); });
  } else if (name == "S11" || name == "gauss_5" || name == "gauss_3") {
    const int before = name == "S11" ? 200 : name == "gauss_5" ? 300 : 1000;
    append(x, before, [&] { return python.gauss(0, 1); });
    append(x, name == "gauss_3" ? 1000 : 200,
           [&] { return python.gauss(name == "gauss_5" ? 5 : 3, 1); });
  } else if (name == "ones") {
    x.assign(5000, 1.0);
  } else if (name == "sine") {
    x = sine(0);
  } else if (name == "sine_step") {
    x = sine(2);
  }
  return x;
}

}  // namespace tightrope::detector_test
