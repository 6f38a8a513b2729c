#include "views/fold.h"

#include <algorithm>

#include "sql/functions.h"
#include "views/engine.h"

namespace weir::internal {

// ---- slices

void Fold::enter(RelationState& view) {
  Slice& slice = slices[static_cast<std::size_t>(view.binding)];
  view.next_of_slice = slice.views;
  slice.views = &view;
}

void Fold::remove(RelationState& view) {
  RelationState** at = &slices[static_cast<std::size_t>(view.binding)].views;
  while (*at != &view) at = &(*at)->next_of_slice;
  *at = view.next_of_slice;
  view.next_of_slice = nullptr;
}

void each_slice(const Fold& fold, const Delta& rows, Arena& arena, const std::function<void(const Fold::Slice&, const Delta&)>& f) {
  struct Place {
    std::int64_t binding;
    std::uint32_t chunk, position;
  };
  std::vector<Place> places;
  for (std::uint32_t c = 0; c < rows.chunks.size(); ++c) {
    const Chunk& chunk = rows.chunks[c];
    const std::int64_t* bindings = chunk.columns[fold.binding].ints();
    chunk.each([&](std::uint32_t i) { places.push_back({bindings[i], c, i}); });
  }
  const auto before = [](const Place& a, const Place& b) { return a.binding < b.binding; };
  if (!std::is_sorted(places.begin(), places.end(), before)) std::stable_sort(places.begin(), places.end(), before);
  Delta slice;
  for (std::size_t begin = 0; begin < places.size();) {
    const std::int64_t binding = places[begin].binding;
    slice.clear();
    while (begin < places.size() && places[begin].binding == binding) {
      const std::uint32_t c = places[begin].chunk;
      std::size_t end = begin;
      while (end < places.size() && places[end].binding == binding && places[end].chunk == c) ++end;
      Chunk part = rows.chunks[c];
      part.selected = static_cast<std::uint32_t>(end - begin);
      auto* selection = arena.array<std::uint32_t>(part.selected);
      for (std::size_t k = begin; k < end; ++k) selection[k - begin] = places[k].position;
      part.selection = selection;
      part.width = static_cast<std::uint16_t>(part.width - 1);
      part.columns = arena.array<Column>(part.width);
      for (std::uint16_t column = 0; column < part.width; ++column) part.columns[column] = rows.chunks[c].columns[fold.at(column)];
      slice.add(part);
      begin = end;
    }
    f(fold.slices[static_cast<std::size_t>(binding)], slice);
  }
}

// ---- reading a relation, a slice or not

void RelationState::scan(Arena& arena, Delta& out) const {
  if (!rows) return;
  if (!fold) return rows->scan(arena, out);
  std::vector<Arrangement::Row> found;
  const Datum number[] = {Datum::of(binding)};
  for (Arrangement::Row row = rows->probe_one(fold->slice_index, number, false); row != Arrangement::kNone; row = rows->next(fold->slice_index, row)) found.push_back(row);
  for (std::size_t begin = 0; begin < found.size(); begin += kChunkRows) {
    const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(found.size() - begin, kChunkRows));
    const std::span<const Arrangement::Row> part(found.data() + begin, n);
    Chunk chunk;
    chunk.size = chunk.selected = n;
    chunk.width = static_cast<std::uint16_t>(kinds().size());
    chunk.columns = arena.array<Column>(kinds().size());
    for (std::uint16_t c = 0; c < chunk.width; ++c) {
      chunk.columns[c] = Column::make(kinds()[c], n, true, arena);
      rows->gather(part, fold->at(c), chunk.columns[c]);
    }
    auto* weights = arena.array<std::int64_t>(n);
    for (std::uint32_t i = 0; i < n; ++i) weights[i] = rows->weight(part[i]);
    chunk.weights = weights;
    out.add(chunk);
  }
}

