// SPDX-License-Identifier: Apache-2.0
// Analyses one pack, with several threads on its blocks.
#pragma once

#include <functional>
#include <string>

#include "analysis/analyze/pack_job.h"

namespace tightrope {

// What there is to say of a pack.
enum class PackEvent {
  kBytes,    // so many bytes of its log are done (a number)
  kWritten,  // its analysis file is in its place
  kSkipped,  // it was up to date
  kWaiting,  // too little to analyse yet; the text says what is missing
  kFailed,   // its log cannot be read; the text says why
};
using TellPack = std::function<void(PackEvent event, const std::string& text)>;

// Writes an analysis file beside the log. `tell` is called by any thread, one at a time, in the end
// with one event that is not kBytes. An error other than IoError is thrown, once the threads are
// done.
void analyze_pack(const std::string& path, const AnalyzeOptions& options, const TellPack& tell);

}  // namespace tightrope
