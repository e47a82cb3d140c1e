// SPDX-License-Identifier: Apache-2.0
// Which instruction set the run-time dispatch of the kernels chose.
#pragma once

#include <string>

namespace tightrope {

// The name of the instruction set the kernels run on in this process, for example "AVX2" or
// "AVX3_DL". Results are bitwise reproducible on one instruction set, so logs record it.
std::string instruction_set();

}  // namespace tightrope
