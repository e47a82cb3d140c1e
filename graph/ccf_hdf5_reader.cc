// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>

#include "core/base/check.h"
#include "core/base/strings.h"
#include "graph/ccf_hdf5.h"
#include "graph/ccf_hdf5_layout.h"

namespace tightrope {
namespace {

using ccf::Content;
using ccf::Variable;

// The world's index of every name of a coordinate.
std::vector<int> indices(const hdf5::Group& root, const std::string& name,
                         const std::function<int(const std::string&)>& index) {
  TR_REQUIRE(root.has(name), "{}: the variable is missing", root.where() + name);
  const hdf5::Dataset labels = root.open_dataset(name);
  TR_REQUIRE(labels.type() == LogType::kString && labels.shape().size() == 1,
             "{}: must be a list of names", labels.where());
  std::vector<int> out;
  for (const std::string& label : labels.read_strings()) {
    const int here = index(label);
    TR_REQUIRE(std::find(out.begin(), out.end(), here) == out.end(),
               "{}: the name {} stands there twice", labels.where(), label);
    out.push_back(here);
  }
  return out;
}

std::uint64_t extent(const hdf5::Group& root, const std::string& name, std::size_t axis) {
  TR_REQUIRE(root.has(name), "{}: the variable is missing", root.where() + name);
  const hdf5::Dataset variable = root.open_dataset(name);
  const LogShape shape = variable.shape();
  TR_REQUIRE(axis < shape.size(), "{}: {} axes are too few", variable.where(), shape.size());
  return shape[axis];
}

std::string shape_text(const LogShape& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace

struct CcfHdf5Reader::Block {
  struct Column {
    Variable variable;
    hdf5::Dataset dataset;
    LogShape shape;
  };
  std::vector<Column> columns;
  std::uint64_t begin = 0, end = 0;  // rows that are in memory
  std::vector<std::string> dicom_id, sid, pid;
  std::vector<std::int32_t> disease, category, other_disease, other_category, site;
  std::vector<std::uint8_t> report, other_report, attributes;
  std::vector<float> image;

  void read(const Column& column) {
    LogShape offset(column.shape.size(), 0), count = column.shape;
    offset[0] = begin;
    count[0] = end - begin;
    std::uint64_t size = 1;
    for (const std::uint64_t e : count) size *= e;
    const auto numbers = [&](auto& to) {
      using T = typename std::decay_t<decltype(to)>::value_type;
      to.resize(size);
      if (size > 0) column.dataset.read(offset, count, to.data(), log_type_of<T>());
    };
    const auto texts = [&] { return column.dataset.read_strings(begin, end - begin); };
    switch (column.variable.content) {
      case Content::kDicomId:
        dicom_id = texts();
        break;
      case Content::kSid:
        sid = texts();
        break;
      case Content::kPid:
        pid = texts();
        break;
      case Content::kDisease:
        numbers(disease);
        break;
      case Content::kCategory:
        numbers(category);
        break;
      case Content::kReport:
        numbers(report);
        break;
      case Content::kOtherDisease:
        numbers(other_disease);
        break;
      case Content::kOtherCategory:
        numbers(other_category);
        break;
      case Content::kOtherReport:
        numbers(other_report);
        break;
      case Content::kImage:
        numbers(image);
        break;
      case Content::kSite:
        numbers(site);
        break;
      case Content::kAttributes:
        numbers(attributes);
        break;
    }
  }
};

CcfHdf5Reader::CcfHdf5Reader(const std::string& path, const CcfNames& names)
    : path_(path),
      names_(names),
      file_(hdf5::File::open(path, false)),
      block_(std::make_unique<Block>()) {
  const hdf5::Group root = file_.root();
  const Vocabulary& v = names.vocabulary();
  const auto key = [&](const char* name) { return root.where() + name; };
  disease_ = indices(root, "disease_name", [&](const std::string& name) {
    return names.disease(name, key("disease_name"));
  });
  attribute_ = indices(root, "attribute", [&](const std::string& name) {
    return names.attribute(name, key("attribute"));
  });
  if (v.categories() > 0) {
    category_ = indices(root, "category_name", [&](const std::string& name) {
      return names.category(name, key("category_name"));
    });
  } else {
    TR_REQUIRE(!root.has("category_name"),
               "{}: the reports open with a category, those of the world do not", path);
  }
  records_ = extent(root, "dicom_id", 0);
  counterfactuals_ = extent(root, "counterfact", 1);
  TR_REQUIRE(counterfactuals_ < disease_.size(), "{}: {} per record, there are {} diseases",
             key("counterfact"), counterfactuals_, disease_.size());
  has_image_ = root.has("image");
  has_site_ = root.has("site");
  has_attributes_ = root.has("present");
  open_variables();
}

CcfHdf5Reader::~CcfHdf5Reader() = default;

void CcfHdf5Reader::open_variables() {
  const hdf5::Group root = file_.root();
  for (const Variable& variable : ccf::variables(names_.vocabulary())) {
    if (variable.ours && !root.has(variable.name)) continue;
    TR_REQUIRE(root.has(variable.name), "{}: the variable is missing",
               root.where() + variable.name);
    // Rows are read once, block by block: a cache of chunks would only hold memory.
    hdf5::Dataset dataset = root.open_dataset(variable.name, true);
    LogShape expected;
    for (const std::string& dim : variable.dims) {
      expected.push_back(dim == "record"           ? records_
                         : dim == "counterfactual" ? counterfactuals_
                         : dim == "attribute"      ? attribute_.size()
                                                   : names_.shape().channels);
    }
    const LogShape shape = dataset.shape();
    TR_REQUIRE(shape == expected, "{}: shape {}, must be {}", dataset.where(), shape_text(shape),
               shape_text(expected));
    TR_REQUIRE((dataset.type() == LogType::kString) == (variable.type == LogType::kString),
               "{}: {} values, must be {}", dataset.where(), log_type_name(dataset.type()),
               log_type_name(variable.type));
    block_->columns.push_back({variable, std::move(dataset), shape});
  }
}

void CcfHdf5Reader::read_block() {
  block_->begin = row_;
  block_->end = std::min(records_, row_ + ccf::kRows);
  for (const Block::Column& column : block_->columns) block_->read(column);
}

int CcfHdf5Reader::code(const char* name, const std::vector<int>& of, std::int32_t value) const {
  TR_REQUIRE(value >= 0 && value < static_cast<int>(of.size()), "{}: {}, must be in [0, {}]", name,
             value, of.size() - 1);
  return of[value];
}

CcfReport CcfHdf5Reader::report(std::size_t at, int disease, int category,
                                const std::vector<std::uint8_t>& slots, const char* name) const {
  CcfReport out{disease, category,
                std::vector<Slot>(names_.vocabulary().attributes(), Slot::kSilent)};
  for (std::size_t k = 0; k < attribute_.size(); ++k) {
    const std::uint8_t slot = slots[at * attribute_.size() + k];
    TR_REQUIRE(slot <= 3, "{}.{}: {}, must be in [0, 3]", name, k, slot);
    out.slot[attribute_[k]] = static_cast<Slot>(slot);
  }
  return out;
}

bool CcfHdf5Reader::next(CcfRecord& record) {
  if (row_ == records_) return false;
  if (row_ >= block_->end) read_block();
  const Block& b = *block_;
  const std::size_t r = row_ - b.begin;
  ++row_;
  const bool categories = !category_.empty();
  record = {};
  record.dicom_id = b.dicom_id[r];
  record.sid = b.sid[r];
  record.pid = b.pid[r];
  record.factual =
      report(r, code("diagnose", disease_, b.disease[r]),
             categories ? code("category", category_, b.category[r]) : -1, b.report, "report");
  for (std::size_t i = 0; i < counterfactuals_; ++i) {
    const std::size_t at = r * counterfactuals_ + i;
    if (b.other_disease[at] == -1) continue;
    record.counterfactuals.push_back(
        report(at, code("counterfact", disease_, b.other_disease[at]),
               categories ? code("counterfact_category", category_, b.other_category[at]) : -1,
               b.other_report, "counterfact_report"));
  }
  if (has_image_) {
    const std::size_t channels = b.image.size() / (b.end - b.begin);
    const auto begin = b.image.begin() + static_cast<std::ptrdiff_t>(r * channels);
    record.image.emplace(begin, begin + static_cast<std::ptrdiff_t>(channels));
  }
  if (has_site_) record.site = b.site[r];
  if (has_attributes_) {
    record.attributes.emplace(names_.vocabulary().attributes(), 0);
    for (std::size_t k = 0; k < attribute_.size(); ++k) {
      const std::uint8_t present = b.attributes[r * attribute_.size() + k];
      TR_REQUIRE(present <= 1, "present.{}: {}, must be 0 or 1", k, present);
      (*record.attributes)[attribute_[k]] = present;
    }
  }
  return true;
}

}  // namespace tightrope
