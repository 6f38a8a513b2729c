// Copies of the file: of one moment, whatever is committed meanwhile, checked before they get their name.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "views/engine.h"

namespace weir::internal {
namespace {

// A name is on disk when its folder is.
void sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
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
  if (::access(to.c_str(), F_OK) == 0) throw Failure(ErrorCode::kIo, "cannot create \"" + to + "\": it exists already");
  const std::string part = to + ".weir-part";
  ::unlink(part.c_str());  // of a copy that was broken off
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
    if (std::rename(part.c_str(), to.c_str()) != 0) throw Failure(ErrorCode::kIo, "cannot create \"" + to + "\": " + std::strerror(errno));
  } catch (...) {
    ::unlink(part.c_str());
    throw;
  }
  sync_folder_of(to);
  return sequence;
}

}  // namespace weir::internal
