// SPDX-License-Identifier: Apache-2.0
#include "graph/ccf_hdf5_layout.h"

#include <algorithm>

namespace tightrope::ccf {

std::vector<Variable> variables(const Vocabulary& vocabulary) {
  std::vector<Variable> out = {
      {Content::kDicomId, "dicom_id", LogType::kString, {"record"}, "image identifier", false},
      {Content::kSid, "sid", LogType::kString, {"record"}, "study identifier", false},
      {Content::kPid, "pid", LogType::kString, {"record"}, "patient identifier", false},
      {Content::kDisease,
       "diagnose",
       LogType::kI32,
       {"record"},
       "diagnosis, index of disease_name",
       false},
      {Content::kReport,
       "report",
       LogType::kU8,
       {"record", "attribute"},
       "how the report mentions each attribute",
       false},
      {Content::kOtherDisease,
       "counterfact",
       LogType::kI32,
       {"record", "counterfactual"},
       "diagnosis of the counterfactual, index of disease_name; -1: none",
       false},
      {Content::kOtherReport,
       "counterfact_report",
       LogType::kU8,
       {"record", "counterfactual", "attribute"},
       "how the counterfactual report mentions each attribute",
       false},
      {Content::kImage, "image", LogType::kF32, {"record", "channel"}, "image vector", true},
      {Content::kSite, "site", LogType::kI32, {"record"}, "latent site", true},
      {Content::kAttributes,
       "present",
       LogType::kU8,
       {"record", "attribute"},
       "latent attributes, 1 where present",
       true}};
  if (vocabulary.categories() == 0) return out;
  out.push_back({Content::kCategory,
                 "category",
                 LogType::kI32,
                 {"record"},
                 "category the report opens with, index of category_name",
                 false});
  out.push_back({Content::kOtherCategory,
                 "counterfact_category",
                 LogType::kI32,
                 {"record", "counterfactual"},
                 "category of the counterfactual report; -1: none",
                 false});
  return out;
}

std::vector<Dimension> dimensions(const CcfShape& shape, std::uint64_t records,
                                  std::uint64_t counterfactuals) {
  const Names& names = shape.vocabulary.names();
  std::vector<Dimension> out = {
      {"record", records, {}, ""},
      {"counterfactual", counterfactuals, {}, ""},
      {"channel", static_cast<std::uint64_t>(shape.channels), {}, ""},
      {"attribute", names.attributes.size(), names.attributes, "attribute in canonical order"},
      {"disease_name", names.diseases.size(), names.diseases, "disease"}};
  if (!names.categories.empty()) {
    out.push_back({"category_name", names.categories.size(), names.categories, "category"});
  }
  return out;
}

}  // namespace tightrope::ccf
