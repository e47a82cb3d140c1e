// SPDX-License-Identifier: Apache-2.0
// Jobs in child processes. HDF5 lets one thread of a process in at a time, and a file that crashes
// it takes only the child along.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace tightrope {

// From a job to the parent; what `kind` means is between the two.
using SendMessage = std::function<void(int kind, const std::string& text)>;

struct ChildWork {
  // In a child. An exception that leaves it ends the child, like a crash.
  std::function<void(std::size_t job, const SendMessage& send)> run;
  // In the parent, for every message in the order of each child. False: start no more jobs.
  std::function<bool(std::size_t job, int kind, const std::string& text)> received;
  // In the parent, for a job whose child ended inside it: "killed by signal 11 (...)".
  std::function<void(std::size_t job, const std::string& how)> died;
};

// Runs the jobs 0 .. jobs - 1, each once, in `children` processes that take the next one whenever
// they are free; a child that dies is replaced. Returns when all are done. The calling process must
// have no other thread, and no exception may leave `received` and `died`. IoError when the system
// gives no process.
void run_in_children(std::size_t jobs, int children, const ChildWork& work);

}  // namespace tightrope
