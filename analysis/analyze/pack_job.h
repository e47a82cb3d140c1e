// SPDX-License-Identifier: Apache-2.0
// One pack on its way from the log to its analysis file. The segments are worked on in blocks, by
// any thread in any order; the file gets its name when the last one is in.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "analysis/analyze/alarms.h"
#include "analysis/analyze/fields.h"
#include "analysis/analyze/pack_view.h"
#include "core/base/error.h"
#include "core/log/writer.h"

namespace tightrope {

struct AnalyzeOptions {
  bool ledger = true, measures = true, alarms = true;
  AlarmChoice alarm_choice;
  std::string text;  // all of the above in words, for the file
  int threads = 1;
  bool force = false;
};

// "packs/pack_0003.analysis.h5" of "packs/pack_0003.h5" or its .partial.
std::string analysis_path(const std::string& log_path);

// Whether the analysis file exists and was made from this log, by this program, with these options.
bool is_up_to_date(const std::string& log_path, const AnalyzeOptions& options);

// Thrown for a log with fewer than two recorded checkpoints.
class TooEarly : public InputError {
 public:
  using InputError::InputError;
};

class PackJob {
 public:
  // Opens the log and creates the file under a temporary name. Throws TooEarly, and InputError for
  // what the log lacks.
  PackJob(const std::string& log_path, const AnalyzeOptions& options);
  // Without a finish, removes what was begun.
  ~PackJob();
  PackJob(const PackJob&) = delete;
  PackJob& operator=(const PackJob&) = delete;

  // The next block nobody has taken; for one thread at a time.
  std::optional<std::size_t> take();
  // Works on a block. After the last one the file is in its place.
  void run(std::size_t block);
  const std::string& path() const { return view_.log.path(); }
  std::size_t blocks() const { return blocks_; }
  // Gives the file up: no block is taken any more. True for the first who says so.
  bool give_up();

 private:
  LogSchema schema() const;
  void write_constants();
  FieldSet fields_of_block(std::size_t first, std::size_t count) const;
  void enter(FieldSet fields, std::size_t first);
  void flush();

  const AnalyzeOptions& options_;
  PackView view_;
  LogSchema groups_;  // /ledger and /measures, whichever are written
  std::unique_ptr<PackAlarms> alarms_;
  std::mutex mutex_;
  std::optional<LogWriter> writer_;
  std::map<std::size_t, FieldSet> waiting_;  // by first segment; written together
  std::size_t waiting_bytes_ = 0;
  std::size_t blocks_ = 1, taken_ = 0, done_ = 0;
  bool given_up_ = false;
};

}  // namespace tightrope
