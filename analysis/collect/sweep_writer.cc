// SPDX-License-Identifier: Apache-2.0
#include "analysis/collect/sweep_writer.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/base/check.h"

namespace tightrope {
namespace {

constexpr std::uint64_t kBlockBytes = 4 << 20;

template <class T>
T padding() {
  if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::quiet_NaN();
  return std::is_same_v<T, std::uint8_t> ? T{0} : static_cast<T>(-1);
}

std::uint64_t product(const LogShape& shape, std::size_t from) {
  return std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(from), shape.end(),
                         std::uint64_t{1}, std::multiplies<>());
}

// Where the source's elements behind the first axis go, in its row-major order.
std::vector<std::uint64_t> scattered(const LogShape& source, const LogShape& target,
                                     const std::vector<const std::vector<std::uint64_t>*>& places) {
  std::vector<std::uint64_t> out = {0};
  for (std::size_t axis = 1; axis < source.size(); ++axis) {
    std::vector<std::uint64_t> next;
    next.reserve(out.size() * source[axis]);
    for (const std::uint64_t before : out) {
      for (std::uint64_t i = 0; i < source[axis]; ++i) {
        next.push_back(before * target[axis] + (*places[axis])[i]);
      }
    }
    out = std::move(next);
  }
  return out;
}

// Whether the pack has the variable, with lanes or, for what a pack has once, without.
bool present(const OpenPack* open, const std::string& path) {
  return open != nullptr && open->log.has(path);
}

struct Source {
  LogShape lead;  // {lane} or {} in front of the axes
  LogShape lead_count;
  LogShape shape;  // of the axes
};

Source source_of(const OpenPack& open, const std::string& path, std::uint64_t lane) {
  const LogVariableInfo info = open.log.info(path);
  Source out;
  out.shape = info.shape;
  if (info.dims.empty() || info.dims[0] != "segment") return out;
  out.lead = {lane};
  out.lead_count = {1};
  out.shape.erase(out.shape.begin());
  return out;
}

LogShape joined(LogShape a, const LogShape& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

SweepWriter::SweepWriter(const SweepLayout& layout, hdf5::Group root)
    : layout_(layout), root_(std::move(root)) {}

hdf5::Dataset& SweepWriter::dataset(const std::string& path) {
  auto found = datasets_.find(path);
  if (found == datasets_.end()) {
    const std::size_t slash = path.find('/');
    const hdf5::Group group = root_.open_group(path.substr(0, slash));
    found = datasets_.emplace(path, group.open_dataset(path.substr(slash + 1))).first;
  }
  return found->second;
}

void SweepWriter::write_runs(const RunIndex& index, const std::vector<std::string>& status) {
  std::vector<std::string> id, row, arm, seed_set;
  std::vector<std::int64_t> seed;
  for (const IndexedRun& run : index.runs) {
    id.push_back(run.id);
    row.push_back(run.row);
    arm.push_back(run.arm);
    seed_set.push_back(run.seed_set);
    seed.push_back(run.seed);
  }
  const std::vector<std::string> names = layout_.parameter_names();
  std::vector<std::string> groups = {"meta"};
  for (const auto& [name, group] : layout_.groups()) groups.push_back(name);
  const LogShape all = {index.runs.size()};
  for (const std::string& group : groups) {
    dataset(group + "/id").write_strings(0, id);
    dataset(group + "/row").write_strings(0, row);
    dataset(group + "/arm").write_strings(0, arm);
    dataset(group + "/seed_set").write_strings(0, seed_set);
    dataset(group + "/status").write_strings(0, status);
    dataset(group + "/seed").write({0}, all, seed.data());
    for (std::size_t p = 0; p < names.size(); ++p) {
      const auto& values = layout_.parameters()[p].values;
      hdf5::Dataset& to = dataset(group + "/" + names[p]);
      if (const auto* integers = std::get_if<0>(&values)) to.write({0}, all, integers->data());
      if (const auto* numbers = std::get_if<1>(&values)) to.write({0}, all, numbers->data());
      if (const auto* texts = std::get_if<2>(&values)) to.write_strings(0, *texts);
    }
  }
  if (layout_.vocabulary().empty()) return;
  std::vector<std::int32_t> tokens(layout_.vocabulary().size());
  std::iota(tokens.begin(), tokens.end(), 0);
  dataset("meta/token_id").write({0}, {tokens.size()}, tokens.data());
}

void SweepWriter::write_meta(std::size_t r, const std::string& config,
                             const std::vector<std::string>& segments,
                             const std::vector<std::int64_t>& frozen_steps,
                             const std::vector<std::string>& causes) {
  const LogShape at = {r, 0}, count = {1, segments.size()};
  dataset("meta/config").write_strings(r, std::span(&config, 1));
  dataset("meta/segment").write_strings(at, count, segments);
  dataset("meta/frozen_step").write(at, count, frozen_steps.data());
  dataset("meta/frozen_cause").write_strings(at, count, causes);
}

// Blocks go along the variable's first axis; of each, the part that the pack has is read at once
// and put where the union of the axes has it.
template <class T>
void SweepWriter::write_numbers(const std::string& group, const SweepLayout::Variable& variable,
                                const LogShape& prefix, OpenPack* open, std::uint64_t lane) {
  const std::string path = group + "/" + variable.log.name;
  LogShape target;
  for (const std::string& name : variable.log.dims) {
    target.push_back(layout_.axis(group, name).length);
  }
  if (target.empty()) target.push_back(1);
  const bool here = present(open, path);
  if (!here && std::is_floating_point_v<T>) return;  // HDF5 gives the fill value
  Source source;
  std::vector<const std::vector<std::uint64_t>*> places;
  std::vector<std::uint64_t> rest;
  static const std::vector<std::uint64_t> kFirst = {0};
  if (here) {
    source = source_of(*open, path, lane);
    for (const std::string& name : variable.log.dims) {
      places.push_back(&layout_.places(*open, group, name));
    }
    if (variable.log.dims.empty()) places.push_back(&kFirst);
    rest = scattered(source.shape.empty() ? LogShape{1} : source.shape, target, places);
  }
  const std::uint64_t row = product(target, 1);
  const std::uint64_t rows = std::max<std::uint64_t>(1, kBlockBytes / (row * sizeof(T)));
  const std::uint64_t have = !here ? 0 : source.shape.empty() ? 1 : source.shape[0];
  for (std::uint64_t begin = 0; begin < target[0]; begin += rows) {
    const std::uint64_t end = std::min(target[0], begin + rows);
    std::uint64_t first = have, last = 0;  // of the source's rows that fall into this block
    for (std::uint64_t i = 0; i < have; ++i) {
      if ((*places[0])[i] < begin || (*places[0])[i] >= end) continue;
      first = std::min(first, i);
      last = i + 1;
    }
    if (first >= last && std::is_floating_point_v<T>) continue;
    std::vector<T> block((end - begin) * row, padding<T>());
    if (first < last) {
      LogShape offset = source.lead, count = source.lead_count;
      if (!source.shape.empty()) {
        LogShape inner(source.shape.size(), 0), extent = source.shape;
        inner[0] = first;
        extent[0] = last - first;
        offset = joined(offset, inner);
        count = joined(count, extent);
      }
      const LogArray<T> read = open->log.read<T>(path, offset, count);
      for (std::uint64_t i = first; i < last; ++i) {
        const std::uint64_t place = (*places[0])[i];
        if (place < begin || place >= end) continue;
        const T* from = read.values.data() + (i - first) * rest.size();
        T* to = block.data() + (place - begin) * row;
        for (std::size_t k = 0; k < rest.size(); ++k) to[rest[k]] = from[k];
      }
    }
    LogShape at = prefix, count(prefix.size(), 1);
    if (!variable.log.dims.empty()) {
      LogShape inner(target.size(), 0), extent = target;
      inner[0] = begin;
      extent[0] = end - begin;
      at = joined(at, inner);
      count = joined(count, extent);
    }
    dataset(path).write(at, count, block.data());
  }
}

void SweepWriter::write_texts(const std::string& group, const SweepLayout::Variable& variable,
                              const LogShape& prefix, OpenPack* open, std::uint64_t lane) {
  const std::string path = group + "/" + variable.log.name;
  TR_CHECK(variable.log.dims.size() == 1, "{}: texts over {} axes", path, variable.log.dims.size());
  std::vector<std::string> values(layout_.axis(group, variable.log.dims[0]).length);
  if (present(open, path)) {
    const LogArray<std::string> all = open->log.read_strings(path);
    const std::vector<std::uint64_t>& places = layout_.places(*open, group, variable.log.dims[0]);
    const std::uint64_t length = all.shape.back();
    const std::uint64_t begin = all.shape.size() == 2 ? lane * length : 0;
    for (std::uint64_t i = 0; i < length; ++i) values[places[i]] = all.values[begin + i];
  }
  LogShape at = prefix, count(prefix.size(), 1);
  at.push_back(0);
  count.push_back(values.size());
  dataset(path).write_strings(at, count, values);
}

void SweepWriter::write_stage(const std::string& group, std::size_t r, std::size_t stage,
                              OpenPack* open, std::uint64_t lane) {
  LogShape prefix = {r};
  if (SweepLayout::has_stages(group)) prefix.push_back(stage);
  for (const SweepLayout::Variable& variable : layout_.groups().at(group).variables) {
    switch (variable.log.type) {
      case LogType::kString:
        write_texts(group, variable, prefix, open, lane);
        break;
      case LogType::kF32:
        write_numbers<float>(group, variable, prefix, open, lane);
        break;
      case LogType::kF64:
        write_numbers<double>(group, variable, prefix, open, lane);
        break;
      case LogType::kI32:
        write_numbers<std::int32_t>(group, variable, prefix, open, lane);
        break;
      case LogType::kI64:
        write_numbers<std::int64_t>(group, variable, prefix, open, lane);
        break;
      case LogType::kU8:
        write_numbers<std::uint8_t>(group, variable, prefix, open, lane);
        break;
    }
  }
}

}  // namespace tightrope
