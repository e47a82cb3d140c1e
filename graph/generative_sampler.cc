// SPDX-License-Identifier: Apache-2.0
#include "graph/generative_sampler.h"

#include <cmath>

#include "core/base/math.h"

namespace tightrope {
namespace {

// A 32-bit draw lies below limit(p) with probability p up to 2^-33; 0 and 1 are exact.
std::uint64_t limit(double probability) {
  return static_cast<std::uint64_t>(std::llround(probability * 0x1p32));
}

std::vector<std::uint64_t> limits(const std::vector<double>& probabilities) {
  std::vector<std::uint64_t> out;
  out.reserve(probabilities.size());
  for (double p : probabilities) out.push_back(limit(p));
  return out;
}

// Cumulative limits of rows; entries behind the last possible one are 2^32, so that rounding never
// selects an impossible entry.
std::vector<std::uint64_t> cumulative(const std::vector<double>& probabilities, int row) {
  std::vector<std::uint64_t> out(probabilities.size());
  for (std::size_t begin = 0; begin < probabilities.size(); begin += row) {
    double sum = 0;
    int last = 0;
    for (int i = 0; i < row; ++i) {
      sum += probabilities[begin + i];
      out[begin + i] = limit(sum);
      if (probabilities[begin + i] > 0) last = i;
    }
    for (int i = last; i < row; ++i) out[begin + i] = std::uint64_t{1} << 32;
  }
  return out;
}

int pick(const std::uint64_t* limit_row, std::uint32_t bits) {
  int i = 0;
  while (bits >= limit_row[i]) ++i;
  return i;
}

// Two independent standard normals from two draws (Box and Muller 1958).
void normal_pair(Draws& draws, double& first, double& second) {
  const double radius = std::sqrt(-2.0 * std::log(draws.uniform()));
  const double angle = 2 * kPi * draws.uniform();
  first = radius * std::cos(angle);
  second = radius * std::sin(angle);
}

}  // namespace

GenerativeSampler::GenerativeSampler(const GenerativeLaw& law)
    : law_(law),
      site_limit_(cumulative(law.omega, law.sites)),
      disease_limit_(cumulative(law.pi, law.diseases)),
      theta_limit_(limits(law.theta)),
      positive_limit_(limits(law.polarity)),
      absent_limit_(limits(law.mention_absent)) {
  slot_limit_.resize(static_cast<std::size_t>(law.sites) * law.attributes);
  for (int u = 0; u < law.sites; ++u) {
    for (int k = 0; k < law.attributes; ++k) {
      const double m = law.mention_present[k];
      slot_limit_[static_cast<std::size_t>(u) * law.attributes + k] = {
          limit(m * law.synonym_at(u, k)), limit(m)};
    }
  }
}

void GenerativeSampler::draw(Draws draws, int n, Cases& out) const {
  const int attributes = law_.attributes;
  const int u = pick(site_limit_.data(), draws.bits());
  const int z = pick(&disease_limit_[static_cast<std::size_t>(u) * law_.diseases], draws.bits());
  out.site[n] = u;
  out.category[n] = -1;
  out.disease[n] = z;
  const std::uint64_t* theta =
      &theta_limit_[(static_cast<std::size_t>(u) * law_.diseases + z) * attributes];
  std::uint8_t* attribute = out.attributes_of(n).data();
  for (int k = 0; k < attributes; ++k) attribute[k] = draws.bits() < theta[k] ? 1 : 0;
  draw_image(draws, n, out);
  const float* image = out.image_of(n).data();
  Slot* report = out.report_of(n).data();
  int mentions = 0;
  for (int k = 0; k < attributes; ++k) {
    const Slot slot = draw_slot(u, k, attribute[k] != 0, image[k], draws);
    const bool open = mentions < law_.max_mentions;
    report[k] = open ? slot : Slot::kSilent;
    mentions += slot != Slot::kSilent ? 1 : 0;
  }
}

void GenerativeSampler::draw_image(Draws& draws, int n, Cases& out) const {
  const std::uint8_t* attribute = out.attributes_of(n).data();
  float* image = out.image_of(n).data();
  for (int c = 0; c < law_.channels; ++c) image[c] = static_cast<float>(law_.shift[c]);
  for (int k = 0; k < law_.attributes; ++k) {
    // The sign is drawn also where nothing shows it: the number of draws never changes.
    const bool up = law_.image_code == ImageCode::kLinear || draws.bits() < positive_limit_[k];
    if (attribute[k] != 0) {
      image[k] += static_cast<float>(up ? law_.signal[k] : -law_.signal[k]);
    }
  }
  for (int c = 0; c < law_.channels; c += 2) {
    double first = 0;
    double second = 0;
    normal_pair(draws, first, second);
    image[c] += static_cast<float>(law_.noise[c] * first);
    if (c + 1 < law_.channels) image[c + 1] += static_cast<float>(law_.noise[c + 1] * second);
  }
}

Slot GenerativeSampler::draw_slot(int u, int k, bool present, double v, Draws& draws) const {
  const std::uint32_t bits = draws.bits();
  if (law_.report_from == ReportFrom::kImage) {
    const double x = law_.reader(k, v);
    const double reported = x * law_.mention_present[k];
    const double place = (static_cast<double>(bits) + 0.5) * 0x1p-32;
    if (place < reported * law_.synonym_at(u, k)) return Slot::kSynonym0;
    if (place < reported) return Slot::kSynonym1;
    return place < reported + (1 - x) * law_.mention_absent[k] ? Slot::kAbsent : Slot::kSilent;
  }
  if (!present) return bits < absent_limit_[k] ? Slot::kAbsent : Slot::kSilent;
  const SlotLimit& slot = slot_limit_[static_cast<std::size_t>(u) * law_.attributes + k];
  if (bits < slot.first) return Slot::kSynonym0;
  return bits < slot.reported ? Slot::kSynonym1 : Slot::kSilent;
}

}  // namespace tightrope
