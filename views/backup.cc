// Copies of the file: of one moment, whatever is committed meanwhile, checked before they get their name.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "views/engine.h"

namespace weir::internal {
namespace {

constexpr char kExists[] = "it exists already";
constexpr char kPart[] = ".weir-part-";

// A name is on disk when its folder is.
void sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

// A name that no other copy that is being made has: its own process and number are in it.
std::string part_of(const std::string& to) {
  static std::atomic<std::uint64_t> copies{0};
  return to + kPart + std::to_string(::getpid()) + '-' + std::to_string(++copies);
}

// What processes left that ended while they made a copy of this name.
void remove_left_parts(const std::string& to) {
  const std::filesystem::path path(to);
  const std::string beginning = path.filename().string() + kPart;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path.has_parent_path() ? path.parent_path() : ".", error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(beginning)) continue;
    const long process = std::strtol(name.c_str() + beginning.size(), nullptr, 10);
    if (process > 0 && ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH) ::unlink(entry.path().c_str());
  }
}

[[noreturn]] void refuse(const std::string& to, const std::string& why) { throw Failure(ErrorCode::kIo, "cannot create \"" + to + "\": " + why); }

// Gives the file its name, unless there is one of that name.
void name_part(const std::string& part, const std::string& to) {
  const bool linked = ::link(part.c_str(), to.c_str()) == 0;
  const bool cannot_link = errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS;  // a file system without links
  if (linked) ::unlink(part.c_str());
  else if (!cannot_link || std::rename(part.c_str(), to.c_str()) != 0) refuse(to, errno == EEXIST ? kExists : std::strerror(errno));
}

}  // namespace

std::uint64_t Engine::backup(const std::string& to) {
  if (path_.empty()) throw Failure(ErrorCode::kInput, "a database in memory has no file to copy");
  flush();
  OpenOptions options;
  options.threads = options_.threads;
  {
    const auto lock = reading();
    for (const auto& [name, overloads] : functions_) {
      for (const auto& f : overloads) {
        ScalarFunction& given = options.functions.emplace_back();
        given.name = name;
        for (const Type& type : f->args) given.arguments.push_back(type.id);
        given.result = f->result.id;
        given.function = f->user;
      }
    }
  }
  return back_up(path_, to, options);
}

std::uint64_t back_up(const std::string& file, const std::string& to, const OpenOptions& options) {
  if (::access(to.c_str(), F_OK) == 0) refuse(to, kExists);
  remove_left_parts(to);
  const std::string part = part_of(to);
  ::unlink(part.c_str());  // of a process that had our number
  std::uint64_t sequence = 0;
  Storage::backup(file, part, sequence);
  try {
    OpenOptions look;
    look.threads = options.threads;
    look.functions = options.functions;
    look.read_only = true;
    look.repair = false;
    const std::shared_ptr<Engine> copy = Engine::open(part, look);
    const Verification found = copy->check_all();
    copy->close();
    if (!found.ok()) throw Failure(ErrorCode::kCorrupt, "\"" + file + "\" can be copied, but the copy is not good: " + found.difference);
    name_part(part, to);
  } catch (...) {
    ::unlink(part.c_str());
    throw;
  }
  sync_folder_of(to);
  return sequence;
}

}  // namespace weir::internal
