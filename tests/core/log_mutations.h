// SPDX-License-Identifier: Apache-2.0
// What an accident can do to the bytes of a log.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/random/stream.h"

namespace tightrope::log_test {

// Whole file bytes with one damage, and its name.
struct Mutation {
  std::string name;
  std::string bytes;
};

inline std::string flipped(std::string bytes, std::size_t place, int bit) {
  bytes[place] = static_cast<char>(bytes[place] ^ (1 << bit));
  return bytes;
}

inline std::string filled(std::string bytes, std::size_t place, std::size_t count, char with) {
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(place),
              std::min(count, bytes.size() - place), with);
  return bytes;
}

inline void add_flip(const std::string& what, const std::string& whole, std::size_t place, int bit,
                     std::vector<Mutation>& out) {
  if (place >= whole.size()) return;
  out.push_back({"bit " + std::to_string(bit) + " of byte " + std::to_string(place) + " in " + what,
                 flipped(whole, place, bit)});
}

inline void add_truncations(const std::string& whole, std::vector<Mutation>& out) {
  std::vector<std::size_t> lengths = {0, 1, 7, 8, 9, 12, 47, 48, 49, 96};
  for (std::size_t i = 1; i < 40; ++i) lengths.push_back(whole.size() * i / 40);
  for (std::size_t cut : {1, 2, 8, 64, 512}) lengths.push_back(whole.size() - cut);
  for (std::size_t length : lengths) {
    out.push_back({"cut to " + std::to_string(length) + " bytes", whole.substr(0, length)});
  }
}

// HDF5's own structures by their signatures: headers, their continuations, heaps, B-trees, chunk
// indices (fixed and extensible arrays), free space.
inline void add_structures(const std::string& whole, std::vector<Mutation>& out) {
  for (const char* signature :
       {"OHDR", "OCHK", "FRHP", "FHDB", "FHIB", "BTHD", "BTLF", "BTIN", "FAHD", "FADB", "EAHD",
        "EAIB", "EADB", "EASB", "GCOL", "FSHD", "FSSE"}) {
    int found = 0;
    for (std::size_t at = whole.find(signature); at != std::string::npos && found < 8;
         at = whole.find(signature, at + 1), ++found) {
      for (std::size_t offset : {1, 4, 6, 9, 14, 21, 27, 40}) {
        add_flip(signature, whole, at + offset, static_cast<int>((at + offset) % 8), out);
      }
    }
  }
}

// The bytes of values and texts.
inline void add_values(const std::string& whole, const std::vector<double>& numbers,
                       const std::vector<std::string>& texts, std::vector<Mutation>& out) {
  for (const double value : numbers) {
    const std::string bytes(reinterpret_cast<const char*>(&value), sizeof value);
    const std::size_t at = whole.find(bytes);
    ASSERT_NE(at, std::string::npos) << value;
    for (std::size_t i = 0; i < 8; ++i) {
      add_flip("value " + std::to_string(value), whole, at + i, static_cast<int>(i), out);
    }
  }
  for (const std::string& text : texts) {
    const std::size_t at = whole.find(text);
    ASSERT_NE(at, std::string::npos) << text;
    for (int bit : {0, 3, 6}) add_flip("text " + text, whole, at + 2, bit, out);
  }
}

inline void add_blocks(const std::string& whole, std::vector<Mutation>& out) {
  for (std::size_t i = 0; i < 20; ++i) {
    const std::size_t at = whole.size() * i / 20 / 256 * 256;
    const std::string where = " from " + std::to_string(at);
    out.push_back({"256 zeros" + where, filled(whole, at, 256, 0)});
    out.push_back({"32 bytes of ones" + where, filled(whole, at, 32, '\xff')});
    std::string removed = whole;
    removed.erase(at, 8);
    out.push_back({"8 bytes removed" + where, removed});
    std::string doubled = whole;
    doubled.insert(at, whole, at, 64);
    out.push_back({"64 bytes twice" + where, doubled});
  }
  out.push_back({"rubbish behind the end", whole + std::string(5000, '#')});
  out.push_back({"rubbish before the start", std::string(512, '#') + whole});
}

inline void add_random_flips(const std::string& whole, std::vector<Mutation>& out) {
  Draws draws = Stream(1, Purpose::kStatistics, 2).at(0);
  for (int i = 0; i < 150; ++i) {
    const std::size_t at = draws.below(static_cast<std::uint32_t>(whole.size()));
    add_flip("anything", whole, at, static_cast<int>(draws.below(8)), out);
  }
}

// All of them. `numbers` and `texts` are known to be in the file.
inline std::vector<Mutation> mutations_of(const std::string& whole,
                                          const std::vector<double>& numbers,
                                          const std::vector<std::string>& texts) {
  std::vector<Mutation> out;
  add_truncations(whole, out);
  for (std::size_t at = 0; at < 48; ++at) {
    add_flip("the superblock", whole, at, static_cast<int>(at % 8), out);
  }
  add_structures(whole, out);
  add_values(whole, numbers, texts, out);
  add_blocks(whole, out);
  add_random_flips(whole, out);
  return out;
}

}  // namespace tightrope::log_test
