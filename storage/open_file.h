#pragma once
// Files that this process has open as databases, and the lock that keeps a second writer out.
//
// Closing any descriptor of a file drops the locks that SQLite holds on it for this process (POSIX): a file that is open as a database must not be opened and closed otherwise.
//
// Threads  safe from any.

#include <sys/types.h>

#include <array>
#include <string>
#include <utility>

namespace weir {

// The file is open while this lives. One writer at a time, of all processes; readers look at no lock and are not hindered.
// Errors   Failure(kIo): it is open for writing already.
class OpenFile {
 public:
  OpenFile(const std::string& path, bool writes);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;

 private:
  void release();
  std::pair<dev_t, ino_t> id_;
  bool writes_;
  int fd_ = -1;
};

// The first bytes of a file, and how many there are; kIsOpen where this process has it open as a database.
inline constexpr ssize_t kIsOpen = -1;
ssize_t read_unless_open(const std::string& path, std::array<unsigned char, 100>& bytes);

}  // namespace weir
