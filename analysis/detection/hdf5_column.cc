// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "analysis/detection/column_reader.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/config/problems.h"
#include "core/log/files.h"
#include "core/log/hdf5.h"

namespace tightrope {
namespace {

constexpr std::uint64_t kBlock = 1 << 14;
constexpr std::size_t kShown = 20;                           // names in a message
constexpr int kDepth = 8;                                    // of groups that are listed
constexpr std::uint64_t kLargest = std::uint64_t{64} << 20;  // bytes that need not be stored

// Numeric variables of one or two axes.
void collect(const hdf5::Group& group, const std::string& prefix, int depth,
             std::vector<std::string>& names) {
  for (const auto& child : group.children(hdf5::Group::Origin::kAny)) {
    const std::string name = prefix + child.name;
    if (child.is_group) {
      if (depth > 0) collect(group.open_group(child.name), name + "/", depth - 1, names);
      continue;
    }
    try {
      const hdf5::Dataset data = group.open_dataset(child.name);
      const std::size_t axes = data.shape().size();
      if (data.type() != LogType::kString && axes >= 1 && axes <= 2) names.push_back(name);
    } catch (const IoError&) {
      continue;  // of a type that no sample can have
    }
  }
}

// The variable of another group that has this name, else the nearest one.
std::string did_you_mean_path(const std::string& wanted, const std::vector<std::string>& names) {
  const auto same = std::ranges::find_if(
      names, [&](const std::string& name) { return name.ends_with("/" + wanted); });
  return same != names.end() ? fmt::format("; did you mean \"{}\"?", *same)
                             : did_you_mean(wanted, names);
}

[[noreturn]] void refuse_variable(const std::string& path, const std::string& wanted,
                                  const hdf5::File& file) {
  std::vector<std::string> names;
  collect(file.root(), "", kDepth, names);
  const std::string near = wanted.empty() ? "" : did_you_mean_path(wanted, names);
  const std::size_t more = names.size() - std::min(names.size(), kShown);
  names.resize(names.size() - more);
  const std::string all =
      join(names, ", ") + (more > 0 ? fmt::format(" and {} more", more) : std::string());
  throw InputError(
      wanted.empty()
          ? fmt::format("{}: choose a variable with --column group/variable: {}", path, all)
          : fmt::format("{}: has no variable \"{}\"{}; it has {}", path, wanted, near, all));
}

hdf5::Dataset open_variable(const std::string& path, const std::string& wanted,
                            const hdf5::File& file) {
  hdf5::Group group = file.root();
  std::vector<std::string> parts = split(wanted, '/');
  std::erase(parts, "");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto children =
        group.children(hdf5::Group::Origin::kAny);  // links that lead elsewhere are not among them
    const auto found = std::find_if(children.begin(), children.end(),
                                    [&](const auto& child) { return child.name == parts[i]; });
    if (found == children.end()) break;
    if (i + 1 == parts.size()) {
      TR_REQUIRE(!found->is_group, "{}: \"{}\" is a group; choose a variable in it", path, wanted);
      return group.open_dataset(parts[i]);
    }
    if (!found->is_group) break;
    group = group.open_group(parts[i]);
  }
  refuse_variable(path, wanted, file);
}

std::uint64_t bytes_of(const LogShape& shape, LogType type) {
  std::uint64_t bytes = log_type_size(type);
  for (const std::uint64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return ~std::uint64_t{0};
  }
  return bytes;
}

// A file may claim more than it holds: HDF5 would make zeros of it without end.
void require_stored(const std::string& path, const hdf5::Dataset& data) {
  data.require_plain_storage();
  const std::uint64_t bytes = bytes_of(data.shape(), data.type());
  const bool small = bytes_of(data.chunk(), data.type()) <= kLargest &&
                     (bytes <= kLargest || bytes <= data.most_value_bytes());
  if (!small) throw IoError(fmt::format("{}: claims more than it holds", data.where()));
  const bool whole = !path.ends_with(".partial") || data.is_stored(LogShape(data.shape().size(), 0),
                                                                   data.shape(), file_size(path));
  if (!whole)
    throw IoError(fmt::format("{}: the file is truncated: values are missing", data.where()));
}

class Hdf5Column final : public ColumnReader {
 public:
  Hdf5Column(const std::string& path, const ColumnOptions& options)
      : file_(hdf5::File::open(path, path.ends_with(".partial"))),
        data_(open_variable(path, options.column, file_)),
        name_(path + ":" + options.column) {
    const LogShape shape = data_.shape();
    TR_REQUIRE(data_.type() != LogType::kString, "{}: holds text, not numbers", name_);
    require_stored(path, data_);
    TR_REQUIRE(shape.size() == 1 || shape.size() == 2,
               "{}: has {} axes; one is wanted, or [segment, step] with --segment", name_,
               shape.size());
    const bool empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
    TR_REQUIRE(!empty, "{}: is empty, there is no sample in it", name_);
    if (shape.size() == 2) {
      TR_REQUIRE(options.segment, "{}: has {} rows; choose one with --segment 0 to {}", name_,
                 shape[0], shape[0] - 1);
      TR_REQUIRE(*options.segment >= 0 && static_cast<std::uint64_t>(*options.segment) < shape[0],
                 "--segment {}: {} has rows 0 to {}", *options.segment, name_, shape[0] - 1);
      row_ = static_cast<std::uint64_t>(*options.segment);
    } else {
      TR_REQUIRE(!options.segment, "--segment {}: {} has one axis alone", *options.segment, name_);
    }
    length_ = shape.back();
  }

  std::span<const double> next() override {
    begin_ += values_.size();
    values_.resize(std::min(kBlock, length_ - begin_));
    if (values_.empty()) return values_;
    const LogShape offset = row_ ? LogShape{*row_, begin_} : LogShape{begin_};
    const LogShape count = row_ ? LogShape{1, values_.size()} : LogShape{values_.size()};
    data_.read(offset, count, values_.data(), LogType::kF64);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      TR_REQUIRE(std::isfinite(values_[i]), "{}: {} is not finite; only finite numbers are taken",
                 place(i), values_[i]);
    }
    return values_;
  }

  std::string place(std::size_t index) const override {
    return row_ ? fmt::format("{}[{}, {}]", name_, *row_, begin_ + index)
                : fmt::format("{}[{}]", name_, begin_ + index);
  }

 private:
  hdf5::File file_;
  hdf5::Dataset data_;
  std::string name_;
  std::optional<std::uint64_t> row_;
  std::uint64_t length_ = 0, begin_ = 0;
  std::vector<double> values_;
};

}  // namespace

std::unique_ptr<ColumnReader> internal::open_hdf5_column(const std::string& path,
                                                         const ColumnOptions& options) {
  return std::make_unique<Hdf5Column>(path, options);
}

}  // namespace tightrope
