// SPDX-License-Identifier: Apache-2.0
// Slips that the YAML parser lets pass or words badly. Each takes the source from the value's
// position on and returns what is wrong, or an empty string.
#pragma once

#include <string>
#include <string_view>

namespace tightrope::internal {

// A tag before an empty or null value, which the parser drops.
std::string hidden_tag_slip(std::string_view source);

// Plain text that goes on over the next line: nearly always a lost colon or a wrong indentation,
// and whoever wants long text can quote it.
std::string continuation_slip(std::string_view source, const std::string& value);

// A quote that is never closed: the parser takes the end of the file for it.
std::string open_quote_slip(std::string_view source);

// A lone word among keys: the parser takes it for a key with nothing behind it.
// `flow`: within brackets.
std::string lone_key_slip(std::string_view source, const std::string& key, bool plain, bool flow);

// The parser's message in words for people; unlisted messages are passed on.
std::string parser_words(const std::string& message);

}  // namespace tightrope::internal
