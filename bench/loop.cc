#include "loop.h"

#include <algorithm>
#include <unordered_set>

#include "measure.h"

namespace bench {
namespace {

bool is_text(weir::TypeId id) {
  return id != weir::TypeId::kSmallint && id != weir::TypeId::kInteger && id != weir::TypeId::kBigint;
}

std::vector<const Cells*> all(const std::vector<Cells>& rows) {
  std::vector<const Cells*> out;
  for (const Cells& row : rows) out.push_back(&row);
  return out;
}

// Rows whose first column is not among `but`.
std::vector<Cells> cells(const Rows& rows, const std::unordered_set<std::int64_t>& but) {
  std::vector<Cells> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!but.empty() && but.count(rows.columns[0][i])) continue;
    Cells row;
    for (std::size_t c = 0; c < rows.columns.size(); ++c) {
      if (!rows.texts.empty() && !rows.texts[c].empty()) row.push_back({0, std::string(rows.texts[c][i])});
      else row.push_back({rows.columns[c][i], ""});
    }
    out.push_back(std::move(row));
  }
  return out;
}

std::string key_text(const Cells& row, const std::vector<std::size_t>& key) {
  std::string out;
  for (const std::size_t c : key) out += std::to_string(row[c].integer) + row[c].text + '\n';
  return out;
}

}  // namespace

void apply(weir::Database& db, const std::map<std::string, weir::Table>& tables, const Batch& batch) {
  const weir::Table& table = tables.at(batch.table);
  const auto columns = [](const Rows& rows, weir::ColumnData* out) {
    for (std::size_t c = 0; c < rows.columns.size(); ++c) {
      out[c] = {rows.is_text(c) ? static_cast<const void*>(rows.texts[c].data()) : rows.columns[c].data(), nullptr};
    }
    return std::span<const weir::ColumnData>(out, rows.columns.size());
  };
  weir::ColumnData data[8];
  weir::Transaction tx = db.begin();
  if (batch.inserts.size()) tx.insert(table, columns(batch.inserts, data), batch.inserts.size()).value();
  if (batch.deletes.size()) tx.erase(table, columns(batch.deletes, data), batch.deletes.size()).value();
  if (batch.upserts.size()) tx.upsert(table, columns(batch.upserts, data), batch.upserts.size()).value();
  tx.commit().value();
}

std::map<std::string, weir::Table> tables_of(const weir::Database& db) {
  std::map<std::string, weir::Table> out;
  for (const weir::RelationInfo& r : db.relations()) {
    if (!r.is_view) out.emplace(r.name, db.table(r.name).value());
  }
  return out;
}

BareLoop::BareLoop(const Workload& work, bool base_rows, const std::string& file)
    : sqlite_(file), db_((weir::Database::open(":memory:").value())) {
  db_.execute(work.schema).value();
  tables_ = tables_of(db_);
  weir::SubscribeOptions inline_delivery;
  inline_delivery.delivery = weir::SubscribeOptions::Delivery::kInline;
  for (const weir::RelationInfo& r : db_.relations()) {
    if (!r.is_view && !base_rows) continue;
    std::vector<bool> texts;
    std::vector<std::size_t> key;
    for (const weir::Field& field : r.schema) {
      texts.push_back(is_text(field.type.id));
      if (std::find(r.key.begin(), r.key.end(), field.name) != r.key.end()) key.push_back(texts.size() - 1);
    }
    const bool keyed = !key.empty();
    if (!keyed) {
      for (std::size_t c = 0; c < texts.size(); ++c) key.push_back(c);
    }
    const std::size_t number = sqlite_.table(r.name, texts, key);
    if (!r.is_view) {
      base_[r.name] = {number, keyed};
      continue;
    }
    ViewRows& view = views_[r.name];
    view.number = number;
    view.key = key;
    view.watch = db_.subscribe(r.name, [this, &view](const weir::Change& change) { note(view, change); }, inline_delivery).value();
  }
}

double BareLoop::play(const Batch& batch) {
  for (auto& [name, view] : views_) {
    view.come.clear();
    view.go.clear();
  }
  apply(db_, tables_, batch);
  std::unordered_set<std::int64_t> inserted, deleted;
  if (batch.inserts.size() && batch.deletes.size()) {  // what comes and goes at once is not written
    inserted.insert(batch.inserts.columns[0].begin(), batch.inserts.columns[0].end());
    deleted.insert(batch.deletes.columns[0].begin(), batch.deletes.columns[0].end());
  }
  const auto base = base_.find(batch.table);
  std::vector<Cells> inserts, deletes, upserts;
  if (base != base_.end()) {
    inserts = cells(batch.inserts, deleted);
    deletes = cells(batch.deletes, inserted);
    upserts = cells(batch.upserts, {});
  }
  const auto start = Clock::now();
  sqlite_.begin();
  if (base != base_.end()) {
    sqlite_.remove(base->second.number, all(deletes));
    sqlite_.write(base->second.number, all(inserts), !base->second.keyed);
    sqlite_.write(base->second.number, all(upserts), true);
  }
  for (auto& [name, view] : views_) {
    sqlite_.remove(view.number, all(view.go));
    sqlite_.write(view.number, all(view.come), true);
  }
  sqlite_.commit();
  return micros(start);
}

void BareLoop::note(ViewRows& view, const weir::Change& change) {
  std::unordered_set<std::string> coming;
  std::vector<Cells> going;
  for (const weir::ChangedRow& row : change) {
    Cells values;
    for (std::size_t c = 0; c < change.schema().size(); ++c) {
      const bool text = is_text(change.schema()[c].type.id);
      values.push_back({text ? 0 : row[c].integer(), text ? row[c].to_string() : ""});
    }
    if (row.weight() < 0) {
      going.push_back(std::move(values));
    } else {
      coming.insert(key_text(values, view.key));
      view.come.push_back(std::move(values));
    }
  }
  for (Cells& row : going) {
    if (!coming.count(key_text(row, view.key))) view.go.push_back(std::move(row));
  }
}

}  // namespace bench
