// SPDX-License-Identifier: Apache-2.0
// Cases of any world as CCF records and files.
#pragma once

#include <fmt/format.h>

#include <fstream>
#include <string>
#include <vector>

#include "graph/ccf_json.h"
#include "graph/ccf_reader.h"
#include "graph/ccf_writer.h"
#include "tests/core/log_support.h"
#include "tests/experts/expert_support.h"

namespace tightrope::test {

// Every case with the reports of the two cases behind it as counterfactuals, of the two diseases
// behind its own.
inline std::vector<CcfRecord> records_of(const World& world, const Cases& cases,
                                         const std::string& prefix = "d") {
  const int diseases = world.vocabulary().diseases();
  const auto report = [&](int n, int disease) {
    n %= cases.size();
    const auto slots = cases.report_of(n);
    return CcfReport{disease, cases.category[n], {slots.begin(), slots.end()}};
  };
  std::vector<CcfRecord> out;
  for (int n = 0; n < cases.size(); ++n) {
    CcfRecord r;
    r.dicom_id = fmt::format("{}{}", prefix, n);
    r.sid = fmt::format("s{}", n);
    r.pid = fmt::format("p\"{}\"", n / 2);
    const int z = cases.disease[n];
    r.factual = report(n, z);
    for (int i = 1; i <= 2; ++i) r.counterfactuals.push_back(report(n + i, (z + i) % diseases));
    const auto image = cases.image_of(n);
    r.image.emplace(image.begin(), image.end());
    r.site = cases.site[n];
    const auto attributes = cases.attributes_of(n);
    r.attributes.emplace(attributes.begin(), attributes.end());
    out.push_back(std::move(r));
  }
  return out;
}

inline std::string lines_of(const std::vector<CcfRecord>& records, const CcfNames& names) {
  std::string out;
  for (const CcfRecord& record : records) append_ccf_line(record, names, out);
  return out;
}

inline void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::vector<CcfRecord> read_all(const std::string& path, const World& world,
                                       CcfReading reading = {}) {
  std::vector<CcfRecord> out;
  CcfReader reader(path, world, std::move(reading));
  for (CcfRecord record; reader.next(record);) out.push_back(record);
  return out;
}

inline std::string reading_error(const std::string& path, const World& world,
                                 const CcfReading& reading = {}) {
  return log_test::message_of<InputError>([&] { read_all(path, world, reading); });
}

}  // namespace tightrope::test
