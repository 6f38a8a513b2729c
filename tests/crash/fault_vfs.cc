#include "tests/crash/fault_vfs.h"

#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>

namespace weir::crash {
namespace {

constexpr std::size_t kSector = 512;
constexpr char kName[] = "weir-faults";

FaultVfs* faults = nullptr;  // the one that is registered
sqlite3_vfs* under = nullptr;

struct File {
  sqlite3_file base;
  std::string* path;  // null: not watched
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& file_of(sqlite3_file* f) { return *reinterpret_cast<File*>(f); }
sqlite3_file* real(sqlite3_file* f) { return file_of(f).real(); }

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

int close(sqlite3_file* f) {
  delete file_of(f).path;
  return real(f)->pMethods ? real(f)->pMethods->xClose(real(f)) : SQLITE_OK;
}

int read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  if (const int rc = faults->before(Call::kRead, false)) return rc;
  return real(f)->pMethods->xRead(real(f), to, n, at);
}

int write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  const bool watched = file_of(f).path != nullptr;
  const int rc = watched ? faults->before(Call::kWrite, true) : SQLITE_OK;
  if (rc && faults->stopped()) return rc;
  const int written = rc ? n / 2 : n;
  if (written > 0) {
    if (const int error = real(f)->pMethods->xWrite(real(f), from, written, at)) return error;
    if (watched) faults->wrote(*file_of(f).path, at, from, written);
  }
  return rc;
}

int truncate(sqlite3_file* f, sqlite3_int64 size) {
  const bool watched = file_of(f).path != nullptr;
  if (const int rc = watched ? faults->before(Call::kTruncate, true) : SQLITE_OK) return rc;
  const int rc = real(f)->pMethods->xTruncate(real(f), size);
  if (rc == SQLITE_OK && watched) faults->truncated(*file_of(f).path, size);
  return rc;
}

int sync(sqlite3_file* f, int) {
  const bool watched = file_of(f).path != nullptr;
  if (const int rc = watched ? faults->before(Call::kSync, true) : SQLITE_OK) return rc;
  if (watched) faults->synced(*file_of(f).path);  // the disk itself is not needed: the image is what counts
  return SQLITE_OK;
}

int file_size(sqlite3_file* f, sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); }
int lock(sqlite3_file* f, int level) {
  if (const int rc = faults->before(Call::kLock, false)) return rc;
  return real(f)->pMethods->xLock(real(f), level);
}
int unlock(sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); }
int check_reserved_lock(sqlite3_file* f, int* held) { return real(f)->pMethods->xCheckReservedLock(real(f), held); }
int file_control(sqlite3_file* f, int op, void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); }
int sector_size(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }
int device_characteristics(sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** to) { return real(f)->pMethods->xShmMap(real(f), page, size, extend, to); }
int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  if (flags & SQLITE_SHM_LOCK) {
    if (const int rc = faults->before(Call::kLock, false)) return rc;
  }
  return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}
void shm_barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); }

const sqlite3_io_methods kMethods = {2,      close,          read,           write,   truncate, sync,
                                     file_size, lock,        unlock,         check_reserved_lock, file_control, sector_size,
                                     device_characteristics, shm_map, shm_lock, shm_barrier, shm_unmap, nullptr, nullptr};

int open(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out_flags) {
  f->pMethods = nullptr;
  File& file = file_of(f);
  file.path = nullptr;
  real(f)->pMethods = nullptr;
  if (const int rc = faults->before(Call::kOpen, false)) return rc;
  const bool watched = name && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL));
  if (watched) faults->opened(name);
  const int rc = under->xOpen(under, name, real(f), flags, out_flags);
  if (rc != SQLITE_OK) return rc;
  if (watched) file.path = new std::string(name);
  f->pMethods = &kMethods;
  return SQLITE_OK;
}

int remove(sqlite3_vfs*, const char* name, int sync_directory) {
  if (const int rc = faults->before(Call::kDelete, true)) return rc;
  const int rc = under->xDelete(under, name, sync_directory);
  if (rc == SQLITE_OK) faults->deleted(name);
  return rc;
}
int access(sqlite3_vfs*, const char* name, int flags, int* out) { return under->xAccess(under, name, flags, out); }
int full_pathname(sqlite3_vfs*, const char* name, int n, char* out) { return under->xFullPathname(under, name, n, out); }
int randomness(sqlite3_vfs*, int n, char* out) { return under->xRandomness(under, n, out); }
int sleep(sqlite3_vfs*, int) { return 0; }  // a file that is busy stays so
int current_time(sqlite3_vfs*, double* out) { return under->xCurrentTime(under, out); }
int last_error(sqlite3_vfs*, int n, char* out) { return under->xGetLastError(under, n, out); }

