#include "storage/meter.h"

#include <sqlite3.h>

#include <chrono>

namespace weir {
namespace {

struct File {
  sqlite3_file base;
  MeterCounts* counts;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& file_of(sqlite3_file* f) { return *reinterpret_cast<File*>(f); }
sqlite3_file* real(sqlite3_file* f) { return file_of(f).real(); }
const sqlite3_io_methods& methods(sqlite3_file* f) { return *real(f)->pMethods; }

int close(sqlite3_file* f) { return real(f)->pMethods ? methods(f).xClose(real(f)) : SQLITE_OK; }
int read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  file_of(f).counts->reads.fetch_add(1, std::memory_order_relaxed);
  file_of(f).counts->bytes_read.fetch_add(static_cast<std::uint64_t>(n), std::memory_order_relaxed);
  return methods(f).xRead(real(f), to, n, at);
}
int write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  const int rc = methods(f).xWrite(real(f), from, n, at);
  if (rc != SQLITE_OK) return rc;
  file_of(f).counts->writes.fetch_add(1, std::memory_order_relaxed);
  file_of(f).counts->bytes_written.fetch_add(static_cast<std::uint64_t>(n), std::memory_order_relaxed);
  return rc;
}
int sync(sqlite3_file* f, int flags) {
  const auto start = std::chrono::steady_clock::now();
  const int rc = methods(f).xSync(real(f), flags);
  file_of(f).counts->syncs_ns.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count()));
  return rc;
}
int truncate(sqlite3_file* f, sqlite3_int64 size) { return methods(f).xTruncate(real(f), size); }
int file_size(sqlite3_file* f, sqlite3_int64* size) { return methods(f).xFileSize(real(f), size); }
int lock(sqlite3_file* f, int level) { return methods(f).xLock(real(f), level); }
int unlock(sqlite3_file* f, int level) { return methods(f).xUnlock(real(f), level); }
int check_reserved_lock(sqlite3_file* f, int* held) { return methods(f).xCheckReservedLock(real(f), held); }
int file_control(sqlite3_file* f, int op, void* arg) { return methods(f).xFileControl(real(f), op, arg); }
int sector_size(sqlite3_file* f) { return methods(f).xSectorSize(real(f)); }
int device_characteristics(sqlite3_file* f) { return methods(f).xDeviceCharacteristics(real(f)); }
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** to) { return methods(f).xShmMap(real(f), page, size, extend, to); }
int shm_lock(sqlite3_file* f, int offset, int n, int flags) { return methods(f).xShmLock(real(f), offset, n, flags); }
void shm_barrier(sqlite3_file* f) { methods(f).xShmBarrier(real(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return methods(f).xShmUnmap(real(f), remove); }

// Version 2: SQLite maps nothing into memory, so that all it writes is seen here.
const sqlite3_io_methods kMethods = {2,    close,     read,   write,  truncate,            sync,         file_size,   lock,
                                     unlock, check_reserved_lock, file_control, sector_size, device_characteristics, shm_map, shm_lock, shm_barrier,
                                     shm_unmap, nullptr, nullptr};

}  // namespace

struct Meter::Impl {
  std::string name;
  sqlite3_vfs vfs{};
  sqlite3_vfs* under = sqlite3_vfs_find(nullptr);
  MeterCounts counts;

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags, int* out_flags) {
    Impl& impl = of(vfs);
    f->pMethods = nullptr;
    File& file = file_of(f);
    file.counts = &impl.counts;
    file.real()->pMethods = nullptr;
    const int rc = impl.under->xOpen(impl.under, name, file.real(), flags, out_flags);
    if (file.real()->pMethods) f->pMethods = &kMethods;
    return rc;
  }
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) { return of(vfs).under->xDelete(of(vfs).under, name, sync_folder); }
  static int access(sqlite3_vfs* vfs, const char* name, int flags, int* out) { return of(vfs).under->xAccess(of(vfs).under, name, flags, out); }
  static int full_pathname(sqlite3_vfs* vfs, const char* name, int n, char* out) { return of(vfs).under->xFullPathname(of(vfs).under, name, n, out); }
  static int randomness(sqlite3_vfs* vfs, int n, char* out) { return of(vfs).under->xRandomness(of(vfs).under, n, out); }
  static int sleep(sqlite3_vfs* vfs, int microseconds) { return of(vfs).under->xSleep(of(vfs).under, microseconds); }
  static int current_time(sqlite3_vfs* vfs, double* out) { return of(vfs).under->xCurrentTime(of(vfs).under, out); }
  static int last_error(sqlite3_vfs* vfs, int n, char* out) { return of(vfs).under->xGetLastError(of(vfs).under, n, out); }
  static Impl& of(sqlite3_vfs* vfs) { return *static_cast<Impl*>(vfs->pAppData); }
};

Meter::Meter() : impl_(std::make_unique<Impl>()) {
  Impl& impl = *impl_;
  impl.name = "weir-meter-" + std::to_string(reinterpret_cast<std::uintptr_t>(impl_.get()));
  impl.vfs.iVersion = 1;
  impl.vfs.mxPathname = impl.under->mxPathname;
  impl.vfs.szOsFile = static_cast<int>(sizeof(File)) + impl.under->szOsFile;
  impl.vfs.zName = impl.name.c_str();
  impl.vfs.pAppData = &impl;
  impl.vfs.xOpen = Impl::open;
  impl.vfs.xDelete = Impl::remove;
  impl.vfs.xAccess = Impl::access;
  impl.vfs.xFullPathname = Impl::full_pathname;
  impl.vfs.xRandomness = Impl::randomness;
  impl.vfs.xSleep = Impl::sleep;
  impl.vfs.xCurrentTime = Impl::current_time;
  impl.vfs.xGetLastError = Impl::last_error;
  sqlite3_vfs_register(&impl.vfs, 0);
}

Meter::~Meter() { sqlite3_vfs_unregister(&impl_->vfs); }
const char* Meter::name() const { return impl_->name.c_str(); }
const MeterCounts& Meter::counts() const { return impl_->counts; }

}  // namespace weir
