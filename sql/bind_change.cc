// What may stand behind INSERT, UPDATE and DELETE: RETURNING.

#include "sql/binder.h"

namespace weir {

void Binder::bind_returning(const Json& body, const Scope& scope, Statement& out) {
  const Json* list = find(body, "returningList");
  if (!list) return;
  Context context;
  context.scope = &scope;
  context.clause = "RETURNING";
  for (Target& target : bind_targets(*list, context)) {
    if (target.expr->type.id == TypeId::kUnknown) target.expr = coerce(std::move(target.expr), Type{TypeId::kText, 0, 0}, Cast::kImplicit, target.expr->offset);
    out.returned.push_back({std::move(target.name), target.expr->type, is_nullable(*target.expr, scope.schema)});
    out.returning.push_back(fold(std::move(target.expr)));
  }
}

}  // namespace weir
