// SPDX-License-Identifier: Apache-2.0
// Options and parameter layout of the log-linear policies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/api/policy.h"
#include "core/api/vocabulary.h"
#include "policies/kernels/row_ops.h"

namespace tightrope {

struct LogLinearOptions {
  std::string chain = "token";
  bool grammar = true;
  double bag_scale = 0.5;
  double clamp = 1.5;
  bool answer_absolute = false;
  int answer_units = 0;
  bool gate = false;
};

// The part that feeds the diagnosis alone: image weights per mode and hidden tanh units.
struct AnswerHeadShape {
  int channels = 0;
  int features = 0;    // image features read: C, or 2 C with answer_absolute
  int vocabulary = 0;  // V
  Token first_disease = 0, first_attribute = 0;
  int diseases = 0;               // Z
  int width = 0;                  // Z padded
  int units = 0;                  // hidden units, 0 = none
  int unit_width = 0;             // padded
  int linear_modes = 0;           // 0: no image weights here; 1: one set; 2: one per mode
  int unit_modes = 1;             // sets of unit image weights
  std::int64_t weights = 0;       // [linear_modes, features, width]
  std::int64_t unit_weights = 0;  // [unit_modes, features, unit_width]
  std::int64_t unit_tokens = 0;   // [V, unit_width]
  std::int64_t unit_bias = 0;     // [2, unit_width]
  std::int64_t unit_output = 0;   // [Z, unit_width]

  // Whether the token is in the bag of the units: categories and findings.
  bool counts(Token token) const {
    return (token >= 3 && token < first_disease) ||
           (token >= first_attribute && token < vocabulary - 1);
  }
};

// How a law was asked for its diagnosis: the two modes have their own biases (and weights, gated).
enum AnswerMode : int { kModeAnswerNow = 0, kModeEndThink = 1, kModeNone = 2 };

// Everything a kernel must know, and where its parameters are. Columns are padded to a multiple of
// kRowBlock; padding stays zero because its gradient is zero.
struct LogLinearShape {
  LogLinearShape(const PolicyContext& context, const LogLinearOptions& options);

  Vocabulary vocabulary;
  Grammar grammar;
  LogLinearOptions options;
  int channels = 0;
  int max_tokens = 0;  // longest grammatical trajectory
  AnswerHeadShape head;
  std::vector<ParameterView> layout;

  // chain: token
  int width = 0;             // V padded
  std::int64_t weights = 0;  // [2 C, width] of v, then of min(|v|, clamp)
  std::int64_t bias = 0;     // [width]
  std::int64_t bag = 0;      // [V, width] E1
  std::int64_t last = 0;     // [V, width] E2

  // chain: slot
  int slots = 0;                      // K padded
  int slot_width = 0;                 // 4 slots: rows of silence, synonym 0, synonym 1, absence
  int category_width = 0;             // categories padded
  std::int64_t slot_weights = 0;      // [C, 4, slots]
  std::int64_t slot_bias = 0;         // [4, slots]
  std::int64_t slot_tokens = 0;       // [V, 4, slots]
  std::int64_t category_weights = 0;  // [C, category_width]
  std::int64_t category_bias = 0;     // [category_width]
  std::int64_t answer_bias = 0;       // [2, head.width]
  std::int64_t answer_tokens = 0;     // [V, head.width]

 private:
  void add_token_chain();
  void add_slot_chain();
  void add_head();
};

// Hidden units start random (standard deviations 1/sqrt(C) for image weights, 0.5/sqrt(K) for
// tokens, 0.2 for biases, 0.3/sqrt(units) for outputs) from `stream`; everything else is left as
// it is, zero.
void initialise_log_linear(const LogLinearShape& shape, const Stream& stream,
                           std::span<float> parameters);

}  // namespace tightrope
