#pragma once
// Changes out of the log of a file.
//
// Errors   Failure(kInput): the relation has no log, the log does not go back so far, the file has not come so far.

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "storage/storage.h"
#include "views/subscription.h"

namespace weir::internal {

const StoredRelation* find(const std::vector<StoredRelation>& catalog, std::string_view name);  // null: it is not there
// Null: the relation has none.
const StoredLog* find(const std::vector<StoredLog>& logs, std::string_view name);
// Calls f with each change of the relation that came after this sequence number, in order.
void read_log(const Storage& storage, const StoredRelation& relation, std::uint64_t after, const std::function<void(const Change&)>& f);
// Makes the enum types of a file known, without which rows that it stores as text can't be read.
void enter_types(const Storage& storage);
// Waits until something is committed to a file that is open to be read. False: nothing was, for so long.
bool wait_for_commit(Storage& storage, std::chrono::milliseconds for_so_long);

}  // namespace weir::internal
