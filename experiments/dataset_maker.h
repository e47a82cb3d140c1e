// SPDX-License-Identifier: Apache-2.0
// A synthetic CCF data set: cases of an environment with the counterfactual reports of their
// nearest diseases.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/random/stream.h"
#include "graph/ccf_writer.h"

namespace tightrope {

struct DatasetPlan {
  std::int64_t records = 0;
  int counterfactuals = 2;  // per record
  Stream data;              // case r draws from data.at(0, r)
  Stream expert;  // its i-th counterfactual from expert.at(0, r), or expert.child(i) of it
  int threads = 1;
};

// Writes FOLDER/ccf.jsonl and FOLDER/ccf.h5. Record r is case r of a data set drawn from `data`;
// its counterfactuals are what the expert {type: concept_graph, report: edit, propose: nearest,
// neighbours: counterfactuals} proposes one after another, each of the nearest diseases once. The
// bytes do not depend on `threads`. `done` hears how many records were written. Throws InputError
// when the world has no concept graph or too few diseases, Interrupted after a signal; then nothing
// is left behind.
void make_dataset(const DatasetPlan& plan, const World& world, const Environment& environment,
                  const std::string& folder, const std::function<void(std::int64_t)>& done);

}  // namespace tightrope
