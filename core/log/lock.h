// SPDX-License-Identifier: Apache-2.0
// Claims on an output folder and on its parts, so that two processes never write the same logs.
#pragma once

#include <string>

namespace tightrope {

// Holds FOLDER/.tightrope.lock (an flock, and a text with host, process and start time) for the
// life of the object; a killed process loses it. Processes forked from the holder share the claim.
class FolderLock {
 public:
  // The folder must exist. InputError when a live process holds it, or when a process of another
  // host left it behind (this host cannot know whether that one lives; the text says what to
  // remove). A dead process of this host is taken over. IoError when the folder refuses.
  static FolderLock claim(const std::string& folder);
  // A claim that any number of processes share and that excludes claim() alone; for those who claim
  // the parts that they write.
  static FolderLock share(const std::string& folder);
  // claim() with another file, for one part of a folder that is shared. `take_over`: what a process
  // of another host left behind is taken, because the user says that it is gone.
  static FolderLock claim_part(const std::string& file, bool take_over);

  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  FolderLock(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  static FolderLock acquire(const std::string& path, const std::string& what, bool take_over);
  int fd_;
  std::string path_;
};

}  // namespace tightrope
