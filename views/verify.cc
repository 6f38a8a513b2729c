// Database::verify(): every view computed anew, in a circuit of its own, from the rows of the tables.
//
// Cost     that of filling all views once; memory for a second copy of everything while it runs.
//
// Database::check() looks at the file itself before that.

#include <algorithm>

#include "views/engine.h"
#include "zset/consolidate.h"
#include "zset/text_form.h"

namespace weir::internal {
namespace {

void subtract(const Delta& rows, Arena& arena, Delta& from) {
  for (Chunk chunk : rows.chunks) {
    auto* weights = arena.array<std::int64_t>(chunk.size);
    for (std::uint32_t i = 0; i < chunk.size; ++i) weights[i] = -chunk.weights[i];
    chunk.weights = weights;
    from.add(chunk);
  }
}

std::string text_of(const Schema& schema, const Chunk& chunk, std::uint32_t position) {
  std::string out = "(";
  for (std::uint16_t c = 0; c < schema.size(); ++c) {
    if (c) out += ", ";
    out += schema[c].name + " = ";
    const Datum value = chunk.columns[c].get(position);
    if (value.null)
      out += "NULL";
    else
      format_datum(value, schema[c].type, out);
  }
  return out + ")";
}

// The first row, in the order of its text, that is not as often in `actual` as in `expected`, in words; "" where there is none.
std::string first_difference(const Schema& schema, const Delta& expected, const Delta& actual, const char* where) {
  Arena arena;
  Delta both, net;
  for (const Chunk& chunk : expected.chunks) both.add(chunk);
  subtract(actual, arena, both);
  consolidate(both, arena, net);
  std::string first, words;
  for (const Chunk& chunk : net.chunks) {
    chunk.each([&](std::uint32_t i) {
      std::string row = text_of(schema, chunk, i);
      if (!words.empty() && row >= first) return;
      const std::int64_t missing = chunk.weights[i];
      words = std::string(where) + (missing > 0 ? " lacks " : " has ") + row + (missing > 0 ? "" : ", which should not be there") +
              (missing == 1 || missing == -1 ? "" : ", " + std::to_string(missing > 0 ? missing : -missing) + " times");
      first = std::move(row);
    });
  }
  return words;
}

}  // namespace

Verification Engine::verify() {
  const Writing writing(*this);
  if (storage_thread_) storage_thread_->drain();
  return compare_with_tables();
}

Verification Engine::check_all() {
  const Writing writing(*this);
  if (storage_thread_) storage_thread_->drain();
  Verification damaged;
  if (storage_) {
    if (const std::string found = storage_->damage(); !found.empty()) {
      damaged.difference = "the file is damaged: " + found;
      return damaged;
    }
    for (const StoredRelation& relation : storage_->catalog()) {
      Digest digest;
      storage_->read(relation, [&](const Delta& rows) { digest.add(rows); });
      if (const std::string said = storage_->digest(relation.name); said.empty() || said == digest.to_string()) continue;
      damaged.difference = std::string(relation.is_view ? "view" : "table") + " \"" + relation.name + "\" in the file is not what was committed: its rows do not have the digest beside them";
      return damaged;
    }
  }
  return compare_with_tables();
}

Verification Engine::compare_with_tables() {
  Verification out;
  std::vector<StoredRelation> stored;
  if (storage_) stored = storage_->catalog();
  const auto compare_with_file = [&](const RelationState& relation, const Delta& expected) -> std::string {
    const auto in_file = std::find_if(stored.begin(), stored.end(), [&](const StoredRelation& s) { return s.name == relation.name(); });
    if (in_file == stored.end()) return stores(relation) ? "is not in the file" : "";
    const Schema& now = relation.relation.schema;
    const bool same_shape =
        now.size() == in_file->schema.size() && std::equal(now.begin(), now.end(), in_file->schema.begin(),
                                                           [](const Field& a, const Field& b) { return a.name == b.name && a.type == b.type; });
    if (!same_shape) return "has other columns in the file";
    Arena arena;
    Delta rows;
    storage_->read(*in_file, [&](const Delta& some) { deep_copy(some, arena, rows); });
    return first_difference(now, expected, rows, "in the file it");
  };

  Circuit circuit(Executor::serial());
  circuit.set_time(circuit_->now());
  circuit.advance();
  Streams streams;
  std::unordered_map<std::uint64_t, NodeId> nodes;
  for (const auto& [id, relation] : relations()) {
    if (relation->relation.is_view) continue;
    const std::vector<std::uint16_t> key = relation->keyed() ? relation->relation.key : std::vector<std::uint16_t>();
    const NodeId node = circuit.add_source(relation->key_kinds(), key, relation->keyed(), relation->name());
    nodes.emplace(relation->relation.id, node);
    Arena arena;
    Delta rows;
    relation->rows->scan(arena, rows);
    ++out.tables;
    out.rows += static_cast<std::uint64_t>(relation->rows->total_weight());
    if (std::string found = compare_with_file(*relation, rows); !found.empty()) {
      out.difference = "table \"" + relation->name() + "\" " + found;
      return out;
    }
    if (rows.empty()) continue;
    circuit.push(node, rows);
    circuit.evaluate();
    circuit.advance();
  }
  for (const auto& [id, relation] : relations()) {
    if (!relation->relation.is_view) continue;
    if (relation->has_instances_only()) {  // the file has none of its rows
      if (const std::string found = compare_with_file(*relation, {}); !found.empty()) {
        out.difference = "view \"" + relation->name() + "\" " + found;
        return out;
      }
      continue;
    }
    PlanPtr made;
    const NodeId node = lower(
        plan_of(*relation, made), circuit, [&](const Plan& scan) { return nodes.at(scan.relation_id); }, &streams);
    nodes.emplace(relation->relation.id, node);
    Arrangement& computed = circuit.arrange(node);
    circuit.backfill();
    Arena arena;
    Delta expected, actual;
    computed.scan(arena, expected);
    relation->scan(arena, actual);
    ++out.views;
    out.rows += static_cast<std::uint64_t>(computed.total_weight());
    std::string found = first_difference(relation->relation.schema, expected, actual, "as it is kept");
    if (found.empty()) found = compare_with_file(*relation, expected);
    if (found.empty()) continue;
    out.difference = "view \"" + relation->name() + "\" " + found;
    return out;
  }
  return out;
}

}  // namespace weir::internal
