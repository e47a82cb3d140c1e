// SPDX-License-Identifier: Apache-2.0
#include "policies/parameter_layout.h"

namespace tightrope {

std::int64_t add_view(std::vector<ParameterView>& layout, const std::string& name,
                      std::vector<int> shape, bool decay, ParameterPart part) {
  ParameterView view;
  view.name = name;
  view.shape = std::move(shape);
  view.offset = total_size(layout);
  view.size = 1;
  view.decay = decay;
  view.part = part;
  for (const int size : view.shape) view.size *= size;
  layout.push_back(view);
  return view.offset;
}

std::int64_t total_size(const std::vector<ParameterView>& layout) {
  return layout.empty() ? 0 : layout.back().offset + layout.back().size;
}

}  // namespace tightrope
