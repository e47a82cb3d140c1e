// SPDX-License-Identifier: Apache-2.0
// A CCF record as one line of JSON:
//   {"dicom_id", "sid", "pid", "report": text, "diagnose": disease, "counterfact": {disease: text}}
// and ours behind it, each of which may be missing: "image": [C numbers], "site": u, "category":
// name (worlds whose reports open with one), "attributes": [names of those present].
#pragma once

#include <string>
#include <string_view>

#include "graph/ccf_names.h"

namespace tightrope {

// Reads one line. Throws InputError "key: what is wrong" for bad JSON (bytes that are no UTF-8,
// NaN, a key twice), a missing or unknown key, a wrong type, an unknown name, a report outside the
// grammar, and what check_record refuses.
CcfRecord read_ccf_line(std::string_view line, const CcfNames& names);

// Appends the record's line with its line break; numbers as the shortest text that reads back as
// the same float.
void append_ccf_line(const CcfRecord& record, const CcfNames& names, std::string& out);

}  // namespace tightrope
