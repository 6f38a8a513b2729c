#include "storage/open_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weir/error.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

namespace weir {
namespace {

struct Uses {
  int readers = 0;
  bool writer = false;
  std::vector<int> descriptors = {};  // of writers that are gone: they are closed with the last user
};

struct OpenFiles {
  std::mutex mutex;
  std::map<std::pair<dev_t, ino_t>, Uses> uses;
};

OpenFiles& open_files() {
  static OpenFiles files;
  return files;
}

Failure cannot_open(const std::string& path, const std::string& why) { return Failure(ErrorCode::kIo, "cannot open \"" + path + "\": " + why); }

}  // namespace

OpenFile::OpenFile(const std::string& path, bool writes) : writes_(writes) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) throw cannot_open(path, std::strerror(errno));
  id_ = {info.st_dev, info.st_ino};
  {
    const std::lock_guard lock(open_files().mutex);
    Uses& uses = open_files().uses[id_];
    if (writes && uses.writer) throw cannot_open(path, "it is already open in this program");
    if (writes) uses.writer = true;
    else ++uses.readers;
  }
  if (!writes) return;
  fd_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  const int error = errno;
  if (fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  const bool locked = fd_ >= 0;
  release();
  throw cannot_open(path, locked ? "another program has it open for writing" : std::strerror(error));
}

OpenFile::~OpenFile() { release(); }

void OpenFile::release() {
  const std::lock_guard lock(open_files().mutex);
  const auto it = open_files().uses.find(id_);
  Uses& uses = it->second;
  if (fd_ >= 0) {
    ::flock(fd_, LOCK_UN);
    uses.descriptors.push_back(fd_);
  }
  if (writes_) uses.writer = false;
  else --uses.readers;
  if (uses.writer || uses.readers > 0) return;
  for (const int fd : uses.descriptors) ::close(fd);
  open_files().uses.erase(it);
}

ssize_t read_unless_open(const std::string& path, std::array<unsigned char, 100>& bytes) {
  struct stat info {};
  const std::lock_guard lock(open_files().mutex);
  if (::stat(path.c_str(), &info) == 0 && open_files().uses.contains({info.st_dev, info.st_ino})) return kIsOpen;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t n = ::pread(fd, bytes.data(), bytes.size(), 0);
  ::close(fd);
  return std::max<ssize_t>(n, 0);
}

}  // namespace weir
