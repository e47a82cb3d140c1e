// SPDX-License-Identifier: Apache-2.0
#include "graph/ccf_reader.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>
#include <optional>
#include <set>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/config/problems.h"
#include "graph/ccf_hdf5.h"
#include "graph/ccf_json.h"
#include "graph/line_reader.h"

namespace tightrope {
namespace {

bool is_hdf5(const std::string& path) {
  static constexpr std::array<char, 8> kSignature = {'\x89', 'H',  'D',    'F',
                                                     '\r',   '\n', '\x1a', '\n'};
  std::array<char, 8> first{};
  std::ifstream(path, std::ios::binary).read(first.data(), first.size());
  return first == kSignature;
}

}  // namespace

bool NumberSet::insert(std::uint64_t number) {
  if (number == 0) number = 1;  // 0 marks a free slot
  if (2 * (size_ + 1) > slots_.size()) grow();
  for (std::size_t at = number & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at] == number) return false;
    if (slots_[at] != 0) continue;
    slots_[at] = number;
    ++size_;
    return true;
  }
}

void NumberSet::grow() {
  const std::vector<std::uint64_t> old = std::move(slots_);
  slots_.assign(std::max<std::size_t>(1024, 2 * old.size()), 0);
  size_ = 0;
  for (const std::uint64_t number : old) {
    if (number != 0) insert(number);
  }
}

struct CcfReader::Source {
  explicit Source(const World& world) : names(ccf_shape(world)) {}

  bool next(CcfRecord& record) {
    if (arrays) {
      if (!arrays->next(record)) return false;
      check_record(record, names.shape());
      return true;
    }
    std::string_view line;
    if (!lines->next(line)) return false;
    TR_REQUIRE(!lines->cut(), "a line of more than {} bytes", kLongestLine);
    record = read_ccf_line(line, names);
    return true;
  }

  CcfNames names;
  std::optional<CcfHdf5Reader> arrays;
  std::optional<LineReader> lines;
};

CcfReader::CcfReader(const std::string& path, const World& world, CcfReading reading)
    : path_(path), reading_(std::move(reading)), source_(std::make_unique<Source>(world)) {
  if (is_hdf5(path)) {
    source_->arrays.emplace(path, source_->names);
  } else {
    source_->lines.emplace(path, kLongestLine);
  }
}

CcfReader::~CcfReader() = default;

void warn_of_skipped(const CcfReader& reader) {
  if (reader.malformed() == 0) return;
  const std::string text = fmt::format("{}: {} malformed records of the first {} left out",
                                       reader.path(), reader.malformed(), reader.records());
  static std::mutex mutex;
  static std::set<std::string> said;
  const std::lock_guard lock(mutex);
  if (said.insert(text).second) spdlog::warn(text);
}

void CcfReader::check(const CcfRecord& record) {
  if (reading_.complete) {
    const char* missing = !record.image ? "image" : !record.site ? "site" : "attributes";
    TR_REQUIRE(has_case(record),
               "the key {} is missing: to be trained on a case needs image, site and attributes",
               missing);
  }
  TR_REQUIRE(ids_.insert(hash64(record.dicom_id)), "dicom_id: {} stands in an earlier record",
             shown_text(record.dicom_id));
}

bool CcfReader::next(CcfRecord& record) {
  for (;;) {
    try {
      if (!source_->next(record)) return false;
      check(record);
      ++records_;
      return true;
    } catch (const InputError& error) {
      ++records_;
      ++malformed_;
      const std::string line = source_->lines ? fmt::format(" (line {})", records_) : "";
      const std::string text =
          fmt::format("{}: record {}{}: {}", path_, records_, line, error.what());
      if (reading_.on_malformed) reading_.on_malformed(text);
      if (!reading_.skip_malformed) throw InputError(text);
    }
  }
}

}  // namespace tightrope
