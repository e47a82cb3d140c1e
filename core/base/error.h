// SPDX-License-Identifier: Apache-2.0
// The three kinds of failure a caller can tell apart by type. Exit codes are fixed by the command
// line: InputError 2, everything else 1.
#pragma once

#include <stdexcept>
#include <string>

namespace tightrope {

// Something the user wrote or supplied is wrong (a file, an option, a value). Exit code 2.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The machine refused: disk full, read-only folder, a damaged file. Exit code 1.
class IoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// An invariant of ours does not hold: a defect of the program. Exit code 1.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace tightrope
