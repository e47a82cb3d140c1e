// SPDX-License-Identifier: Apache-2.0
// The folder a run writes to.
#pragma once

#include <cstdint>
#include <string>

namespace tightrope {

struct OutputChoice {
  std::string folder;
  bool resume = false;  // it holds an unfinished or finished run of the same plan
};

// Decides before anything is written. `wanted` empty: runs/NAME-001, -002, ... the first free one
// (with --resume: the last one). Throws InputError when the folder holds something and neither
// resume nor fresh was asked for, when it is not a run folder, or when it belongs to another plan.
OutputChoice choose_output(const std::string& wanted, const std::string& name, bool resume,
                           bool fresh, std::uint64_t plan_hash);

// Writes run.json: from here on the folder belongs to this plan.
void mark_run(const std::string& folder, const std::string& name, std::uint64_t plan_hash);

// The same beside others who may do it at this moment: the first one's stays. Throws InputError
// when the folder belongs to another plan, or holds something and no run.
void join_run(const std::string& folder, const std::string& name, std::uint64_t plan_hash);

// Throws IoError when it cannot be made.
void make_folder(const std::string& path);

// Whether two files hold the same bytes.
bool same_content(const std::string& a, const std::string& b);

// Removes what a run wrote (packs, tables, manifest, ...) and nothing else.
void clear_run(const std::string& folder);

}  // namespace tightrope
