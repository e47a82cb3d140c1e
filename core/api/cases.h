// SPDX-License-Identifier: Apache-2.0
// Cases (samples of a world) as structure of arrays, and trajectories (token sequences).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/api/vocabulary.h"

namespace tightrope {

// N cases of one environment; K attributes, C image channels.
struct Cases {
  int attributes = 0;                   // K
  int channels = 0;                     // C
  std::vector<std::int32_t> site;       // [N] latent site u
  std::vector<std::int32_t> category;   // [N] category g of a rule world, -1 elsewhere
  std::vector<std::int32_t> disease;    // [N] diagnosis z
  std::vector<std::uint8_t> attribute;  // [N, K] a_k in {0, 1}
  std::vector<float> image;             // [N, C] v
  std::vector<Slot> report;             // [N, K] reported slots, cap of mentions applied
  std::vector<std::string> id;          // [N] dicom_id of imported cases; empty: simulated

  int size() const { return static_cast<int>(disease.size()); }
  void resize(int count, int attribute_count, int channel_count);
  std::span<const std::uint8_t> attributes_of(int n) const;
  std::span<const float> image_of(int n) const;
  std::span<const Slot> report_of(int n) const;
  std::span<std::uint8_t> attributes_of(int n);
  std::span<float> image_of(int n);
  std::span<Slot> report_of(int n);
};

// How a chain ends before its diagnosis.
enum class Ending : std::uint8_t {
  kEndThink,   // complete chain: </think>
  kAnswerNow,  // unfinished or empty chain: <answer_now>
};

// One token sequence, from <think> on. Target t (1 <= t < tokens.size()) is token t given the
// tokens before it; mask[t] says whether it is scored (mask[0] = 0 always; <answer_now> is never
// scored).
struct Trajectory {
  std::vector<Token> tokens;
  std::vector<std::uint8_t> mask;  // same length as tokens
};

// <think> [category] findings ending diagnosis <eos>. Only the first `mentions` findings are kept
// (the rest of the chain is cut) when mentions >= 0; with kAnswerNow and mentions = 0 no category
// is written either: the direct answer. Everything is scored but <answer_now>.
Trajectory make_trajectory(const Vocabulary& vocabulary, std::span<const Slot> report, int category,
                           int disease, Ending ending = Ending::kEndThink, int mentions = -1);

// What a trajectory says: the inverse of make_trajectory; -1 for what it does not say.
struct Written {
  std::vector<Slot> report;  // [K]
  int category = -1;
  int disease = -1;
};
Written read_trajectory(const Vocabulary& vocabulary, std::span<const Token> tokens);

// Leaves only the diagnosis and <eos> scored (truncated and direct SFT sequences).
void score_answer_only(const Vocabulary& vocabulary, Trajectory& trajectory);

// Silences every slot after the first max_mentions reported ones.
void cap_mentions(std::span<Slot> report, int max_mentions);

// Number of reported slots.
int count_mentions(std::span<const Slot> report);

}  // namespace tightrope
