// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyze/pack_job.h"

#include <algorithm>
#include <utility>

#include "analysis/analyze/analysis_schema.h"
#include "analysis/ledger/terms.h"
#include "core/base/check.h"
#include "core/base/version.h"
#include "core/log/files.h"

namespace tightrope {
namespace {

constexpr const char* kSchemaName = "tightrope-analysis";
constexpr std::size_t kWaitingBytes = std::size_t{32} << 20;

std::string text_of(const std::vector<LogAttribute>& attributes, const std::string& name) {
  for (const LogAttribute& attribute : attributes) {
    if (attribute.name != name) continue;
    const auto* text = std::get_if<std::string>(&attribute.value);
    return text == nullptr ? "" : *text;
  }
  return "";
}

// The attributes of an analysis of the log at `path`. Its stamp tells one state of the log from
// another: a finished log never changes.
std::vector<LogAttribute> attributes_of(const std::string& path, const AnalyzeOptions& options) {
  const std::vector<LogAttribute> log = LogReader::root_attributes(path);
  const std::string finished = text_of(log, "finished_utc");
  const bool whole = !path.ends_with(".partial") && !finished.empty();
  return {{"schema_name", std::string(kSchemaName)},
          {"schema_version", kAnalysisSchemaVersion},
          {"log", path.substr(path.rfind('/') + 1)},
          {"log_stamp", fmt::format("{} bytes, {}", file_size(path),
                                    whole ? "finished " + finished : "unfinished")},
          {"experiment", text_of(log, "experiment")},
          {"config_hash", text_of(log, "config_hash")},
          {"version", std::string(program_version())},
          {"revision", std::string(program_revision())},
          {"options", options.text}};
}

}  // namespace

std::string analysis_path(const std::string& log_path) {
  return log_path.substr(0, log_path.rfind(".h5")) + ".analysis.h5";
}

bool is_up_to_date(const std::string& log_path, const AnalyzeOptions& options) {
  const std::string path = analysis_path(log_path);
  if (options.force || !file_exists(path)) return false;
  try {
    const std::vector<LogAttribute> known = LogReader::root_attributes(path);
    for (const LogAttribute& wanted : attributes_of(log_path, options)) {
      const auto found = std::find_if(known.begin(), known.end(),
                                      [&](const LogAttribute& a) { return a.name == wanted.name; });
      if (found == known.end() || found->value != wanted.value) return false;
    }
    return true;
  } catch (const IoError&) {
    return false;  // damaged, or by a newer program: made again
  }
}

PackJob::PackJob(const std::string& log_path, const AnalyzeOptions& options)
    : options_(options), view_(PackView::open(log_path)) {
  if (options.ledger || options.measures) {
    view_.require_laws();
    if (view_.checkpoint.size() < 2) {
      throw TooEarly(fmt::format("{}: holds {} recorded checkpoint(s) so far; a ledger needs two",
                                 log_path, view_.checkpoint.size()));
    }
    if (options.ledger) groups_.groups.push_back(ledger_group(view_));
    if (options.measures) groups_.groups.push_back(measures_group(view_));
    blocks_ = (view_.segments + view_.block - 1) / view_.block;
  }
  if (options.alarms) alarms_ = std::make_unique<PackAlarms>(view_, options.alarm_choice);
  writer_ = LogWriter::create(analysis_path(log_path), schema(), true);
  write_constants();
}

PackJob::~PackJob() {
  if (!writer_) return;
  writer_.reset();
  try {
    remove_log_leftovers(analysis_path(path()));
  } catch (const IoError&) {  // the next analysis replaces it
  }
}

LogSchema PackJob::schema() const {
  LogSchema out = groups_;
  out.attributes = attributes_of(path(), options_);
  if (view_.checkpoint.size() >= 2) {
    out.attributes.push_back({"cadence", view_.checkpoint[1] - view_.checkpoint[0]});
  }
  if (alarms_) {
    out.attributes.push_back({"tolerance", options_.alarm_choice.tolerance});
    out.groups.push_back(alarms_->group());
  }
  return out;
}

void PackJob::write_constants() {
  if (options_.ledger) {
    writer_->write("ledger/interval_start",
                   std::vector<std::int64_t>(view_.checkpoint.begin(), view_.checkpoint.end() - 1));
  }
  if (alarms_) alarms_->write(*writer_);
}

bool PackJob::give_up() {
  const std::lock_guard lock(mutex_);
  return !std::exchange(given_up_, true);
}

std::optional<std::size_t> PackJob::take() {
  const std::lock_guard lock(mutex_);
  if (given_up_ || taken_ == blocks_) return {};
  return taken_++;
}

FieldSet PackJob::fields_of_block(std::size_t first, std::size_t count) const {
  LogSchema all;  // whichever are written: they share their pass over the laws
  all.groups = {ledger_group(view_), measures_group(view_)};
  FieldSet fields(all, count);
  LawBlock laws(view_, first, count);
  PrefixLedger ledger(view_, laws, fields);
  for (std::size_t c = 0; c < view_.checkpoint.size(); ++c) {
    laws.advance(c);
    ledger.enter(c);
    if (options_.measures) enter_measures(view_, laws, c, fields);
    if (!options_.ledger) continue;
    enter_environment_terms(view_, laws, ledger, c, fields);
    enter_rewards(view_, laws, c, fields);
  }
  ledger.close();
  if (options_.measures) enter_belief_drift(view_, laws, fields);
  if (!options_.ledger) return fields;
  enter_effects(view_, first, count, fields);
  enter_regret(view_, first, count, fields);
  return fields;
}

void PackJob::run(std::size_t block) {
  if (groups_.groups.empty()) return enter(FieldSet({}, 1), 0);
  const std::size_t first = block * view_.block;
  const std::size_t count = std::min(view_.block, view_.segments - first);
  enter(fields_of_block(first, count), first);
}

void PackJob::enter(FieldSet fields, std::size_t first) {
  const std::lock_guard lock(mutex_);
  waiting_bytes_ += fields.bytes();
  waiting_.emplace(first, std::move(fields));
  const bool last = ++done_ == blocks_;
  if (last || waiting_bytes_ > kWaitingBytes) flush();
  if (!last) return;
  writer_->finish_static();
  writer_.reset();
}

// Writes what waits, neighbouring blocks in one go: a piece of the file is a few segments wide, and
// each access to it costs a checksum of the whole.
void PackJob::flush() {
  for (auto begin = waiting_.begin(); begin != waiting_.end();) {
    auto end = begin;
    std::size_t next = begin->first;
    while (end != waiting_.end() && end->first == next) next += (end++)->second.segments();
    for (const LogGroup& group : groups_.groups) {
      for (const auto& [name, field] : begin->second.all()) {
        if (!name.starts_with(group.name + "/")) continue;
        std::vector<double> rows;
        for (auto block = begin; block != end; ++block) {
          const std::span<const double> part = block->second.all().at(name).values();
          rows.insert(rows.end(), part.begin(), part.end());
        }
        writer_->write_rows<double>(name, begin->first, rows);
      }
    }
    begin = end;
  }
  waiting_.clear();
  waiting_bytes_ = 0;
}

}  // namespace tightrope
