// SPDX-License-Identifier: Apache-2.0
#include "core/detectors/simple_jumper.h"

namespace tightrope {

void SimpleJumper::rescale() {
  int power = 0;
  std::frexp(capital_, &power);
  exponent_ += power;
  for (double* value : {&capital_, &least_}) *value = std::ldexp(*value, -power);
  for (double& value : wealth_) value = std::ldexp(value, -power);
  inverses_ = std::ldexp(inverses_, power);
}

void SimpleJumper::write(std::vector<double>& saved) const {
  saved.insert(saved.end(), {capital_, least_, before_, inverses_, exponent_});
  saved.insert(saved.end(), wealth_, wealth_ + experts_);
}

void SimpleJumper::read(SavedState& saved) {
  for (double* value : {&capital_, &least_, &before_, &inverses_}) *value = saved.number();
  exponent_ = static_cast<double>(saved.whole(-(std::int64_t{1} << 30), std::int64_t{1} << 30));
  for (int k = 0; k < experts_; ++k) {
    wealth_[k] = saved.number();
    TR_REQUIRE(wealth_[k] >= 0 && std::isfinite(wealth_[k]), "detector state: wealth {} of a bet",
               wealth_[k]);
  }
  TR_REQUIRE(capital_ > 0 && std::isfinite(capital_) && least_ >= 0 && inverses_ >= 0,
             "detector state: capital {}, least capital {}", capital_, least_);
}

}  // namespace tightrope
