// Views with parameters, and lazy ones. A subscriber, with his values, makes an instance of the view, which goes when he leaves; those of a view with parameters are folded
// (fold.cc), those of a lazy view share one stream.

#include "sql/temporal.h"
#include "views/engine.h"
#include "views/rows_in.h"
#include "zset/text_form.h"

namespace weir::internal {

Statement Engine::give_values(const RelationState& view, const Row& values) const {
  const std::vector<Type>& types = view.relation.parameters;
  if (types.empty()) throw Failure(ErrorCode::kInput, "\"" + view.name() + "\" has no parameters to give values to");
  if (values.size() != types.size()) {
    throw Failure(ErrorCode::kInput, "view \"" + view.name() + "\" has " + std::to_string(types.size()) + " parameters, not " + std::to_string(values.size()));
  }
  Arena arena;
  std::vector<ExprPtr> constants;
  for (std::size_t n = 0; n < values.size(); ++n) {
    try {
      constants.push_back(Expr::make_constant(from_value(values[n], types[n], arena), types[n]));
    } catch (Failure& failure) {
      failure.error().message = "parameter $" + std::to_string(n + 1) + " of view \"" + view.name() + "\": " + failure.error().message;
      throw;
    }
  }
  Statement statement = bind_with_values(view.definition, *this, constants);
  without_lazy(statement.plan);
  return statement;
}

Statement Engine::whole_of(const RelationState& view) const {
  Statement statement;
  statement.plan = view.plan->clone();
  statement.order = view.relation.order;
  return statement;
}

std::shared_ptr<RelationState> Engine::make_instance(const RelationState& view, Statement statement) {
  Relation relation;
  relation.name = view.name();
  relation.is_view = true;
  relation.schema = statement.plan->schema;
  relation.key = statement.plan->key;
  relation.has_key = statement.plan->has_key;
  relation.order = statement.order;
  relation.lazy = !view.parametrised();
  auto instance = std::make_shared<ViewState>(std::move(relation), std::move(statement.plan));
  instance->instance_of = view.relation.id;
  const std::unique_lock state(state_mutex_);
  if (mentions_now(*instance->plan)) catch_up();
  attach_view(*instance);
  listen(*instance);
  instances_.emplace(instance->instance_of, instance.get());
  return instance;
}

void Engine::end_instance(RelationState& instance) noexcept {
  if (instances_.erase({instance.instance_of, &instance}) == 0) return;  // with its view
  unlisten(instance);
  detach(instance);
}

void Engine::end_instances(const RelationState& view) noexcept {
  const std::uint64_t id = view.relation.id;
  for (auto it = instances_.lower_bound({id, nullptr}); it != instances_.end() && it->first == id; it = instances_.lower_bound({id, nullptr})) {
    end_instance(*it->second);
  }
}

bool Engine::has_instances(const RelationState& view) const {
  const auto it = instances_.lower_bound({view.relation.id, nullptr});
  return it != instances_.end() && it->first == view.relation.id;
}

// A callback may run within a commit: what it leaves is ended by the next writer.
void Engine::leave(const std::shared_ptr<RelationState>& instance) noexcept {
  if (SubscriptionState::in_callback()) {
    const std::lock_guard lock(subscriptions_mutex_);
    left_.push_back(instance);
    any_left_ = true;
    return;
  }
  std::unique_lock writing(writer_);
  filled_.wait(writing, [this] { return !filling_; });
  const std::unique_lock state(state_mutex_);
  end_instance(*instance);
}

void Engine::end_left() {
  if (filling_ || !any_left_.load(std::memory_order_relaxed)) return;
  std::vector<std::shared_ptr<RelationState>> left;
  {
    const std::lock_guard lock(subscriptions_mutex_);
    left.swap(left_);
    any_left_ = false;
  }
  const std::unique_lock state(state_mutex_);
  for (const auto& instance : left) end_instance(*instance);
}

ResultSet Engine::read(std::string_view name, const Row& values) {
  const Writing writing(*this);
  Statement statement = give_values(*state(name), values);
  const Plan& plan = *statement.plan;
  const auto result = [&](const Delta& rows) { return make_result(plan.schema, plan.schema.size(), statement.order, rows); };
  // Where somebody listens with these values the rows are there.
  const PlanPtr whole = without_folded(plan);
  for (const Parametrised& way : parametrise(whole ? *whole : plan)) {
    const auto found = candidates_.find(way.text);
    if (found == candidates_.end() || !found->second.fold) continue;
    Fold& fold = *found->second.fold;
    std::vector<Datum> datums;
    for (const ExprPtr& value : way.values) datums.push_back(value->constant.get());
    const Arrangement::Row row = fold.bound->probe_one(fold.values_index, datums, false);
    if (row == Arrangement::kNone) continue;
    Relation relation;
    relation.schema = plan.schema;
    ViewState slice(std::move(relation), nullptr);
    slice.fold = &fold;
    slice.binding = fold.bound->get(row, 0).integer;
    slice.rows = fold.rows;
    Arena arena;
    Delta rows;
    slice.scan(arena, rows);
    return result(rows);
  }
  ResultSet out;
  evaluate(plan, nullptr, [&](const Delta& rows) { out = result(rows); });
  return out;
}

}  // namespace weir::internal
