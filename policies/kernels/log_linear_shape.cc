// SPDX-License-Identifier: Apache-2.0
#include "policies/kernels/log_linear_shape.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "policies/parameter_layout.h"

namespace tightrope {

LogLinearShape::LogLinearShape(const PolicyContext& context, const LogLinearOptions& the_options)
    : vocabulary(context.vocabulary),
      grammar(context.vocabulary, context.max_mentions, the_options.grammar),
      options(the_options),
      channels(context.channels),
      max_tokens(grammar.max_tokens()) {
  TR_REQUIRE(channels > 0, "the log-linear policy needs at least one image channel");
  const bool by_slot = options.chain == "slot";
  TR_REQUIRE(!by_slot || options.grammar,
             "chain: slot is grammatical by construction; it cannot have grammar: false");
  head.channels = channels;
  head.features = options.answer_absolute ? 2 * channels : channels;
  head.vocabulary = vocabulary.size();
  head.first_disease = vocabulary.first_disease();
  head.first_attribute = vocabulary.first_attribute();
  head.diseases = vocabulary.diseases();
  head.width = padded(head.diseases);
  head.units = options.answer_units;
  head.unit_width = padded(head.units);
  head.unit_modes = options.gate ? 2 : 1;
  head.linear_modes = options.gate ? 2 : (by_slot ? 1 : 0);
  if (by_slot) {
    add_slot_chain();
  } else {
    add_token_chain();
  }
  add_head();
}

void LogLinearShape::add_token_chain() {
  const int v = vocabulary.size();
  width = padded(v);
  weights = add_view(layout, "weights", {2 * channels, width});
  bias = add_view(layout, "bias", {width}, false);
  bag = add_view(layout, "bag", {v, width});
  last = add_view(layout, "last", {v, width});
}

void LogLinearShape::add_slot_chain() {
  const int v = vocabulary.size();
  slots = padded(std::max(1, vocabulary.attributes()));
  slot_width = 4 * slots;
  slot_weights = add_view(layout, "slot_weights", {channels, 4, slots});
  slot_bias = add_view(layout, "slot_bias", {4, slots}, false);
  slot_tokens = add_view(layout, "slot_tokens", {v, 4, slots});
  if (vocabulary.categories() > 0) {
    category_width = padded(vocabulary.categories());
    category_weights = add_view(layout, "category_weights", {channels, category_width});
    category_bias = add_view(layout, "category_bias", {category_width}, false);
  }
  answer_bias = add_view(layout, "answer_bias", {2, head.width}, false);
  answer_tokens = add_view(layout, "answer_tokens", {v, head.width});
}

void LogLinearShape::add_head() {
  if (head.linear_modes > 0) {
    head.weights =
        add_view(layout, "answer_weights", {head.linear_modes, head.features, head.width});
  }
  if (head.units == 0) return;
  head.unit_weights =
      add_view(layout, "unit_weights", {head.unit_modes, head.features, head.unit_width});
  head.unit_tokens = add_view(layout, "unit_tokens", {head.vocabulary, head.unit_width});
  head.unit_bias = add_view(layout, "unit_bias", {2, head.unit_width}, false);
  head.unit_output = add_view(layout, "unit_output", {head.diseases, head.unit_width});
}

void initialise_log_linear(const LogLinearShape& shape, const Stream& stream,
                           std::span<float> parameters) {
  const AnswerHeadShape& head = shape.head;
  if (head.units == 0) return;
  // One counter per view (step) and row, so that a wider image or vocabulary keeps earlier rows.
  const auto fill = [&](std::uint32_t view, std::int64_t offset, int rows, double deviation) {
    for (int r = 0; r < rows; ++r) {
      Draws draws = stream.at(view, static_cast<std::uint32_t>(r));
      float* row = parameters.data() + offset + static_cast<std::int64_t>(r) * head.unit_width;
      for (int h = 0; h < head.units; ++h) row[h] = static_cast<float>(deviation * draws.normal());
    }
  };
  const double tokens = std::max(1, shape.vocabulary.attributes());
  for (int mode = 0; mode < head.unit_modes; ++mode) {
    fill(static_cast<std::uint32_t>(mode),
         head.unit_weights + static_cast<std::int64_t>(mode) * head.features * head.unit_width,
         head.channels, 1.0 / std::sqrt(shape.channels));
  }
  fill(2, head.unit_tokens, head.vocabulary, 0.5 / std::sqrt(tokens));
  fill(3, head.unit_bias, 2, 0.2);
  fill(4, head.unit_output, head.diseases, 0.3 / std::sqrt(head.units));
}

}  // namespace tightrope
