// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "core/base/check.h"
#include "core/log/layout.h"
#include "graph/ccf_hdf5.h"
#include "graph/ccf_hdf5_layout.h"

namespace tightrope {
namespace {

using ccf::Content;
using ccf::Variable;

hdf5::DatasetOptions timeless() {
  hdf5::DatasetOptions out;
  out.times = false;
  return out;
}

std::map<std::string, hdf5::Dataset> create_dimensions(
    hdf5::Group& root, const std::vector<ccf::Dimension>& dimensions) {
  std::map<std::string, hdf5::Dataset> out;
  for (const ccf::Dimension& dim : dimensions) {
    if (dim.labels.empty()) {
      hdf5::Dataset scale = root.create_dataset(dim.name, LogType::kF32, {dim.length}, timeless());
      scale.make_scale(fmt::format("{}{:10}", internal::kBareDimension, dim.length));
      out.emplace(dim.name, std::move(scale));
      continue;
    }
    hdf5::Dataset scale = root.create_dataset(dim.name, LogType::kString, {dim.length}, timeless());
    scale.write_strings(dim.labels);
    scale.make_scale(dim.name);
    scale.set_attribute("units", "1");
    scale.set_attribute("long_name", dim.long_name);
    out.emplace(dim.name, std::move(scale));
  }
  return out;
}

void set_flags(hdf5::Dataset& dataset, const Variable& variable) {
  if (variable.content != Content::kReport && variable.content != Content::kOtherReport) return;
  dataset.set_attribute("flag_values", std::vector<std::int64_t>{0, 1, 2, 3}, variable.type);
  dataset.set_attribute("flag_meanings", "silent synonym_0 synonym_1 absent");
}

hdf5::Dataset create_variable(hdf5::Group& root, const Variable& variable,
                              const std::vector<ccf::Dimension>& dimensions,
                              const std::map<std::string, hdf5::Dataset>& scales) {
  LogShape shape;
  for (const std::string& name : variable.dims) {
    const auto dim = std::find_if(dimensions.begin(), dimensions.end(),
                                  [&](const ccf::Dimension& d) { return d.name == name; });
    shape.push_back(dim->length);
  }
  hdf5::DatasetOptions options = timeless();
  if (variable.type != LogType::kString) {
    options.chunk = shape;
    options.chunk[0] = std::min(shape[0], ccf::kRows);
    options.compress = variable.type != LogType::kF32;
    if (variable.type == LogType::kF32) options.fill = std::numeric_limits<double>::quiet_NaN();
  }
  hdf5::Dataset out = root.create_dataset(variable.name, variable.type, shape, options);
  for (std::size_t axis = 0; axis < variable.dims.size(); ++axis) {
    out.attach_scale(static_cast<unsigned>(axis), scales.at(variable.dims[axis]));
  }
  out.set_attribute("units", "1");
  out.set_attribute("long_name", variable.long_name);
  set_flags(out, variable);
  return out;
}

// The values of a variable of all records, row-major; `of` appends those of one.
template <class T>
std::vector<T> gathered(std::span<const CcfRecord> records,
                        const std::function<void(const CcfRecord&, std::vector<T>&)>& of) {
  std::vector<T> out;
  for (const CcfRecord& record : records) of(record, out);
  return out;
}

std::vector<std::string> texts(std::span<const CcfRecord> records, Content content) {
  std::vector<std::string> out;
  for (const CcfRecord& record : records) {
    out.push_back(content == Content::kDicomId ? record.dicom_id
                  : content == Content::kSid   ? record.sid
                                               : record.pid);
  }
  return out;
}

std::vector<std::int32_t> codes(std::span<const CcfRecord> records, Content content) {
  return gathered<std::int32_t>(records, [&](const CcfRecord& r, std::vector<std::int32_t>& out) {
    if (content == Content::kDisease) out.push_back(r.factual.disease);
    if (content == Content::kCategory) out.push_back(r.factual.category);
    if (content == Content::kSite) out.push_back(*r.site);
    for (const CcfReport& other : r.counterfactuals) {
      if (content == Content::kOtherDisease) out.push_back(other.disease);
      if (content == Content::kOtherCategory) out.push_back(other.category);
    }
  });
}

std::vector<std::uint8_t> bytes(std::span<const CcfRecord> records, Content content) {
  return gathered<std::uint8_t>(records, [&](const CcfRecord& r, std::vector<std::uint8_t>& out) {
    const auto add = [&](const std::vector<Slot>& slots) {
      for (const Slot slot : slots) out.push_back(static_cast<std::uint8_t>(slot));
    };
    if (content == Content::kReport) add(r.factual.slot);
    if (content == Content::kAttributes) {
      out.insert(out.end(), r.attributes->begin(), r.attributes->end());
    }
    for (const CcfReport& other : r.counterfactuals) {
      if (content == Content::kOtherReport) add(other.slot);
    }
  });
}

std::vector<float> images(std::span<const CcfRecord> records) {
  return gathered<float>(records, [](const CcfRecord& r, std::vector<float>& out) {
    out.insert(out.end(), r.image->begin(), r.image->end());
  });
}

}  // namespace

CcfHdf5Writer::CcfHdf5Writer(const std::string& path, const std::string& shown_as,
                             const CcfNames& names, std::int64_t records, int counterfactuals)
    : names_(names),
      records_(static_cast<std::uint64_t>(records)),
      counterfactuals_(static_cast<std::uint64_t>(counterfactuals)),
      file_(hdf5::File::create(path, shown_as, false)) {
  hdf5::Group root = file_.root();
  root.set_attribute("Conventions", "CF-1.10");
  root.set_attribute("schema_name", "tightrope ccf");
  root.set_attribute("schema_version", std::int64_t{1});
  const auto dimensions = ccf::dimensions(names.shape(), records_, counterfactuals_);
  const auto scales = create_dimensions(root, dimensions);
  for (const Variable& variable : ccf::variables(names.vocabulary())) {
    variables_.push_back(create_variable(root, variable, dimensions, scales));
  }
}

CcfHdf5Writer::~CcfHdf5Writer() {
  if (file_.is_open()) abandon();
}

void CcfHdf5Writer::abandon() {
  for (hdf5::Dataset& variable : variables_) variable.abandon();
  file_.abandon();
}

void CcfHdf5Writer::write(std::span<const CcfRecord> records) {
  if (records.empty()) return;
  for (const CcfRecord& record : records) {
    TR_CHECK(has_case(record) && record.counterfactuals.size() == counterfactuals_,
             "record {}: {} counterfactuals of {}", record.dicom_id, record.counterfactuals.size(),
             counterfactuals_);
  }
  const std::vector<Variable> layout = ccf::variables(names_.vocabulary());
  for (std::size_t i = 0; i < layout.size(); ++i) {
    hdf5::Dataset& to = variables_[i];
    LogShape count = to.shape();
    LogShape offset(count.size(), 0);
    offset[0] = written_;
    count[0] = records.size();
    switch (layout[i].type) {
      case LogType::kString:
        to.write_strings(written_, texts(records, layout[i].content));
        break;
      case LogType::kI32:
        to.write(offset, count, codes(records, layout[i].content).data());
        break;
      case LogType::kU8:
        to.write(offset, count, bytes(records, layout[i].content).data());
        break;
      default:
        to.write(offset, count, images(records).data());
    }
  }
  written_ += records.size();
}

void CcfHdf5Writer::close() {
  TR_CHECK(written_ == records_, "{} records of {}", written_, records_);
  try {
    file_.flush();  // what does not fit the disk is noticed while everything is still open
  } catch (...) {
    abandon();
    throw;
  }
  variables_.clear();
  file_.close();
}

}  // namespace tightrope
