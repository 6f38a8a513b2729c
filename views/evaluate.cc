// One-off evaluation of a plan: on the tables as they are, or as an open transaction sees them.
//
// Three ways, one set of operators and expressions. In place: filters and projections over one relation are run over its rows, over one row where the filter gives the
// primary key. Live: the plan becomes operators on the circuit's own streams, which are filled, read and released. Apart: where the transaction has changed what
// the plan reads, the plan and the views below it are built in a circuit of their own, over the tables with those changes.

#include <algorithm>

#include "operators/linear.h"
#include "sql/functions.h"
#include "sql/temporal.h"
#include "views/engine.h"
#include "zset/consolidate.h"
#include "zset/text_form.h"
#include "zset/type_classes.h"

namespace weir::internal {
namespace {

bool is_pipeline(const Plan& plan) {
  switch (plan.node) {
    case Plan::Node::kScan: case Plan::Node::kValues: return true;
    case Plan::Node::kFilter: return !mentions_now(*plan.exprs[0]) && is_pipeline(*plan.inputs[0]);
    case Plan::Node::kProject: return is_pipeline(*plan.inputs[0]);
    default: return false;
  }
}

template <class F>
void each_scan(const Plan& plan, F&& f) {
  if (plan.node == Plan::Node::kScan) f(plan);
  for (const PlanPtr& input : plan.inputs) each_scan(*input, f);
}


// `column = constant`, either way round: the column, or -1.
int equal_to_constant(const Expr& e, Datum& value, const Schema& schema) {
  if (e.node != Expr::Node::kCall || e.args.size() != 2 || !e.function || e.function->name != "=") return -1;
  const Expr* column = e.args[0].get();
  const Expr* constant = e.args[1].get();
  if (column->node != Expr::Node::kColumn) std::swap(column, constant);
  if (column->node != Expr::Node::kColumn || constant->node != Expr::Node::kConstant) return -1;
  value = constant->constant.get();
  const TypeId type = schema[column->column].type.id;
  if (value.null || value.kind != kind_of(type)) return -1;
  const bool comparable = type == constant->type.id || (is_integer(type) && is_integer(constant->type.id));
  return comparable ? column->column : -1;
}

void conjuncts(const Expr& e, std::vector<const Expr*>& out) {
  if (e.node != Expr::Node::kAnd) {
    out.push_back(&e);
    return;
  }
  for (const ExprPtr& arg : e.args) conjuncts(*arg, out);
}

}  // namespace

void Engine::evaluate(const Plan& plan, TransactionState* transaction, const RowsFunction& f) {
  if (evaluate_in_place(plan, transaction, f)) return;
  if (sees_changes(plan, transaction)) evaluate_apart(plan, *transaction, f);
  else evaluate_live(plan, f);
}

// Does the plan read, directly or through views, a table that the transaction has changed?
bool Engine::sees_changes(const Plan& plan, TransactionState* transaction) const {
  if (!transaction || transaction->used == 0) return false;
  bool sees = false;
  each_scan(plan, [&](const Plan& scan) {
    if (sees) return;
    const RelationState& relation = by_id(scan.relation_id);
    if (relation.relation.is_view) {
      PlanPtr made;
      sees = sees_changes(plan_of(relation, made), transaction);
    } else {
      const TableChanges* changes = transaction->find(relation);
      sees = changes && changes->any();
    }
  });
  return sees;
}

// ---- in place

bool Engine::evaluate_in_place(const Plan& plan, TransactionState* transaction, const RowsFunction& f) const {
  if (!is_pipeline(plan)) return false;
  bool through_view = false;
  each_scan(plan, [&](const Plan& scan) { through_view = by_id(scan.relation_id).relation.is_view; });
  if (through_view && sees_changes(plan, transaction)) return false;
  Arena arena;
  std::vector<ExpressionPtr> expressions;  // they own the constants that the rows refer to
  Delta out;
  pipeline(plan, transaction, arena, expressions, out);
  f(out);
  return true;
}

void Engine::contents(const RelationState& relation, TransactionState* transaction, Arena& arena, Delta& out) const {
  TableChanges* changes = transaction ? transaction->find(relation) : nullptr;
  if (!changes || !changes->any()) return relation.scan(arena, out);
  changes->refresh();
  Delta rows;
  relation.rows->scan(arena, rows);
  changes->net(arena, rows);
  consolidate(rows, arena, out);
}

// Where a filter over a table gives its whole primary key, its row, if there is one.
bool Engine::probe_key(const Plan& filter, TransactionState* transaction, Arena& arena, Delta& out) const {
  const Plan& scan = *filter.inputs[0];
  if (scan.node != Plan::Node::kScan) return false;
  const RelationState& relation = by_id(scan.relation_id);
  const std::vector<std::uint16_t>& key = relation.relation.key;
  if (!relation.keyed() || key.empty() || key.size() > 32) return false;
  std::vector<const Expr*> conditions;
  conjuncts(*filter.exprs[0], conditions);
  std::vector<Datum> values(key.size());
  std::vector<bool> given(key.size());
  for (const Expr* condition : conditions) {
    Datum value;
    const int column = equal_to_constant(*condition, value, scan.schema);
    for (std::size_t k = 0; column >= 0 && k < key.size(); ++k) {
      if (key[k] != column) continue;
      values[k] = value;
      given[k] = true;
    }
  }
  if (std::find(given.begin(), given.end(), false) != given.end()) return false;
  std::vector<Datum> row(relation.kinds().size());
  TableChanges* changes = transaction ? transaction->find(relation) : nullptr;
  if (changes) {
    if (!changes->find(values, row)) return true;
  } else {
    const Arrangement::Row found = relation.find(values, false);
    if (found == Arrangement::kNone) return true;
    for (std::uint16_t c = 0; c < row.size(); ++c) row[c] = relation.get(found, c);
  }
  ChunkBuilder builder(relation.kinds(), arena, out, 1);
  builder.append(row, 1);
  builder.finish();
  return true;
}

void Engine::pipeline(const Plan& plan, TransactionState* transaction, Arena& arena, std::vector<ExpressionPtr>& expressions, Delta& out) const {
  switch (plan.node) {
    case Plan::Node::kScan: contents(by_id(plan.relation_id), transaction, arena, out); return;
    case Plan::Node::kValues: {
      std::vector<Kind> kinds;
      for (const Field& field : plan.schema) kinds.push_back(kind_of(field.type.id));
      ChunkBuilder builder(kinds, arena, out, static_cast<std::uint32_t>(std::min<std::size_t>(std::max<std::size_t>(plan.rows.size(), 1), kChunkRows)));
      std::vector<Datum> row(kinds.size());
      for (const std::vector<ExprPtr>& exprs : plan.rows) {
        for (std::size_t c = 0; c < exprs.size(); ++c) row[c] = evaluate_constant(*exprs[c], arena);
        builder.append(row, 1);
      }
      builder.finish();
      return;
    }
    case Plan::Node::kFilter: {
      Delta rows;
      if (!probe_key(plan, transaction, arena, rows)) pipeline(*plan.inputs[0], transaction, arena, expressions, rows);
      expressions.push_back(compile(*plan.exprs[0]));
      const Expression& condition = *expressions.back();
      for (const Chunk& chunk : rows.chunks) out.add(select_true(chunk, condition.evaluate(chunk, arena), arena));
      return;
    }
    default: {
      Delta rows;
      pipeline(*plan.inputs[0], transaction, arena, expressions, rows);
      std::vector<const Expression*> columns;
      for (const ExprPtr& expr : plan.exprs) {
        expressions.push_back(compile(*expr));
        columns.push_back(expressions.back().get());
      }
      for (const Chunk& chunk : rows.chunks) {
        Chunk projected = chunk;
        projected.width = static_cast<std::uint16_t>(columns.size());
        projected.columns = arena.array<Column>(columns.size());
        for (std::size_t c = 0; c < columns.size(); ++c) projected.columns[c] = columns[c]->evaluate(chunk, arena);
        out.add(projected);
      }
    }
  }
}

// ---- in a circuit

namespace {

// Fills the stream of a plan, reads it and lets it go.
void read_once(Circuit& circuit, NodeId root, const std::function<void(const Delta&)>& f) {
  Arrangement& rows = circuit.arrange(root);
  try {
    circuit.backfill();
    Arena arena;
    Delta out;
    rows.scan(arena, out);
    f(out);
  } catch (...) {
    circuit.unarrange(root);
    circuit.release(root);
    throw;
  }
  circuit.unarrange(root);
  circuit.release(root);
}

}  // namespace

void Engine::evaluate_live(const Plan& plan, const RowsFunction& f) {
  const std::unique_lock state(state_mutex_);
  if (mentions_now(plan)) catch_up();
  // The rows of a folded view are put in as they are.
  std::unordered_map<std::uint64_t, NodeId> slices;
  const auto stream = [&](const Plan& scan) {
    const RelationState& relation = by_id(scan.relation_id);
    if (!relation.fold) return relation.node;
    const auto [slice, added] = slices.try_emplace(scan.relation_id, kNoNode);
    if (added) {
      Arena arena;
      Delta rows;
      relation.scan(arena, rows);
      slice->second = constant(*circuit_, relation.key_kinds(), rows);
    }
    return slice->second;
  };
  const auto let_go = [&] {
    for (const auto& [id, node] : slices) circuit_->release(node);
    drop_freed_streams();
  };
  try {
    read_once(*circuit_, lower(plan, *circuit_, stream, nullptr), f);
  } catch (...) {
    let_go();
    throw;
  }
  let_go();
}

void Engine::evaluate_apart(const Plan& plan, TransactionState& transaction, const RowsFunction& f) {
  Circuit circuit(Executor::serial());
  Streams streams;
  std::unordered_map<std::uint64_t, NodeId> nodes;
  Arena arena;
  const auto add_tables = [&](const auto& self, const Plan& p) -> void {
    each_scan(p, [&](const Plan& scan) {
      const RelationState& relation = by_id(scan.relation_id);
      if (relation.relation.is_view) {
        PlanPtr made;
        return self(self, plan_of(relation, made));
      }
      if (nodes.contains(scan.relation_id)) return;
      const std::vector<std::uint16_t> key = relation.keyed() ? relation.relation.key : std::vector<std::uint16_t>();
      const NodeId node = circuit.add_source(relation.key_kinds(), key, relation.keyed(), relation.name());
      nodes.emplace(scan.relation_id, node);
      Delta rows;
      contents(relation, &transaction, arena, rows);
      if (!rows.empty()) circuit.push(node, rows);
    });
  };
  add_tables(add_tables, plan);
  circuit.set_time(now());
  circuit.evaluate();
  circuit.advance();
  const std::function<NodeId(const Plan&)> stream_of = [&](const Plan& scan) {
    if (const auto it = nodes.find(scan.relation_id); it != nodes.end()) return it->second;
    PlanPtr made;
    const NodeId node = lower(plan_of(by_id(scan.relation_id), made), circuit, stream_of, &streams);
    nodes.emplace(scan.relation_id, node);
    return node;
  };
  read_once(circuit, lower(plan, circuit, stream_of, &streams), f);
}

// ---- results

ResultSet Engine::make_result(const Schema& full, std::size_t visible, const std::vector<OrderKey>& order, const Delta& rows) const {
  struct Ref { const Chunk* chunk; std::uint32_t position; };
  std::vector<Ref> refs;
  for (const Chunk& chunk : rows.chunks) {
    chunk.each([&](std::uint32_t i) {
      for (std::int64_t copies = chunk.weights[i]; copies > 0; --copies) refs.push_back({&chunk, i});
    });
  }
  if (!order.empty()) {
    std::stable_sort(refs.begin(), refs.end(), [&](const Ref& a, const Ref& b) {
      for (const OrderKey& key : order) {
        const Datum x = a.chunk->columns[key.column].get(a.position), y = b.chunk->columns[key.column].get(b.position);
        if (x.null || y.null) {
          if (x.null && y.null) continue;
          return x.null == key.nulls_first;
        }
        const int sign = key_compare(x, y, key_kind_of(full[key.column].type.id));
        if (sign != 0) return key.descending ? sign > 0 : sign < 0;
      }
      return false;
    });
  }
  Schema schema(full.begin(), full.begin() + static_cast<std::ptrdiff_t>(std::min(visible, full.size())));
  std::vector<Value> values;
  values.reserve(refs.size() * schema.size());
  for (const Ref& ref : refs) {
    for (std::size_t c = 0; c < schema.size(); ++c) values.push_back(to_value(ref.chunk->columns[c].get(ref.position), schema[c].type));
  }
  const bool no_columns = schema.empty();
  ResultSet out(std::move(schema), std::move(values), sequence_.load());
  out.empty_rows = no_columns ? refs.size() : 0;
  return out;
}

}  // namespace weir::internal
