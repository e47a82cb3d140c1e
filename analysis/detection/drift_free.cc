// SPDX-License-Identifier: Apache-2.0
#include "analysis/detection/drift_free.h"

#include <filesystem>

#include "analysis/detection/text_table.h"
#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr std::size_t kMostSamples = std::size_t{1} << 26;  // 512 MiB

}  // namespace

DriftFreeLaw::DriftFreeLaw(const std::string& text, const ColumnOptions& column) : text_(text) {
  constexpr std::string_view kBernoulli = "bernoulli";
  if (text == "normal") return;
  if (text == "uniform") {
    kind_ = Kind::kUniform;
    return;
  }
  if (text.starts_with(kBernoulli)) {
    const std::string_view rest = std::string_view(text).substr(kBernoulli.size());
    const auto p = rest.starts_with(':') ? parse_number(rest.substr(1)) : std::nullopt;
    TR_REQUIRE(p && *p > 0 && *p < 1, "--law {}: write bernoulli:P with 0 < P < 1", text);
    kind_ = Kind::kBernoulli;
    probability_ = *p;
    return;
  }
  TR_REQUIRE(std::filesystem::exists(text),
             "--law {}: is neither normal, uniform, bernoulli:P nor a file", text);
  kind_ = Kind::kFile;
  const auto reader = open_column(text, column);
  for (auto block = reader->next(); !block.empty(); block = reader->next()) {
    values_.insert(values_.end(), block.begin(), block.end());
    TR_REQUIRE(values_.size() <= kMostSamples, "--law {}: more than {} samples", text,
               kMostSamples);
  }
  TR_REQUIRE(values_.size() >= 2, "--law {}: has {} samples; two at least are wanted", text,
             values_.size());
}

void DriftFreeLaw::draw(Draws& draws, std::span<double> samples) const {
  for (double& x : samples) {
    switch (kind_) {
      case Kind::kNormal:
        x = draws.normal();
        break;
      case Kind::kUniform:
        x = draws.uniform();
        break;
      case Kind::kBernoulli:
        x = draws.bernoulli(probability_) ? 1 : 0;
        break;
      case Kind::kFile:
        x = values_[draws.below(static_cast<std::uint32_t>(values_.size()))];
        break;
    }
  }
}

}  // namespace tightrope
