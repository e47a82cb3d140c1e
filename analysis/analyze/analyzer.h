// SPDX-License-Identifier: Apache-2.0
// Analyses all packs of a run folder.
#pragma once

#include <string>
#include <vector>

#include "analysis/analyze/pack_job.h"

namespace tightrope {

struct AnalyzeReport {
  std::vector<std::string> written, skipped;  // analysis files: new, and up to date
  std::vector<std::string> waiting;           // running packs with too little to analyse yet
  std::vector<std::string> failed;            // "pack: why"
};

// Logs of FOLDER/packs in the order of their names; a partial one where there is no finished one.
// InputError when there is none.
std::vector<std::string> pack_logs(const std::string& folder);

// Writes an analysis file beside every log, each in a child process: at most `options.threads` at a
// time, which share the threads. A log that cannot be read, or that ends its process, is
// reported and the others go on; what the user can mend (InputError) ends the work: also another
// analysis at work in this folder.
AnalyzeReport analyze_folder(const std::string& folder, const AnalyzeOptions& options);

}  // namespace tightrope