sqlite3_vfs& vfs() {
  static sqlite3_vfs one{};
  return one;
}

}  // namespace

FaultVfs::FaultVfs() {
  under = sqlite3_vfs_find(nullptr);
  faults = this;
  sqlite3_vfs& v = vfs();
  v.iVersion = 1;
  v.szOsFile = static_cast<int>(sizeof(File)) + under->szOsFile;
  v.mxPathname = under->mxPathname;
  v.zName = kName;
  v.xOpen = open;
  v.xDelete = remove;
  v.xAccess = access;
  v.xFullPathname = full_pathname;
  v.xRandomness = randomness;
  v.xSleep = sleep;
  v.xCurrentTime = current_time;
  v.xGetLastError = last_error;
  sqlite3_vfs_register(&v, 1);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&vfs());
  sqlite3_vfs_register(under, 1);
  faults = nullptr;
}

void FaultVfs::reset() {
  const std::lock_guard guard(mutex_);
  images_.clear();
  counts_ = {};
  stop_at_ = 0;
  stopped_ = failed_ = false;
  fault_ = {};
}

void FaultVfs::stop_at(std::uint64_t n) {
  const std::lock_guard guard(mutex_);
  stop_at_ = n == 0 ? 0 : counts_.changes + n;
}

bool FaultVfs::stopped() const {
  const std::lock_guard guard(mutex_);
  return stopped_;
}

void FaultVfs::fail(Call call, std::uint64_t n, int code, std::uint64_t times) {
  const std::lock_guard guard(mutex_);
  const std::uint64_t from = counts_.of(call) + n;
  fault_ = {call, from, from + times, code};
}

bool FaultVfs::failed() const {
  const std::lock_guard guard(mutex_);
  return failed_;
}

FaultVfs::Counts FaultVfs::counts() const {
  const std::lock_guard guard(mutex_);
  return counts_;
}

int FaultVfs::before(Call call, bool changes) {
  const std::lock_guard guard(mutex_);
  const std::uint64_t n = ++counts_.calls[static_cast<std::size_t>(call)];
  if (changes) ++counts_.changes;
  if (changes && stop_at_ != 0 && counts_.changes >= stop_at_) stopped_ = true;
  if (stopped_) return SQLITE_IOERR;
  if (fault_.code != 0 && call == fault_.call && n >= fault_.from && n < fault_.to) {
    failed_ = true;
    return fault_.code;
  }
  return SQLITE_OK;
}

void FaultVfs::opened(const std::string& path) {
  const std::lock_guard guard(mutex_);
  if (!images_.contains(path)) images_[path].synced = content(path);
}

void FaultVfs::wrote(const std::string& path, std::int64_t at, const void* data, int size) {
  const std::lock_guard guard(mutex_);
  counts_.bytes_written += static_cast<std::uint64_t>(size);
  images_[path].changes.push_back({at, std::string(static_cast<const char*>(data), static_cast<std::size_t>(size)), false});
}

void FaultVfs::truncated(const std::string& path, std::int64_t size) {
  const std::lock_guard guard(mutex_);
  images_[path].changes.push_back({size, "", true});
}

void FaultVfs::synced(const std::string& path) {
  const std::lock_guard guard(mutex_);
  Image& image = images_[path];
  for (const Change& change : image.changes) apply(image.synced, change, change.data.size());
  image.changes.clear();
}

void FaultVfs::deleted(const std::string& path) {
  const std::lock_guard guard(mutex_);
  images_.erase(path);
}

void FaultVfs::apply(std::string& image, const Change& change, std::size_t bytes) {
  const auto at = static_cast<std::size_t>(change.at);
  if (change.truncates) {
    image.resize(at, '\0');
    return;
  }
  if (bytes == 0) return;
  if (image.size() < at + bytes) image.resize(at + bytes, '\0');
  std::memcpy(image.data() + at, change.data.data(), bytes);
}

void FaultVfs::leave(Leave what, std::mt19937& random) {
  const std::lock_guard guard(mutex_);
  for (auto& [path, image] : images_) {
    if (what == Leave::kEverything) break;  // the files are it
    for (const Change& change : image.changes) {
      const std::uint32_t choice = what == Leave::kSynced ? 0 : random() % 4;
      if (choice == 0) continue;
      const std::size_t sectors = change.data.size() / kSector;
      const std::size_t bytes = choice == 1 && sectors > 0 ? random() % (sectors + 1) * kSector : change.data.size();
      apply(image.synced, change, bytes);
    }
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(image.synced.data(), static_cast<std::streamsize>(image.synced.size()));
    // The index of the WAL is shared memory: gone.
    if (path.ends_with("-wal")) ::unlink((path.substr(0, path.size() - 4) + "-shm").c_str());
  }
  images_.clear();
}

}  // namespace weir::crash
