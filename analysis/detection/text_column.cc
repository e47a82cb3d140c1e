// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "analysis/detection/column_reader.h"
#include "analysis/detection/text_table.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/config/problems.h"

namespace tightrope {
namespace {

constexpr std::size_t kBlock = 1 << 14;

class TextColumn final : public ColumnReader {
 public:
  TextColumn(const std::string& path, const ColumnOptions& options);
  std::span<const double> next() override;
  std::string place(std::size_t index) const override {
    return fmt::format("{}:{}", name_, numbers_[index]);
  }

 private:
  void choose_column(const std::vector<std::string>& cells, bool named, const std::string& wanted);
  double sample(std::string_view line) const;

  std::string name_;  // of the file, for messages
  TableLines lines_;
  char separator_ = ' ';
  std::size_t column_ = 0;
  std::optional<std::string> first_;  // a first line that is data
  std::vector<double> values_;
  std::vector<std::int64_t> numbers_;  // the lines of the block's samples
};

TextColumn::TextColumn(const std::string& path, const ColumnOptions& options)
    : name_(path == "-" ? "standard input" : path), lines_(path) {
  require_header_option(options.header);
  const auto line = lines_.next();
  TR_REQUIRE(line, "{}: is empty, there is no sample in it", name_);
  separator_ = separator_of(*line);
  std::vector<std::string> cells;
  bool numbers = false;
  for (const TableCell& cell : cells_of(*line, separator_)) {
    cells.emplace_back(cell.text);
    numbers = numbers || parse_number(cell.text).has_value();
  }
  const bool named = options.header == "present" || (options.header == "auto" && !numbers);
  // A lone word among numbers is a mistake, not the name of a column.
  if (!named) first_ = *line;
  choose_column(cells, named, options.column);
}

void TextColumn::choose_column(const std::vector<std::string>& cells, bool named,
                               const std::string& wanted) {
  const std::string all = named               ? "\"" + join(cells, "\", \"") + "\""
                          : cells.size() == 1 ? std::string("the only column 0")
                                              : fmt::format("columns 0 to {}", cells.size() - 1);
  if (wanted.empty()) {
    TR_REQUIRE(cells.size() == 1, "{}: has {} columns, choose one with --column: {}", name_,
               cells.size(), all);
    return;
  }
  const auto found = std::ranges::find(cells, wanted);
  if (named && found != cells.end()) {
    TR_REQUIRE(std::ranges::count(cells, wanted) == 1,
               "{}: has {} columns named \"{}\"; choose by index with --column", name_,
               std::ranges::count(cells, wanted), wanted);
    column_ = found - cells.begin();
    return;
  }
  const bool digits = std::ranges::all_of(wanted, [](char c) { return c >= '0' && c <= '9'; });
  column_ = digits && wanted.size() < 10 ? std::stoul(wanted) : cells.size();
  TR_REQUIRE(column_ < cells.size(), "{}: has no column \"{}\"{}; it has {}", name_, wanted,
             named ? did_you_mean(wanted, cells) : "", all);
}

double TextColumn::sample(std::string_view line) const {
  const auto cell = cell_at(line, separator_, column_);
  TR_REQUIRE(cell, "{}:{}: has no column {}, it ends after {}", name_, lines_.number(), column_,
             cells_of(line, separator_).size() - 1);
  const auto value = parse_number(cell->text);
  TR_REQUIRE(value, "{}:{}:{}: {} is not a number", name_, lines_.number(), cell->column,
             shown_text(cell->text));
  TR_REQUIRE(std::isfinite(*value), "{}:{}:{}: {} is not finite; only finite numbers are taken",
             name_, lines_.number(), cell->column, shown_text(cell->text));
  return *value;
}

std::span<const double> TextColumn::next() {
  values_.clear();
  numbers_.clear();
  const auto take = [&](std::string_view line) {
    values_.push_back(sample(line));
    numbers_.push_back(lines_.number());
  };
  if (first_) {
    take(*first_);
    first_.reset();
  }
  while (values_.size() < kBlock) {
    const auto line = lines_.next();
    if (!line) break;
    take(*line);
  }
  return values_;
}

}  // namespace

void require_header_option(const std::string& header) {
  TR_REQUIRE(header == "auto" || header == "present" || header == "absent",
             "--header {}: must be auto, present or absent", header);
}

std::unique_ptr<ColumnReader> internal::open_text_column(const std::string& path,
                                                         const ColumnOptions& options) {
  return std::make_unique<TextColumn>(path, options);
}

}  // namespace tightrope
