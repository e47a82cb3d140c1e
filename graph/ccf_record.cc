// SPDX-License-Identifier: Apache-2.0
#include "graph/ccf_record.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace tightrope {
namespace {

void check_report(const CcfReport& report, const CcfShape& shape, const std::string& key) {
  const int mentions = count_mentions(report.slot);
  TR_REQUIRE(mentions <= shape.max_mentions, "{}: {} findings, the world's reports have at most {}",
             key, mentions, shape.max_mentions);
}

}  // namespace

CcfShape ccf_shape(const World& world) {
  return {world.vocabulary(), world.max_mentions(), world.channels(), world.sites()};
}

void check_record(const CcfRecord& record, const CcfShape& shape) {
  const std::vector<std::string>& diseases = shape.vocabulary.names().diseases;
  TR_REQUIRE(!record.dicom_id.empty(),
             "dicom_id: empty, must be a name that is unique in the file");
  check_report(record.factual, shape, "report");
  TR_REQUIRE(!record.counterfactuals.empty(), "counterfact: empty, must have a disease");
  for (std::size_t i = 0; i < record.counterfactuals.size(); ++i) {
    const CcfReport& other = record.counterfactuals[i];
    const std::string key = "counterfact." + diseases[other.disease];
    TR_REQUIRE(other.disease != record.factual.disease,
               "{}: the diagnosis itself, must be another disease", key);
    for (std::size_t j = 0; j < i; ++j) {
      TR_REQUIRE(record.counterfactuals[j].disease != other.disease, "{}: stands there twice", key);
    }
    check_report(other, shape, key);
  }
  if (record.image) {
    TR_REQUIRE(static_cast<int>(record.image->size()) == shape.channels,
               "image: {} numbers, the world's images have {} channels", record.image->size(),
               shape.channels);
    for (std::size_t c = 0; c < record.image->size(); ++c) {
      TR_REQUIRE(std::isfinite((*record.image)[c]), "image.{}: {}, must be finite", c,
                 (*record.image)[c]);
    }
  }
  TR_REQUIRE(!record.site || (*record.site >= 0 && *record.site < shape.sites),
             "site: {}, must be an integer in [0, {}]", record.site.value_or(0), shape.sites - 1);
}

bool has_case(const CcfRecord& record) { return record.image && record.site && record.attributes; }

void set_case(const CcfRecord& record, Cases& cases, int n) {
  TR_CHECK(has_case(record), "record {} has no case", record.dicom_id);
  cases.id[n] = record.dicom_id;
  cases.site[n] = *record.site;
  cases.category[n] = record.factual.category;
  cases.disease[n] = record.factual.disease;
  std::ranges::copy(*record.attributes, cases.attributes_of(n).begin());
  std::ranges::copy(*record.image, cases.image_of(n).begin());
  std::ranges::copy(record.factual.slot, cases.report_of(n).begin());
}

}  // namespace tightrope
