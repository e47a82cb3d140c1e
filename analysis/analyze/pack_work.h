// SPDX-License-Identifier: Apache-2.0
// Analyses packs one after the other, with several threads on the blocks of each.
#pragma once

#include <functional>
#include <string>
#include <vector>

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
using TellPack =
    std::function<void(PackEvent event, const std::string& path, const std::string& text)>;

// Writes an analysis file beside each of these logs. `tell` is called by any thread, one at a time;
// one event but kBytes for every pack. Of an error other than IoError the first is thrown, once the
// threads are done.
void analyze_packs(const std::vector<std::string>& paths, const AnalyzeOptions& options,
                   const TellPack& tell);

}  // namespace tightrope
