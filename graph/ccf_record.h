// SPDX-License-Identifier: Apache-2.0
// One record of a CCF file (CXR-CounterFact, arXiv 2505.13081) in the numbers of a world.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/api/cases.h"
#include "core/api/world.h"

namespace tightrope {

// A chain of thought and the diagnosis it ends in.
struct CcfReport {
  int disease = 0;
  int category = -1;       // that the report opens with; -1 in worlds without categories
  std::vector<Slot> slot;  // [K]

  bool operator==(const CcfReport&) const = default;
};

// The keys of the paper, then ours, which a file of others may lack.
struct CcfRecord {
  std::string dicom_id, sid, pid;
  CcfReport factual;                                    // report and diagnose
  std::vector<CcfReport> counterfactuals;               // counterfact, in the order of the file
  std::optional<std::vector<float>> image;              // [C]
  std::optional<int> site;                              // latent site u
  std::optional<std::vector<std::uint8_t>> attributes;  // [K] a_k in {0, 1}

  bool operator==(const CcfRecord&) const = default;
};

// What records are held against: the vocabulary must outlive it.
struct CcfShape {
  const Vocabulary& vocabulary;
  int max_mentions;
  int channels;
  int sites;
};
CcfShape ccf_shape(const World& world);

// Throws InputError "key: what is wrong" for a record no case of the world can be: an empty id, a
// report the grammar does not allow, a counterfactual of the diagnosis itself or of one disease
// twice, none at all, an image of another length or with a number that is not finite, a site
// beyond the last.
void check_record(const CcfRecord& record, const CcfShape& shape);

// Whether image, site and attributes are there: what a case needs to be trained on.
bool has_case(const CcfRecord& record);

// Makes case n of `cases` the record, which must have a case; cases.id must have n + 1 entries.
void set_case(const CcfRecord& record, Cases& cases, int n);

}  // namespace tightrope
