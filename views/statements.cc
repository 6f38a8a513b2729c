// SQL statements inside of a transaction.

#include <algorithm>
#include <optional>

#include "sql/functions.h"
#include "views/csv.h"
#include "views/engine.h"
#include "views/prefill.h"
#include "views/rows_in.h"
#include "views/schema_change.h"
#include "zset/text_form.h"

namespace weir::internal {
namespace {

constexpr std::size_t kCopyRecordBytes = std::size_t{64} << 20;

bool is_schema_change(Statement::Kind kind) {
  return kind == Statement::Kind::kCreateTable || kind == Statement::Kind::kCreateView || kind == Statement::Kind::kDropTable || kind == Statement::Kind::kDropView ||
         kind == Statement::Kind::kAlterTable || kind == Statement::Kind::kAlterView || kind == Statement::Kind::kAlterLog || kind == Statement::Kind::kCreateDomain ||
         kind == Statement::Kind::kDropDomain || kind == Statement::Kind::kComment;
}

// The columns from `begin` of rows that do not change any more.
Chunk slice(const Chunk& chunk, std::size_t begin, std::size_t count) {
  Chunk out = chunk;
  out.columns = chunk.columns + begin;
  out.width = static_cast<std::uint16_t>(count);
  return out;
}

}  // namespace

Outcome Engine::execute(TransactionState& transaction, std::string_view sql, const CopyLines& lines, bool autocommit, bool waits) {
  Bound bound;
  {
    const auto lock = reading();
    bound = bind(sql);
    const Statement& s = bound.statement;
    if (s.kind == Statement::Kind::kSelect) {
      // Where no operator is needed a reader does not wait for the writer.
      Outcome outcome;
      outcome.kind = Outcome::Kind::kRows;
      if (evaluate_in_place(*s.plan, &transaction, [&](const Delta& rows) { outcome.rows = make_result(s, rows); })) return outcome;
    } else if (s.kind == Statement::Kind::kSetClock) {
      if (!autocommit) throw Failure(ErrorCode::kTransaction, "SET weir.clock cannot run inside a transaction block");
    } else if (transaction.read_only && s.kind != Statement::Kind::kExplain && s.kind != Statement::Kind::kNothing) {
      throw Failure(ErrorCode::kTransaction, "a read-only transaction cannot change anything");
    }
  }
  if (bound.statement.kind == Statement::Kind::kSetClock) {
    set_clock(bound.statement.clock);
    return {};
  }
  std::vector<Chunk> copied;
  if (bound.statement.kind == Statement::Kind::kCopy) copied = read_copy(transaction, bound.statement, lines);
  if (autocommit && waits) dispatcher_.wait_for_room();
  Frozen freeze(*this);
  if (autocommit && bound.statement.kind == Statement::Kind::kCreateView) {
    std::vector<const RelationState*> tables;
    {
      const auto lock = reading();
      tables = to_freeze(bound);
    }
    if (!tables.empty()) freeze.add(std::move(tables));
  }
  Writing writing(*this, &transaction, Writing::BesideFilling());
  std::optional<Prefilled> prefilled;
  if (filling_ && !goes_beside_filling(bound)) writing.wait_until_filled(&transaction);
  if (schema_version_ != bound.schema_version) {
    bound = bind(sql);
    if (bound.statement.kind == Statement::Kind::kCopy) copied = read_copy(transaction, bound.statement, lines);
  } else if (freeze.any()) {
    prefilled.emplace(*this, writing, bound.statement);
  }
  if (!autocommit) return run(transaction, bound, copied);
  try {
    Outcome outcome = run(transaction, bound, copied);
    refuse_kept(transaction);
    if (transaction.used > 0) {
      if (!transaction.schema) require_wal_room();
      counters_.batch_submissions.add_alone(1);
    }
    commit_writing(transaction);
    watch_wal();
    return outcome;
  } catch (...) {
    give_up(transaction);
    throw;
  }
}

Outcome Engine::run(TransactionState& transaction, Bound& bound, const std::vector<Chunk>& copied) {
  Statement& s = bound.statement;
  Outcome outcome;
  if (is_schema_change(s.kind)) {
    if (!transaction.schema) {
      transaction.schema = std::make_unique<SchemaChange>(*this);
      transaction.schema->changes_of(&transaction);
      schema_owner_ = &transaction;
    }
    const SchemaChange::Mark before = transaction.schema->mark();
    try {
      transaction.schema->execute(bound);
    } catch (...) {
      transaction.schema->rollback(before);
      throw;
    }
    return outcome;
  }
  switch (s.kind) {
    case Statement::Kind::kInsert: case Statement::Kind::kUpdate: case Statement::Kind::kDelete:
      return change_rows(transaction, s);
    case Statement::Kind::kTruncate:
      truncate(transaction, s);
      return outcome;
    case Statement::Kind::kCopy: {
      TableChanges& changes = transaction.of(table(s.names.at(0)));
      transaction.rows.clear();
      for (const Chunk& chunk : copied) {
        changes.table()->complete(chunk, transaction.arena);
        changes.table()->check(chunk, transaction.arena);
        transaction.rows.push_back(changes.keep(chunk));
        outcome.changed += chunk.selected;
      }
      change(transaction, changes.table(), {}, transaction.rows);
      return outcome;
    }
    case Statement::Kind::kSelect:
      outcome.kind = Outcome::Kind::kRows;
      evaluate(*s.plan, &transaction, [&](const Delta& rows) { outcome.rows = make_result(s, rows); });
      return outcome;
    case Statement::Kind::kExplain:
      outcome.kind = Outcome::Kind::kRows;
      outcome.rows = explain_query(s);
      return outcome;
    case Statement::Kind::kNothing: return outcome;
    default: throw Failure(ErrorCode::kTransaction, "BEGIN, COMMIT, ROLLBACK and savepoints are not possible here");
  }
}

// INSERT, UPDATE, DELETE: what the plan gives is copied, then applied.
Outcome Engine::change_rows(TransactionState& transaction, Statement& s) {
  const std::shared_ptr<TableState> target = table(s.names.at(0));
  Outcome outcome;
  Delta rows;
  evaluate(*s.plan, &transaction, [&](const Delta& found) { deep_copy(found, transaction.arena, rows); });
  for (const Chunk& chunk : rows.chunks) {
    chunk.each([&](std::uint32_t i) { outcome.changed += static_cast<std::uint64_t>(chunk.weights[i]); });
  }
  if (s.numbered) number_rows(*target, transaction.arena, rows);
  const std::size_t width = target->kinds().size();
  const std::size_t new_row = s.kind == Statement::Kind::kUpdate ? width : 0;
  if (s.kind != Statement::Kind::kDelete) {
    for (const Chunk& chunk : rows.chunks) {
      target->complete(slice(chunk, new_row, width), transaction.arena);
      target->check(slice(chunk, new_row, width), transaction.arena);
    }
  }
  if (s.conflict) return insert_resolving(transaction, s, rows);
  if (!s.returning.empty()) {  // before anything changes: it may fail
    Delta seen;
    for (const Chunk& chunk : rows.chunks) seen.add(slice(chunk, new_row, chunk.width - new_row));
    outcome.kind = Outcome::Kind::kRows;
    outcome.rows = returned(s, seen, transaction.arena);
  }
  if (rows.empty()) return outcome;
  TableChanges& changes = transaction.of(target);
  std::vector<TableChanges::Rows> before, after;
  for (const Chunk& chunk : rows.chunks) {
    if (s.kind != Statement::Kind::kInsert) before.push_back(changes.keep(slice(chunk, 0, width)));
    if (s.kind != Statement::Kind::kDelete) after.push_back(changes.keep(slice(chunk, new_row, width)));
  }
  change(transaction, target, before, after);
  return outcome;
}

// What RETURNING makes of rows that came or went.
ResultSet Engine::returned(const Statement& s, const Delta& rows, Arena& arena) const {
  std::vector<ExpressionPtr> columns;
  for (const ExprPtr& expr : s.returning) columns.push_back(compile(*expr));
  Delta out;
  for (const Chunk& chunk : rows.chunks) {
    Chunk projected = chunk;
    projected.width = static_cast<std::uint16_t>(columns.size());
    projected.columns = arena.array<Column>(columns.size());
    for (std::size_t c = 0; c < columns.size(); ++c) projected.columns[c] = columns[c]->evaluate(chunk, arena);
    out.add(projected);
  }
  return make_result(s.returned, s.returned.size(), {}, out);
}

void Engine::truncate(TransactionState& transaction, const Statement& s) {
  std::vector<std::shared_ptr<TableState>> tables;
  for (const std::string& name : s.names) tables.push_back(table(name));
  for (std::size_t n = 0; n < tables.size(); ++n) {
    for (const Link& link : tables[n]->children) {
      if (std::any_of(tables.begin(), tables.end(), [&](const auto& t) { return t.get() == link.child; })) continue;
      if (!s.cascade) {
        Error error;
        error.code = ErrorCode::kDependency;
        error.message = "cannot truncate table \"" + tables[n]->name() + "\" because table \"" + link.child->name() + "\" references it";
        error.hint = "TRUNCATE ... CASCADE truncates that table too";
        throw Failure(std::move(error));
      }
      tables.push_back(table(link.child->name()));
    }
  }
  for (const std::shared_ptr<TableState>& target : tables) {
    Delta found, rows;
    contents(*target, &transaction, transaction.arena, found);
    deep_copy(found, transaction.arena, rows);
    if (rows.empty()) continue;
    TableChanges& changes = transaction.of(target);
    std::vector<TableChanges::Rows> gone;
    for (const Chunk& chunk : rows.chunks) gone.push_back(changes.keep(chunk));
    changes.erase(gone);
  }
}

// ---- COPY … FROM

std::vector<Chunk> Engine::read_copy(TransactionState& transaction, const Statement& s, const CopyLines& lines) const {
  std::shared_ptr<TableState> target;
  std::vector<Datum> defaults;
  {
    const auto lock = reading();
    target = table(s.names.at(0));
  }
  Arena& arena = transaction.arena;
  const Schema& schema = target->relation.schema;
  for (std::size_t c = 0; c < schema.size(); ++c) {
    const Expr* value = target->relation.rules->default_of(static_cast<std::uint16_t>(c));
    defaults.push_back(value ? evaluate_constant(*value, arena) : Datum::of_null(target->kinds()[c]));
  }
  std::optional<ByteSource> source;
  const std::string name = s.file.empty() ? "STDIN" : s.file;
  if (s.file.empty()) {
    if (!lines) throw Failure(ErrorCode::kIo, "there is no STDIN to COPY from");
    source.emplace("STDIN", [&lines, line = std::string(), at = std::size_t{0}, ended = false](char* to, std::size_t n) mutable -> std::size_t {
      while (!ended && at == line.size()) {
        line.clear();
        at = 0;
        ended = !lines(line) || line == "\\.";
        if (!ended) line += '\n';
      }
      if (ended) return 0;
      n = std::min(n, line.size() - at);
      std::copy_n(line.data() + at, n, to);
      at += n;
      return n;
    });
  } else {
    source.emplace(s.file);
  }
  RecordReader records(*source, kCopyRecordBytes);
  std::vector<CsvField> fields;
  if (s.header) records.next_csv(fields, s.delimiter);
  Delta out;
  ChunkBuilder builder(target->kinds(), arena, out);
  std::vector<Datum> row(schema.size());
  while (records.next_csv(fields, s.delimiter)) {
    const auto refuse = [&](const std::string& why) {
      Error error;
      error.code = ErrorCode::kInput;
      error.message = why;
      error.place = name;
      error.line = static_cast<int>(records.line());
      throw Failure(std::move(error));
    };
    if (fields.size() < s.copy_columns.size()) refuse("missing data for column \"" + schema[s.copy_columns[fields.size()]].name + "\"");
    if (fields.size() > s.copy_columns.size()) refuse("extra data after last expected column");
    row = defaults;
    for (std::size_t f = 0; f < fields.size(); ++f) {
      const std::uint16_t c = s.copy_columns[f];
      if (!fields[f].quoted && fields[f].text == s.null_text) {
        row[c] = Datum::of_null(target->kinds()[c]);
        continue;
      }
      try {
        row[c] = parse_datum(fields[f].text, schema[c].type, arena);
      } catch (const Failure& failure) {
        refuse("column \"" + schema[c].name + "\": " + failure.error().message);
      }
    }
    builder.append(row, 1);
  }
  builder.finish();
  for (std::size_t n = 0; n < target->numbers.size(); ++n) {
    const std::uint16_t c = target->relation.rules->identities[n].column;
    if (std::find(s.copy_columns.begin(), s.copy_columns.end(), c) != s.copy_columns.end()) continue;
    for (Chunk& chunk : out.chunks) {
      for (std::uint32_t i = 0; i < chunk.size; ++i) {
        chunk.columns[c].set_valid(i);
        chunk.columns[c].set(i, Datum::of(target->numbers[n]->take()));
      }
    }
  }
  for (Chunk& chunk : out.chunks) chunk.weights = plus_ones();
  return std::move(out.chunks);
}

// ---- queries

ResultSet Engine::query(std::string_view select) {
  const auto select_only = [](const Statement& s) {
    if (s.kind != Statement::Kind::kSelect && s.kind != Statement::Kind::kExplain) throw Failure(ErrorCode::kInput, "a query is expected, not another statement");
  };
  {
    const auto lock = reading();
    const Bound bound = bind(select);
    select_only(bound.statement);
    ResultSet out;
    if (bound.statement.plan && bound.statement.kind == Statement::Kind::kSelect &&
        evaluate_in_place(*bound.statement.plan, nullptr, [&](const Delta& rows) { out = make_result(bound.statement, rows); })) {
      return out;
    }
  }
  const Writing writing(*this);
  Bound bound = bind(select);
  select_only(bound.statement);
  if (bound.statement.kind == Statement::Kind::kExplain) return explain_query(bound.statement);
  ResultSet out;
  evaluate(*bound.statement.plan, nullptr, [&](const Delta& rows) { out = make_result(bound.statement, rows); });
  return out;
}

}  // namespace weir::internal
