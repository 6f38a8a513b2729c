#include <fcntl.h>
#include <unistd.h>
#include <weir/follower.h>

#include <algorithm>

#include "storage/storage.h"
#include "views/door.h"
#include "views/engine.h"
#include "views/feed.h"
#include "zset/consolidate.h"
#include "zset/digest.h"

namespace weir {
namespace {

using internal::guarded;

bool same_shape(const StoredRelation& a, const StoredRelation& b) {
  return a.is_view == b.is_view && a.key == b.key && a.definition == b.definition && a.schema.size() == b.schema.size() &&
         std::equal(a.schema.begin(), a.schema.end(), b.schema.begin(),
                    [](const Field& x, const Field& y) { return x.name == y.name && x.type == y.type && x.nullable == y.nullable; });
}

Digest digest_of(const std::string& hex) {
  Digest out;
  for (const char c : hex) out.sum = out.sum << 4 | static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
  return out;
}

std::unique_ptr<Storage> open_to_look(const std::string& file) {
  StorageOptions options;
  options.read_only = true;
  options.create = false;
  return Storage::open(file, options);
}

}  // namespace

struct Follower::Impl {
  std::unique_ptr<Storage> source, copy;
  std::string source_path, copy_path;
  std::vector<std::string> wanted;  // none: all with a log
  bool fresh = true;                // the source shows what the copy has not

  void step();
  void bring(const StoredRelation& relation, const StoredLog& log, const StoredRelation* there);
};

// All that is to be followed to what the source shows, in one transaction.
void Follower::Impl::step() {
  if (copy->sequence() > source->sequence()) {
    throw Failure(ErrorCode::kCorrupt, in_quotes(copy_path) + " is not a copy of " + in_quotes(source_path) + ": it is of sequence " +
                                           std::to_string(copy->sequence()) + ", the source is at " + std::to_string(source->sequence()));
  }
  const std::vector<StoredRelation> relations = source->catalog(), copied = copy->catalog();
  const std::vector<StoredLog> logs = source->logs();
  const auto follows = [&](const std::string& name) {
    return wanted.empty() ? internal::find(logs, name) != nullptr : std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  };
  internal::enter_types(*source);
  copy->begin();
  try {
    if (const std::string types = source->setting(internal::kDomainsSetting); types != copy->setting(internal::kDomainsSetting)) {
      copy->set_setting(internal::kDomainsSetting, types);
    }
    for (const StoredRelation& relation : copied) {
      if (!internal::find(relations, relation.name) || !follows(relation.name)) copy->drop(relation.name);
    }
    for (const StoredRelation& relation : relations) {
      if (!follows(relation.name)) continue;
      const StoredLog* log = internal::find(logs, relation.name);
      if (!log) throw Failure(ErrorCode::kInput, "relation " + in_quotes(relation.name) + " keeps no change log: it can't be followed");
      bring(relation, *log, internal::find(copied, relation.name));
      if (copy->digest(relation.name) == source->digest(relation.name)) continue;
      throw Failure(ErrorCode::kCorrupt, in_quotes(copy_path) + " would not be what " + in_quotes(source_path) + " is: the digests of relation " +
                                             in_quotes(relation.name) + " differ");
    }
    copy->set_sequence(source->sequence());
    copy->commit();
  } catch (...) {
    copy->rollback();
    throw;
  }
}

void Follower::Impl::bring(const StoredRelation& relation, const StoredLog& log, const StoredRelation* there) {
  if (there && same_shape(*there, relation) && copy->sequence() >= log.base) {
    Digest digest = digest_of(copy->digest(relation.name));
    bool any = false;
    source->read_log(relation, copy->sequence(), [&](std::uint64_t, const std::unique_ptr<StoredRows>& change) {
      if (change->rows.empty()) return;
      copy->write(relation.name, change->rows);
      digest.add(change->rows);
      any = true;
    });
    if (any) copy->set_digest(relation.name, digest.to_string());
    return;
  }
  if (there) copy->drop(relation.name);
  copy->create(relation);
  Digest digest;
  source->read(relation, [&](const Delta& some) {
    Arena arena;
    Delta rows;
    consolidate(some, arena, rows);
    copy->write(relation.name, rows);
    digest.add(rows);
  });
  copy->set_digest(relation.name, digest.to_string());
}

Follower::Follower(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Follower::Follower(Follower&&) noexcept = default;
Follower::~Follower() = default;

Result<Follower> Follower::open(const std::string& source, const std::string& copy, std::span<const std::string> relations) {
  return guarded([&] {
    auto impl = std::make_unique<Impl>();
    impl->source_path = source;
    impl->copy_path = copy;
    impl->wanted.assign(relations.begin(), relations.end());
    impl->source = open_to_look(source);
    if (impl->source->setting(internal::kTablesSetting) == internal::kTablesOfCopy)
      throw Failure(ErrorCode::kInput, in_quotes(source) + " is a copy itself: it keeps no change logs");
    const std::vector<StoredRelation> catalog = impl->source->catalog();
    for (const std::string& name : impl->wanted) {
      if (!internal::find(catalog, name)) throw Failure(ErrorCode::kUnknownName, "relation " + in_quotes(name) + " does not exist");
    }
    if (impl->wanted.empty() && impl->source->logs().empty())
      throw Failure(ErrorCode::kInput, "no relation in " + in_quotes(source) + " keeps a change log: there is nothing to follow");
    impl->copy = Storage::open(copy, StorageOptions());
    if (impl->copy->setting(internal::kTablesSetting) != internal::kTablesOfCopy) {
      if (!impl->copy->catalog().empty() || impl->copy->sequence() > 0)
        throw Failure(ErrorCode::kInput, in_quotes(copy) + " is a database, not a copy that can be gone on with");
      impl->copy->begin();
      impl->copy->set_setting(internal::kTablesSetting, internal::kTablesOfCopy);
      impl->copy->commit();
    }
    return Follower(std::move(impl));
  });
}

Result<std::uint64_t> Follower::step() {
  return guarded([&] {
    if (impl_->fresh || impl_->source->refresh()) {
      impl_->fresh = true;
      try {
        impl_->step();
      } catch (...) {
        impl_->source = open_to_look(impl_->source_path);
        throw;
      }
      impl_->source->rest();
      impl_->fresh = false;
    }
    return impl_->copy->sequence();
  });
}

Result<bool> Follower::wait(std::chrono::milliseconds for_so_long) {
  return guarded([&] { return impl_->fresh = impl_->fresh || internal::wait_for_commit(*impl_->source, for_so_long); });
}

Result<Verification> check(const std::string& file) {
  return guarded([&] {
    {
      const std::unique_ptr<Storage> storage = open_to_look(file);
      if (storage->setting(internal::kTablesSetting) == internal::kTablesOfCopy) {
        Verification out;
        if (const std::string found = storage->damage(); !found.empty()) {
          out.difference = "the file is damaged: " + found;
          return out;
        }
        internal::enter_types(*storage);
        for (const StoredRelation& relation : storage->catalog()) {
          Digest digest;
          storage->read(relation, [&](const Delta& rows) {
            digest.add(rows);
            out.rows += rows.rows();
          });
          ++(relation.is_view ? out.views : out.tables);
          if (storage->digest(relation.name) == digest.to_string()) continue;
          out.difference = std::string(relation.is_view ? "view " : "table ") + in_quotes(relation.name) +
                           " is not what was copied: its rows do not have the digest beside them";
          return out;
        }
        return out;
      }
    }
    OpenOptions options;
    options.create = false;
    options.read_only = true;
    options.repair = false;
    return Database::open(file, options).value().check().value();
  });
}

}  // namespace weir
