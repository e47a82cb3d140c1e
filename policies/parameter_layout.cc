// SPDX-License-Identifier: Apache-2.0
#include "policies/parameter_layout.h"

namespace tightrope {

std::int64_t add_view(std::vector<ParameterView>& layout, const std::string& name,
                      std::vector<int> shape, bool decay) {
  ParameterView view{name, std::move(shape), total_size(layout), 1, decay};
  for (const int size : view.shape) view.size *= size;
  layout.push_back(view);
  return view.offset;
}

std::int64_t total_size(const std::vector<ParameterView>& layout) {
  return layout.empty() ? 0 : layout.back().offset + layout.back().size;
}

}  // namespace tightrope
