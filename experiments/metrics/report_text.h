// SPDX-License-Identifier: Apache-2.0
// The reports of an evaluation as token sequences: the findings alone, without marks, category and
// diagnosis. "k", its synonym and "no k" are three tokens.
#pragma once

#include <vector>

#include "core/text/ngram.h"
#include "experiments/metrics/rows.h"

namespace tightrope {

inline std::vector<Token> findings_of(const Vocabulary& vocabulary, std::span<const Token> tokens) {
  std::vector<Token> out;
  for (const Token token : tokens) {
    if (vocabulary.is_finding(token)) out.push_back(token);
  }
  return out;
}

// What the policy wrote on its own for case n, and what the case's report says.
struct ReportPair {
  std::vector<Token> written, factual;
  ReportPair(const EvaluationView& view, int n)
      : written(findings_of(view.world.vocabulary(), view.thought[n].trajectory.tokens)),
        factual(findings_of(view.world.vocabulary(), view.factual.tokens_of(n))) {}
};

}  // namespace tightrope
