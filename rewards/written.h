// SPDX-License-Identifier: Apache-2.0
// What a trajectory says: its diagnosis and its findings.
#pragma once

#include <vector>

#include "core/api/cases.h"
#include "core/api/vocabulary.h"

namespace tightrope {

// The last diagnosis written; -1 without one.
inline int written_disease(const Vocabulary& vocabulary, const Trajectory& trajectory) {
  int disease = -1;
  for (const Token token : trajectory.tokens) {
    if (vocabulary.is_disease(token)) disease = vocabulary.disease_of(token);
  }
  return disease;
}

// The slot of every attribute, [K]; kSilent where nothing is written.
inline std::vector<Slot> written_report(const Vocabulary& vocabulary,
                                        const Trajectory& trajectory) {
  std::vector<Slot> report(vocabulary.attributes(), Slot::kSilent);
  for (const Token token : trajectory.tokens) {
    if (vocabulary.is_finding(token)) {
      report[vocabulary.attribute_of(token)] = vocabulary.slot_of(token);
    }
  }
  return report;
}

}  // namespace tightrope
