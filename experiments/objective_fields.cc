// SPDX-License-Identifier: Apache-2.0
#include "experiments/objective_fields.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/config/problems.h"

namespace tightrope {
namespace {

using nlohmann::json;

std::string text_of(const json& value) {
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

const json& rows_of(const json& input, const std::string& field) {
  const auto found = input.find(field);
  TR_REQUIRE(found != input.end(), "{}: missing; expected a list of N lists of numbers", field);
  TR_REQUIRE(found->is_array() && !found->empty(),
             "{} = {}: must be a list of N >= 1 lists of numbers", field, text_of(*found));
  for (std::size_t n = 0; n < found->size(); ++n) {
    TR_REQUIRE((*found)[n].is_array(), "{}[{}] = {}: must be a list of numbers", field, n,
               text_of((*found)[n]));
  }
  return *found;
}

// Reads every entry with `read(value, path)`.
template <class T, class Read>
std::vector<std::vector<T>> read_rows(const json& input, const std::string& field, Read read) {
  std::vector<std::vector<T>> out;
  for (const json& row : rows_of(input, field)) {
    std::vector<T>& values = out.emplace_back();
    for (const json& value : row) {
      values.push_back(
          read(value, fmt::format("{}[{}][{}]", field, out.size() - 1, values.size())));
    }
  }
  return out;
}

const std::vector<std::string>& pair_form() {
  static const std::vector<std::string> fields = {
      "policy_chosen", "policy_rejected", "reference_chosen", "reference_rejected",
      "mask_chosen",   "mask_rejected",   "tokens_chosen",    "tokens_rejected"};
  return fields;
}

// The form for rules on single trajectories with advantages and values.
const std::vector<std::string>& trajectory_form() {
  static const std::vector<std::string> fields = {
      "policy",    "behaviour", "reference", "mask",   "advantage",     "value",
      "value_old", "return",    "entropy",   "reward", "greedy_reward", "group_size"};
  return fields;
}

bool holds(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

RealRows real_rows(const json& input, const std::string& field) {
  return read_rows<double>(input, field, [](const json& value, const std::string& path) {
    if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
    TR_REQUIRE(value.is_number(), "{} = {}: must be a number, or null where the mask is 0", path,
               text_of(value));
    return value.get<double>();
  });
}

MaskRows mask_rows(const json& input, const std::string& field, const RealRows& like) {
  if (!input.contains(field)) {
    MaskRows all;
    for (const auto& row : like) all.emplace_back(row.size(), std::uint8_t{1});
    return all;
  }
  return read_rows<std::uint8_t>(input, field, [](const json& value, const std::string& path) {
    const bool lawful =
        value.is_boolean() || (value.is_number() && (value == json(0) || value == json(1)));
    TR_REQUIRE(lawful, "{} = {}: must be 0, 1, false or true", path, text_of(value));
    return static_cast<std::uint8_t>(value == json(1) || value == json(true));
  });
}

TokenRows token_rows(const json& input, const std::string& field) {
  if (!input.contains(field)) return {};
  return read_rows<std::int32_t>(input, field, [](const json& value, const std::string& path) {
    if (value.is_null()) return std::int32_t{-1};
    constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();
    TR_REQUIRE(value.is_number_integer() && value >= json(0) && value <= json(kLargest),
               "{} = {}: must be a token id, an integer >= 0", path, text_of(value));
    return value.get<std::int32_t>();
  });
}

void require_scored_finite(const std::string& field, const RealRows& rows,
                           const std::string& mask_field, const MaskRows& mask) {
  for (std::size_t n = 0; n < rows.size(); ++n) {
    for (std::size_t t = 0; t < rows[n].size(); ++t) {
      TR_REQUIRE(mask[n][t] == 0 || std::isfinite(rows[n][t]),
                 "{}[{}][{}] = {}: must be a finite number where {} is 1", field, n, t,
                 std::isnan(rows[n][t]) ? "null" : number_text(rows[n][t]), mask_field);
    }
  }
}

void require_known_fields(const json& input, const std::vector<std::string>& known,
                          const std::string& optimizer) {
  TR_REQUIRE(input.is_object(), "input = {}: must be an object with the fields {}", text_of(input),
             join(known, ", "));
  for (const auto& [key, value] : input.items()) {
    if (holds(known, key)) continue;
    const bool reserved = holds(pair_form(), key) || holds(trajectory_form(), key);
    TR_REQUIRE(!reserved, "{}: optimizer {} does not take this field; it takes {}", key, optimizer,
               join(known, ", "));
    const std::string hint = did_you_mean(key, known);
    TR_REQUIRE(false, "{}: unknown field{} known fields: {}", key, hint.empty() ? ";" : hint,
               join(known, ", "));
  }
}

namespace internal {

void require_equal_size(const std::string& path, std::size_t size, const std::string& other_path,
                        std::size_t other_size, const char* what) {
  TR_REQUIRE(size == other_size, "{}: has {} {}, must have {} as {}", path, size, what, other_size,
             other_path);
}

}  // namespace internal
}  // namespace tightrope
