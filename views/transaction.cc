// Transaction: rows and columns of the program into changes of tables.

#include "views/door.h"
#include "views/engine.h"
#include "views/rows_in.h"
#include "views/schema_change.h"

namespace weir {

using internal::Engine;
using internal::guarded;
using internal::TableChanges;
using internal::TableState;
using internal::TransactionState;

namespace {

TransactionState& open(const std::unique_ptr<TransactionState>& state) {
  internal::require_open(state && state->engine, "the transaction has ended");
  return *state;
}

const std::shared_ptr<TableState>& of_this_database(const std::shared_ptr<TableState>& table, const TransactionState& transaction) {
  internal::require_open(table != nullptr, "an empty table handle");
  internal::require_open(table->engine == transaction.engine.get(), "the table handle belongs to another database");
  return table;
}

// With the state lock held, the changes of a table that is still there.
TableChanges& changes_of(TransactionState& transaction, const std::shared_ptr<TableState>& table) {
  if (table->dropped) throw Failure(ErrorCode::kUnknownName, "table \"" + table->name() + "\" does not exist");
  return transaction.of(table->shared_from_this());  // not a handle's pointer, which keeps the engine alive
}

enum class Bulk { kInsert, kErase, kUpsert };

void change(TransactionState& transaction, const std::shared_ptr<TableState>& table, TableChanges& changes, std::span<const TableChanges::Rows> rows, Bulk what) {
  Engine& engine = *transaction.engine;
  switch (what) {
    case Bulk::kInsert: engine.change(transaction, table, {}, rows); return;
    case Bulk::kErase: engine.change(transaction, table, rows, {}); return;
    case Bulk::kUpsert: break;
  }
  if (!table->linked()) return changes.upsert(rows);
  // A FOREIGN KEY wants to know which row each one replaces.
  const std::vector<TableChanges::Mark> marks = transaction.mark();
  try {
    std::vector<Datum> key, row;
    for (const TableChanges::Rows& some : rows) {
      some.chunk.each([&](std::uint32_t i) {
        key.clear();
        for (const std::uint16_t c : table->relation.key) key.push_back(some.chunk.columns[c].get(i));
        std::vector<TableChanges::Rows> before;
        if (changes.find(key, row)) before.push_back(changes.keep(row));
        row.clear();
        for (std::uint16_t c = 0; c < some.chunk.width; ++c) row.push_back(some.chunk.columns[c].get(i));
        const TableChanges::Rows after = changes.keep(row);
        engine.change(transaction, table, before, {&after, 1});
      });
    }
  } catch (...) {
    transaction.rollback(marks);
    throw;
  }
}

void change_columns(TransactionState& transaction, const std::shared_ptr<TableState>& table, std::span<const ColumnData> columns, std::size_t rows, Bulk what) {
  transaction.chunks.clear();
  transaction.rows.clear();
  internal::columns_in(*table, columns, rows, transaction.arena, transaction.chunks);
  if (what == Bulk::kUpsert && !table->keyed()) throw Failure(ErrorCode::kUnsupported, "table \"" + table->name() + "\" has no primary key to upsert by");
  for (const Chunk& chunk : transaction.chunks) {
    if (what == Bulk::kErase) {
      table->complete(chunk, transaction.arena);
    } else {
      table->fill(chunk, transaction.arena);
      table->check(chunk, transaction.arena);
    }
  }
  const auto lock = transaction.engine->reading();
  TableChanges& changes = changes_of(transaction, table);
  for (const Chunk& chunk : transaction.chunks) transaction.rows.push_back(changes.keep(chunk));
  change(transaction, table, changes, transaction.rows, what);
  changes.borrows(transaction.rows);
}

void change_row(TransactionState& transaction, std::string_view name, const Row& row, Bulk what) {
  const auto lock = transaction.engine->reading();
  const std::shared_ptr<TableState> table = transaction.engine->table(name);
  if (what == Bulk::kUpsert && !table->keyed()) throw Failure(ErrorCode::kUnsupported, "table \"" + table->name() + "\" has no primary key to upsert by");
  internal::row_in(*table, row, transaction.arena, transaction.row);
  if (what == Bulk::kErase) table->complete(transaction.row, transaction.arena);
  else table->fill(transaction.row, transaction.arena);
  TableChanges& changes = changes_of(transaction, table);
  const TableChanges::Rows kept = changes.keep(transaction.row);
  if (what != Bulk::kErase) table->check(kept.chunk, transaction.arena);
  change(transaction, table, changes, {&kept, 1}, what);
}

}  // namespace

Transaction::Transaction(std::unique_ptr<TransactionState> state) : state_(std::move(state)) {}
Transaction::Transaction(Transaction&&) noexcept = default;

Transaction& Transaction::operator=(Transaction&& other) noexcept {
  if (this != &other) {
    rollback();
    state_ = std::move(other.state_);
  }
  return *this;
}

Transaction::~Transaction() { rollback(); }

Result<void> Transaction::insert(std::string_view table, const Row& row) {
  return guarded([&] { change_row(open(state_), table, row, Bulk::kInsert); });
}

Result<void> Transaction::erase(std::string_view table, const Row& row) {
  return guarded([&] { change_row(open(state_), table, row, Bulk::kErase); });
}

Result<void> Transaction::upsert(std::string_view table, const Row& row) {
  return guarded([&] { change_row(open(state_), table, row, Bulk::kUpsert); });
}

Result<void> Transaction::erase_key(std::string_view name, const Row& key) {
  return guarded([&] {
    TransactionState& transaction = open(state_);
    const auto lock = transaction.engine->reading();
    const std::shared_ptr<TableState> table = transaction.engine->table(name);
    internal::key_in(*table, key, transaction.arena, transaction.key);
    TableChanges& changes = changes_of(transaction, table);
    if (!changes.find(transaction.key, transaction.row)) throw Failure(ErrorCode::kConstraint, "table \"" + table->name() + "\" has no such row");
    const TableChanges::Rows gone = changes.keep(transaction.row);
    transaction.engine->change(transaction, table, {&gone, 1}, {});
  });
}

Result<void> Transaction::update(std::string_view name, const Row& key, const std::map<std::string, Value>& set) {
  return guarded([&] {
    TransactionState& transaction = open(state_);
    const auto lock = transaction.engine->reading();
    const std::shared_ptr<TableState> table = transaction.engine->table(name);
    const Schema& schema = table->relation.schema;
    internal::key_in(*table, key, transaction.arena, transaction.key);
    TableChanges& changes = changes_of(transaction, table);
    std::vector<Datum>& row = transaction.row;
    if (!changes.find(transaction.key, row)) throw Failure(ErrorCode::kConstraint, "table \"" + table->name() + "\" has no row with this key");
    const TableChanges::Rows before = changes.keep(row);
    for (const auto& [column, value] : set) {
      std::uint16_t c = 0;
      while (c < schema.size() && schema[c].name != column) ++c;
      if (c == schema.size()) {
        Error error;
        error.code = ErrorCode::kUnknownName;
        error.message = "table \"" + table->name() + "\" has no column \"" + column + "\"";
        std::vector<std::string> names;
        for (const Field& field : schema) names.push_back(field.name);
        if (const std::string near = nearest_name(column, names); !near.empty()) error.hint = "did you mean \"" + near + "\"?";
        throw Failure(std::move(error));
      }
      if (table->relation.rules->generated_column(c)) throw Failure(ErrorCode::kConstraint, "column \"" + column + "\" can only be updated to DEFAULT");
      row[c] = internal::value_in(*table, c, value, transaction.arena);
    }
    table->complete(row, transaction.arena);
    const TableChanges::Rows after = changes.keep(row);
    table->check(after.chunk, transaction.arena);
    transaction.engine->change(transaction, table, {&before, 1}, {&after, 1});
  });
}

Result<void> Transaction::insert(const Table& table, std::span<const ColumnData> columns, std::size_t rows) {
  return guarded([&] { change_columns(open(state_), of_this_database(table.state_, open(state_)), columns, rows, Bulk::kInsert); });
}

Result<void> Transaction::erase(const Table& table, std::span<const ColumnData> columns, std::size_t rows) {
  return guarded([&] { change_columns(open(state_), of_this_database(table.state_, open(state_)), columns, rows, Bulk::kErase); });
}

Result<void> Transaction::upsert(const Table& table, std::span<const ColumnData> columns, std::size_t rows) {
  return guarded([&] { change_columns(open(state_), of_this_database(table.state_, open(state_)), columns, rows, Bulk::kUpsert); });
}

Result<ResultSet> Transaction::execute(std::string_view sql) {
  auto result = guarded([&] { return open(state_).engine->execute(*state_, sql, {}, false).rows; });
  if (result.ok()) return result;
  Error error = result.error();
  locate(error, sql);
  return error;
}

Result<Receipt> Transaction::commit(const SubmitOptions& options) {
  auto receipt = guarded([&] {
    internal::Submitted submitted;
    submitted.transaction = &open(state_);
    submitted.origin = options.origin;
    state_->engine->commit(submitted, options);
    return submitted.receipt;
  });
  if (receipt.ok() || receipt.error().code != ErrorCode::kBusy) rollback();
  return receipt;
}

Result<Pending> Transaction::submit(const SubmitOptions& options) {
  return guarded([&] {
    Pending pending;
    pending.engine_ = open(state_).engine;
    pending.submitted_ = std::make_shared<internal::Submitted>();
    internal::Submitted& submitted = *pending.submitted_;
    submitted.transaction = state_.get();
    submitted.origin = options.origin;
    if (state_->schema) {
      pending.engine_->commit(submitted, options);
      rollback();
      return pending;
    }
    submitted.owned = std::move(state_);
    try {
      pending.engine_->submit(pending.submitted_, options);
    } catch (...) {
      state_ = std::move(submitted.owned);
      throw;
    }
    return pending;
  });
}

// ---- Pending

Result<Receipt> Pending::wait(Ack until) const {
  return guarded([&] {
    internal::require_open(submitted_ != nullptr, "nothing was submitted");
    return engine_->wait(*submitted_, until);
  });
}

bool Pending::reached(Ack ack) const {
  return submitted_ && engine_->reached(*submitted_, ack);
}

void Transaction::rollback() {
  if (!state_ || !state_->engine) return;
  const std::shared_ptr<Engine> engine = state_->engine;
  engine->rollback(*state_);
  engine->recycle(std::move(state_));
}

// ---- Table

const std::string& Table::name() const {
  static const std::string none;
  return state_ ? state_->name() : none;
}

const Schema& Table::schema() const {
  static const Schema none;
  return state_ ? state_->relation.schema.get() : none;
}

}  // namespace weir
