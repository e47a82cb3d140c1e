// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/fields.h"

#include <functional>
#include <limits>
#include <numeric>

#include "core/base/check.h"

namespace tightrope {

Field::Field(LogShape shape)
    : shape_(std::move(shape)),
      strides_(shape_.size(), 1),
      values_(std::accumulate(shape_.begin(), shape_.end(), std::size_t{1}, std::multiplies<>()),
              std::numeric_limits<double>::quiet_NaN()) {
  for (std::size_t axis = shape_.size(); axis-- > 1;) {
    strides_[axis - 1] = strides_[axis] * shape_[axis];
  }
}

FieldSet::FieldSet(const LogSchema& schema, std::size_t segments) : segments_(segments) {
  for (const LogGroup& group : schema.groups) {
    for (const LogVariable& variable : group.variables) {
      if (variable.type != LogType::kF64 || variable.dims.empty()) continue;
      if (variable.dims.front() != "segment") continue;
      LogShape shape;
      for (const std::string& dim : variable.dims) {
        shape.push_back(find_dimension(group, dim)->length);
      }
      shape.front() = segments;
      fields_.emplace(group.name + "/" + variable.name, Field(std::move(shape)));
    }
  }
}

std::size_t FieldSet::bytes() const {
  std::size_t sum = 0;
  for (const auto& [name, field] : fields_) sum += field.values().size() * sizeof(double);
  return sum;
}

Field& FieldSet::operator[](const std::string& name) {
  const auto found = fields_.find(name);
  TR_CHECK(found != fields_.end(), "no field {}", name);
  return found->second;
}

}  // namespace tightrope