Arrangement::Row RelationState::find(std::span<const Datum> key, bool null_matches) const {
  if (!fold) return rows->probe_one(key_index, key, null_matches);
  std::vector<Datum> with_binding(key.begin(), key.end());
  with_binding.push_back(Datum::of(binding));
  return rows->probe_one(fold->key_index, with_binding, null_matches);
}

Datum RelationState::get(Arrangement::Row row, std::uint16_t column) const { return rows->get(row, fold ? fold->at(column) : column); }

std::int64_t RelationState::total_weight() const {
  if (!rows) return 0;
  if (!fold) return rows->total_weight();
  std::int64_t total = 0;
  const Datum number[] = {Datum::of(binding)};
  for (Arrangement::Row row = rows->probe_one(fold->slice_index, number, false); row != Arrangement::kNone; row = rows->next(fold->slice_index, row)) {
    total += rows->weight(row);
  }
  return total;
}

// ---- making and ending folds

NodeId Engine::stream_of(const Plan& scan) const {
  if (scan.relation == kBindings) return bindings_.at(scan.relation_id);
  const RelationState& relation = by_id(scan.relation_id);
  if (relation.fold) throw Failure(ErrorCode::kInternal, "a folded view has no stream of its own: " + relation.name());
  return relation.node;
}

const Plan& Engine::plan_of(const RelationState& view, PlanPtr& made) const {
  if (!view.fold) return *view.plan;
  const Fold& fold = *view.fold;
  const Datum number[] = {Datum::of(view.binding)};
  const Arrangement::Row row = fold.bound->probe_one(fold.number_index, number, false);
  std::vector<ExprPtr> values;
  for (std::size_t n = 0; n < fold.plan.values.size(); ++n) {
    values.push_back(Expr::make_constant(fold.bound->get(row, static_cast<std::uint16_t>(n + 1)), fold.plan.values[n]->type));
  }
  made = instantiate(*fold.plan.plan, values);
  made->schema = view.relation.schema;
  return *made;
}

// Scans of folded views replaced by what these are.
PlanPtr Engine::without_folded(const Plan& plan) const {
  if (plan.node == Plan::Node::kScan) {
    const RelationState& relation = by_id(plan.relation_id);
    if (!relation.fold) return nullptr;
    PlanPtr made;
    PlanPtr further = without_folded(plan_of(relation, made));
    return further ? std::move(further) : std::move(made);
  }
  PlanPtr out;
  for (std::size_t n = 0; n < plan.inputs.size(); ++n) {
    PlanPtr input = without_folded(*plan.inputs[n]);
    if (!input) continue;
    if (!out) out = plan.clone();
    out->inputs[n] = std::move(input);
  }
  return out;
}

std::unique_ptr<Fold> Engine::make_fold(Parametrised& way, const RelationState& view) {
  auto fold = std::make_unique<Fold>();
  fold->id = next_id_++;
  Lifted lifted = lift(*way.plan, way.values, fold->id);
  if (!lifted.plan) return nullptr;
  std::vector<KeyKind> kinds{KeyKind::kInt};
  std::vector<std::uint16_t> parameters;
  for (const ExprPtr& value : way.values) {
    parameters.push_back(static_cast<std::uint16_t>(kinds.size()));
    kinds.push_back(key_kind_of(value->type.id));
  }
  fold->bindings = circuit_->add_source(std::move(kinds), {0}, true, "bindings");
  fold->bound = circuit_->integral(fold->bindings);
  fold->number_index = fold->bound->add_index(std::vector<std::uint16_t>{0});
  fold->values_index = fold->bound->add_index(parameters);
  fold->binding = lifted.binding;
  bindings_.emplace(fold->id, fold->bindings);
  try {
    fold->node = lower(*lifted.plan, *circuit_, [this](const Plan& scan) { return stream_of(scan); }, &streams_);
    std::vector<std::uint16_t> key;
    fold->keyed = view.keyed();
    if (fold->keyed) {
      for (const std::uint16_t c : view.relation.key) key.push_back(fold->at(c));
      key.push_back(fold->binding);
    }
    fold->rows = &circuit_->arrange(fold->node, key, fold->keyed);
    circuit_->backfill();
    fold->slice_index = fold->rows->add_index(std::vector<std::uint16_t>{fold->binding});
    if (fold->keyed) fold->key_index = fold->rows->add_index(key);
  } catch (...) {
    if (fold->rows) circuit_->unarrange(fold->node);
    if (fold->node != kNoNode) circuit_->release(fold->node);
    circuit_->release(fold->bindings);
    bindings_.erase(fold->id);
    drop_freed_streams();
    throw;
  }
  fold->plan = std::move(way);
  if (fold_of_node_.size() <= fold->node) fold_of_node_.resize(fold->node + 1);
  fold_of_node_[fold->node] = fold.get();
  return fold;
}

