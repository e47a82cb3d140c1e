// SPDX-License-Identifier: Apache-2.0
// Durable file operations: what must survive a kill or a power loss goes through these. All throw
// IoError with the path and the system's message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tightrope {

// "cannot TRIED PATH: No space left on device ..." from errno.
[[noreturn]] void throw_io_error(const std::string& tried, const std::string& path, int error);

// Puts a file's content on the disk.
void sync_file(const std::string& path);

// Puts a folder's entries (new names, renames) on the disk: the folder that holds `path`.
void sync_folder_of(const std::string& path);

// Renames, replacing an existing file. Not durable before sync_folder_of.
void rename_file(const std::string& from, const std::string& to);

// Names a whole file `path` unless there is a file of this name already, and removes its first
// name: of several processes that offer one, the first wins. Whether it was this one.
bool keep_first(const std::string& candidate, const std::string& path);

// A name for a file of this process alone beside `path`: with host and process id.
std::string private_name(const std::string& path);

// Writes a whole file and puts it on the disk; the temporary file of a later rename.
void write_file_synced(const std::string& path, std::string_view bytes);

// Puts a whole file under its name in one step, replacing an older one; leaves nothing else behind
// when it fails.
void replace_file(const std::string& path, std::string_view bytes);

// Copies a file's bytes, replacing `to`; shares blocks where the file system can.
void copy_file(const std::string& from, const std::string& to);

// The whole content; IoError when it cannot be read or exceeds `maximum` bytes.
std::string read_whole_file(const std::string& path, std::uint64_t maximum);

bool file_exists(const std::string& path);

// Whether it is there and neither a folder, a device nor a pipe.
bool is_regular_file(const std::string& path);

// Bytes of a file.
std::uint64_t file_size(const std::string& path);

// Removes a file if it is there.
void remove_file(const std::string& path);

}  // namespace tightrope
