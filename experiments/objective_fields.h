// SPDX-License-Identifier: Apache-2.0
// The matrices of `tightrope objective`: JSON fields [N][T], rows ragged or padded.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tightrope {

// Rows of doubles; null reads as NaN, which only masked positions may hold.
using RealRows = std::vector<std::vector<double>>;
using MaskRows = std::vector<std::vector<std::uint8_t>>;
using TokenRows = std::vector<std::vector<std::int32_t>>;

// Throws InputError naming the path, the value and what is allowed; likewise the functions below.
RealRows real_rows(const nlohmann::json& input, const std::string& field);

// Entries 0, 1, false or true; all 1 in the shape of `like` when the field is absent.
MaskRows mask_rows(const nlohmann::json& input, const std::string& field, const RealRows& like);

// Integers >= 0 (null: -1, for padding); empty when the field is absent.
TokenRows token_rows(const nlohmann::json& input, const std::string& field);

// Requires equal numbers of rows and entries per row.
template <class Rows, class Others>
void require_same_shape(const std::string& field, const Rows& rows, const std::string& other_field,
                        const Others& others);

// Requires a finite number wherever the mask is 1.
void require_scored_finite(const std::string& field, const RealRows& rows,
                           const std::string& mask_field, const MaskRows& mask);

// Requires an object whose keys are among `known`; keys of the other form of input (pairs,
// trajectories) get an error that says what this optimizer takes.
void require_known_fields(const nlohmann::json& input, const std::vector<std::string>& known,
                          const std::string& optimizer);

namespace internal {

void require_equal_size(const std::string& path, std::size_t size, const std::string& other_path,
                        std::size_t other_size, const char* what);

}  // namespace internal

template <class Rows, class Others>
void require_same_shape(const std::string& field, const Rows& rows, const std::string& other_field,
                        const Others& others) {
  internal::require_equal_size(field, rows.size(), other_field, others.size(), "rows");
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const std::string at = "[" + std::to_string(n) + "]";
    internal::require_equal_size(field + at, rows[n].size(), other_field + at, others[n].size(),
                                 "entries");
  }
}

}  // namespace tightrope