void Engine::end_fold(Fold& fold) noexcept {
  fold.rows->drop_index(fold.slice_index);
  if (fold.keyed) fold.rows->drop_index(fold.key_index);
  fold_of_node_[fold.node] = nullptr;
  circuit_->unarrange(fold.node);
  circuit_->release(fold.node);
  circuit_->release(fold.bindings);
  bindings_.erase(fold.id);
  drop_freed_streams();
  const auto candidate = candidates_.find(fold.plan.text);
  if (candidate != candidates_.end() && candidate->second.fold.get() == &fold) candidates_.erase(candidate);
}

// One step of the circuit: a binding more or less.
void Engine::step_binding(Fold& fold, std::int64_t binding, std::span<const Datum> values, std::int64_t weight) {
  Arena arena;
  std::vector<Datum> row{Datum::of(binding)};
  row.insert(row.end(), values.begin(), values.end());
  Delta delta;
  ChunkBuilder builder(fold.bound->kinds(), arena, delta, 1);
  builder.append(row, weight);
  builder.finish();
  circuit_->push(fold.bindings, delta);
  circuit_->evaluate();
  circuit_->advance();
}

void Engine::bind_slice(Fold& fold, std::span<const ExprPtr> values, RelationState& view) {
  std::vector<Datum> datums;
  for (const ExprPtr& value : values) datums.push_back(value->constant.get());
  const Arrangement::Row row = fold.bound->probe_one(fold.values_index, datums, false);
  std::int64_t binding = 0;
  if (row != Arrangement::kNone) {
    binding = fold.bound->get(row, 0).integer;
  } else {
    const bool again = !fold.free.empty();
    binding = again ? fold.free.back() : static_cast<std::int64_t>(fold.slices.size());
    if (!again) fold.slices.emplace_back();
    try {
      step_binding(fold, binding, datums, 1);
    } catch (...) {
      if (!again) fold.slices.pop_back();
      throw;
    }
    if (again) fold.free.pop_back();
  }
  ++fold.slices[static_cast<std::size_t>(binding)].users;
  ++fold.users;
  view.fold = &fold;
  view.binding = binding;
  view.node = fold.node;
  view.rows = fold.rows;
  view.plan = nullptr;
  // What all views of the fold have alike is held once.
  if (!fold.shape) {
    fold.shape = view.shape;
    fold.schema = view.relation.schema;
    fold.uses = view.uses;
  }
  if (*fold.shape == *view.shape) view.shape = fold.shape;
  view.relation.schema.share(fold.schema);
  view.uses.share(fold.uses);
}

void Engine::unbind_slice(RelationState& view) noexcept {
  Fold& fold = *view.fold;
  Fold::Slice& slice = fold.slices[static_cast<std::size_t>(view.binding)];
  view.fold = nullptr;
  view.rows = nullptr;
  if (--fold.users == 0) return end_fold(fold);
  if (--slice.users != 0) return;
  const Datum number[] = {Datum::of(view.binding)};
  const Arrangement::Row row = fold.bound->probe_one(fold.number_index, number, false);
  std::vector<Datum> values;
  for (std::size_t n = 0; n < fold.plan.values.size(); ++n) values.push_back(fold.bound->get(row, static_cast<std::uint16_t>(n + 1)));
  try {
    step_binding(fold, view.binding, values, -1);
    fold.free.push_back(view.binding);
  } catch (...) {
    return;  // the binding stays, for nobody
  }
}

