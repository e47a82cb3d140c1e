// SPDX-License-Identifier: Apache-2.0
// Properties of the reader: what we write reads back, and no bytes make it crash, hang or throw
// anything but ConfigError. Random numbers come from our own streams, so failures repeat.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <chrono>
#include <set>

#include "core/config/problems.h"
#include "core/config/yaml.h"
#include "core/random/stream.h"

namespace tightrope {
namespace {

constexpr const char* kValid =
    "# an experiment\n"
    "experiment: cpo_table5\n"
    "world: {type: concept, graph: cxr, sites: 3, confounding: 2.5, polarity: 0.94}\n"
    "drift:\n"
    "  - {type: sudden, factor: prior, at: end, to: uniform}\n"
    "  - &d {type: sudden, factor: lexical, at: end, to: \"reversed\"}\n"
    "  - *d\n"
    "environments: {source: {at: 0}, target: {at: end}}\n"
    "stages:\n"
    "  - name: sft\n"
    "    optimizer: {type: sft}\n"
    "    note: |\n"
    "      several lines\n"
    "      of text\n"
    "    stepper: {type: adam, lr: 0.02, warmup: 20, schedule: 'cosine'}\n"
    "seeds: {explore: 0..9, confirm: 100..109}\n";

// Whether the bytes read or are refused with a message; anything else escapes.
bool reads_or_refuses(const std::string& text) {
  try {
    const Node tree = parse_yaml(text, "FILE");
    // What was read writes and reads back.
    return to_json(parse_yaml(to_yaml(tree), "AGAIN")) == to_json(tree);
  } catch (const ConfigError& error) {
    return !error.lines().empty();
  }
}

std::string mutated(Draws& draws) {
  static const std::vector<std::string> kPieces = {
      "\t",       "\n",   ": ",    "- ",    "{",        "}",
      "[",        "]",    "\"",    "'",     "&a ",      "*a",
      "<<: ",     "!!x ", "---\n", "...\n", "? ",       "| ",
      "> ",       "#",    "%",     "\x00",  "\xff",     "\xef\xbb\xbf",
      "\r",       "\r\n", ",",     "~",     "\xc3\xa4", "\xe2\x80\xa8",
      "\xc2\x85", "\\",   "@",     "`",     "  "};
  std::string text = kValid;
  const std::uint32_t edits = 1 + draws.below(6);
  for (std::uint32_t i = 0; i < edits && !text.empty(); ++i) {
    const std::size_t at = draws.below(static_cast<std::uint32_t>(text.size()));
    const std::size_t length = draws.below(12);
    switch (draws.below(4)) {
      case 0:
        text.insert(at, kPieces[draws.below(static_cast<std::uint32_t>(kPieces.size()))]);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(draws.below(static_cast<std::uint32_t>(text.size())), length));
        break;
      default:
        text[at] = static_cast<char>(draws.below(256));
    }
  }
  return text;
}

TEST(YamlFuzz, MutationsOfAValidFileAreReadOrRefused) {
  const Stream stream(20261, Purpose::kSampling, 0);
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < 2000; ++i) {
    Draws draws = stream.at(i);
    const std::string text = mutated(draws);
    ASSERT_TRUE(reads_or_refuses(text)) << "mutation " << i << ":\n" << text;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(120));
}

TEST(YamlFuzz, RandomBytesAreReadOrRefused) {
  const Stream stream(20262, Purpose::kSampling, 0);
  constexpr std::string_view kAlphabet = "ab1:-?,[]{}#&*!|>'\"%@` \n\n  \t\\.<~";
  for (std::uint32_t i = 0; i < 3000; ++i) {
    Draws draws = stream.at(i);
    std::string text;
    const std::uint32_t length = draws.below(120);
    for (std::uint32_t k = 0; k < length; ++k) {
      text += kAlphabet[draws.below(static_cast<std::uint32_t>(kAlphabet.size()))];
    }
    ASSERT_TRUE(reads_or_refuses(text)) << "text " << i << ":\n" << text;
  }
}

rc::Gen<std::string> any_text() {
  const std::vector<std::string> pieces = {"a",        "Z",
                                           "0",        "7",
                                           ".",        "-",
                                           "e",        " ",
                                           ":",        "#",
                                           "\"",       "'",
                                           "\\",       "\n",
                                           "\t",       "\r",
                                           "\x1b",     "\x7f",
                                           "~",        "{",
                                           "]",        "|",
                                           "null",     "true",
                                           "yes",      "---",
                                           "\xc3\xa4", "\xe2\x80\xa8",
                                           "\xc2\x85", "\xef\xbb\xbf",
                                           "&",        "*",
                                           "!",        "%",
                                           "@",        "\xf0\x9f\x98\x80"};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces)),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const std::string& part : parts) text += part;
                        return text.substr(0, 200);
                      });
}

Node any_tree(int depth) {
  const int kind = *rc::gen::inRange(0, depth > 0 ? 6 : 3);
  if (kind == 0) return Node();
  if (kind == 1) return Node::scalar(*any_text(), true);
  if (kind == 2) return text_node(*any_text());
  const int count = *rc::gen::inRange(0, 4);
  std::vector<Node> items;
  std::vector<NodeEntry> entries;
  std::set<std::string> keys;
  for (int i = 0; i < count; ++i) {
    if (kind == 3) {
      items.push_back(any_tree(depth - 1));
    } else if (std::string key = *any_text(); keys.insert(key).second) {
      entries.push_back({key, {}, any_tree(depth - 1)});
    }
  }
  return kind == 3 ? Node::sequence(std::move(items)) : Node::map(std::move(entries));
}

// A cut may end inside of a character; such text is not UTF-8 and rightly refused.
bool valid_utf8_tree(const Node& node) {
  try {
    parse_yaml("[" + yaml_text(to_json(node), true) + "]", "CHECK");
    return true;
  } catch (const ConfigError&) {
    return false;
  }
}

TEST(YamlProperty, WrittenTreesReadBack) {
  EXPECT_TRUE(rc::check("to_yaml and parse_yaml are inverse", [] {
    const Node tree = any_tree(4);
    RC_PRE(valid_utf8_tree(tree));
    const std::string text = to_yaml(tree);
    RC_ASSERT(to_json(parse_yaml(text, "FILE")) == to_json(tree));
    RC_ASSERT(to_yaml(parse_yaml(text, "FILE")) == text);
  }));
}

TEST(YamlProperty, JsonReadsBackAsYaml) {
  EXPECT_TRUE(rc::check("to_json is YAML", [] {
    const Node tree = any_tree(3);
    RC_PRE(valid_utf8_tree(tree));
    RC_ASSERT(to_json(parse_yaml(to_json(tree), "FILE")) == to_json(tree));
  }));
}

}  // namespace
}  // namespace tightrope