void Engine::fold_alone(RelationState& view, const Plan& plan) {
  for (Parametrised& way : parametrise(plan)) {
    std::vector<ExprPtr> values;
    for (const ExprPtr& value : way.values) values.push_back(value->clone());
    const std::string text = way.text;
    std::unique_ptr<Fold> fold = make_fold(way, view);
    if (!fold) continue;
    try {
      bind_slice(*fold, values, view);
    } catch (...) {
      end_fold(*fold);
      throw;
    }
    candidates_[text].fold = std::move(fold);
    return;
  }
}

// Attaches the view to the fold of its kind, which is made where this is the second view of it.
bool Engine::fold_view(RelationState& view, const Plan& plan) {
  for (Parametrised& way : parametrise(plan)) {
    const auto found = candidates_.find(way.text);
    if (found == candidates_.end()) continue;
    if (!found->second.fold) {
      RelationState& other = *found->second.only;
      if (!fold_both(other, view, way)) continue;
      return true;
    }
    bind_slice(*found->second.fold, way.values, view);
    return true;
  }
  return false;
}

// The view that has been the only one of its kind, and a second one. False: they stay streams of their own.
bool Engine::fold_both(RelationState& only, RelationState& view, Parametrised& way) {
  const PlanPtr whole = without_folded(*only.plan);
  std::vector<Parametrised> ways = parametrise(whole ? *whole : *only.plan);
  const std::string text = way.text;
  const auto own = std::find_if(ways.begin(), ways.end(), [&](const Parametrised& w) { return w.text == text; });
  if (own == ways.end()) return false;
  const auto same = [](const ExprPtr& a, const ExprPtr& b) { return a->text() == b->text(); };
  if (std::equal(way.values.begin(), way.values.end(), own->values.begin(), same)) return false;  // the same view once more shares the stream
  std::vector<ExprPtr> values;
  for (const ExprPtr& value : way.values) values.push_back(value->clone());
  // The new fold ends with its last view; until it has one, here.
  const NodeId old_node = only.node;
  const std::uint32_t old_key = only.key_index;
  Arrangement* const old_rows = only.rows;
  PlanPtr old_plan = std::move(only.plan);
  std::unique_ptr<Fold> fold;
  try {
    fold = make_fold(way, view);
    if (fold) bind_slice(*fold, own->values, only);
  } catch (const Failure&) {  // what cannot be computed is told where the view itself is made
    if (fold) end_fold(*fold);
    fold = nullptr;
  }
  if (!fold) {
    only.plan = std::move(old_plan);
    return false;
  }
  Fold& made = *fold;
  withdraw(only);
  candidates_[text].fold = std::move(fold);
  std::vector<RelationState*>& here = by_node_[old_node];
  here.erase(std::find(here.begin(), here.end(), &only));
  made.enter(only);
  if (only.keyed()) old_rows->drop_index(old_key);
  circuit_->unarrange(old_node);
  circuit_->release(old_node);
  drop_freed_streams();
  bind_slice(made, values, view);
  return true;
}

// As one to be folded with the next of its kind.
void Engine::offer(RelationState& view) {
  const PlanPtr whole = without_folded(*view.plan);
  for (const Parametrised& way : parametrise(whole ? *whole : *view.plan)) {
    const auto [it, added] = candidates_.try_emplace(way.text);
    if (!added) continue;
    it->second.only = &view;
    offered_[&view].push_back(way.text);
  }
}

void Engine::withdraw(RelationState& view) {
  const auto offered = offered_.find(&view);
  if (offered == offered_.end()) return;
  for (const std::string& text : offered->second) {
    const auto it = candidates_.find(text);
    it->second.only = nullptr;
    if (!it->second.fold) candidates_.erase(it);
  }
  offered_.erase(offered);
}

}  // namespace weir::internal
