#include "sql/aggregates.h"

#include <weir/error.h>

#include <algorithm>
#include <iterator>

#include "sql/functions.h"
#include "zset/type_classes.h"

namespace weir {

namespace {

using F = AggregateFunction;

struct Named {
  std::string_view name;
  F function;
};
// A function's own name comes before its other names.
constexpr Named kNames[] = {
    {"count", F::kCount}, {"sum", F::kSum}, {"avg", F::kAvg}, {"min", F::kMin}, {"max", F::kMax},
    {"bool_and", F::kBoolAnd}, {"every", F::kBoolAnd}, {"bool_or", F::kBoolOr},
    {"bit_and", F::kBitAnd}, {"bit_or", F::kBitOr}, {"bit_xor", F::kBitXor},
    {"var_pop", F::kVarPop}, {"var_samp", F::kVarSamp}, {"variance", F::kVarSamp},
    {"stddev_pop", F::kStddevPop}, {"stddev_samp", F::kStddevSamp}, {"stddev", F::kStddevSamp},
    {"string_agg", F::kStringAgg}, {"array_agg", F::kArrayAgg},
    {"mode", F::kMode}, {"percentile_cont", F::kPercentileCont}, {"percentile_disc", F::kPercentileDisc},
    {"rank", F::kRank}, {"dense_rank", F::kDenseRank}, {"percent_rank", F::kPercentRank}, {"cume_dist", F::kCumeDist},
    {"covar_pop", F::kCovarPop}, {"covar_samp", F::kCovarSamp}, {"corr", F::kCorr}, {"regr_count", F::kRegrCount},
    {"regr_avgx", F::kRegrAvgX}, {"regr_avgy", F::kRegrAvgY}, {"regr_sxx", F::kRegrSxx}, {"regr_syy", F::kRegrSyy}, {"regr_sxy", F::kRegrSxy},
    {"regr_slope", F::kRegrSlope}, {"regr_intercept", F::kRegrIntercept}, {"regr_r2", F::kRegrR2},
};

std::size_t arity(F function) { return function == F::kStringAgg || (function >= F::kCovarPop && function <= F::kRegrR2) ? 2 : 1; }

bool is_string(TypeId t) { return t == TypeId::kText || t == TypeId::kVarchar || t == TypeId::kBpchar || t == TypeId::kUnknown; }
bool is_number(TypeId t) { return t >= TypeId::kSmallint && t <= TypeId::kNumeric; }

[[noreturn]] void no_function(const std::string& name, const std::vector<ExprPtr>& arguments, int offset, bool ambiguous = false) {
  std::string types;
  for (const ExprPtr& a : arguments) types += (types.empty() ? "" : ", ") + Type{a->type.id, 0, 0}.to_string();
  Failure failure(ErrorCode::kType, "function " + name + "(" + types + (ambiguous ? ") is not unique" : ") does not exist"), offset);
  failure.error().hint = ambiguous ? "Could not choose a best candidate function. You might need to add explicit type casts."
                                   : "No function matches the given name and argument types. You might need to add explicit type casts.";
  throw failure;
}

}  // namespace

std::optional<AggregateFunction> aggregate_named(std::string_view name) {
  const auto* found = std::find_if(std::begin(kNames), std::end(kNames), [&](const Named& n) { return n.name == name; });
  if (found == std::end(kNames)) return std::nullopt;
  return found->function;
}

bool is_json_aggregate(std::string_view name) {
  return name == "json_agg" || name == "jsonb_agg" || name == "json_object_agg" || name == "jsonb_object_agg";
}

std::string_view name_of(AggregateFunction function) {
  if (function == F::kCountStar) return "count(*)";
  return std::find_if(std::begin(kNames), std::end(kNames), [&](const Named& n) { return n.function == function; })->name;
}

Type bind_arguments(AggregateFunction function, const std::string& name, std::vector<ExprPtr>& arguments, int offset) {
  if (arguments.size() != arity(function)) no_function(name, arguments, offset);
  const auto convert = [&](std::size_t i, TypeId to) {
    const int at = arguments[i]->offset;
    arguments[i] = coerce(std::move(arguments[i]), Type{to, 0, 0}, Cast::kImplicit, at);
  };
  const TypeId type = arguments[0]->type.id;
  const bool open = type == TypeId::kUnknown;
  switch (function) {
    case F::kCountStar: case F::kCount: case F::kSum: case F::kAvg: case F::kMin: case F::kMax: case F::kBoolAnd: case F::kBoolOr: {
      const Type result = aggregate_result(name, arguments[0]->type, offset);
      if (type == TypeId::kTime && result.id == TypeId::kInterval) convert(0, TypeId::kInterval);
      if (open) convert(0, function == F::kBoolAnd || function == F::kBoolOr ? TypeId::kBoolean : TypeId::kText);
      return result;
    }
    case F::kBitAnd: case F::kBitOr: case F::kBitXor:
      if (!is_integer(type)) no_function(name, arguments, offset, open);
      return Type{type, 0, 0};
    case F::kVarPop: case F::kVarSamp: case F::kStddevPop: case F::kStddevSamp:
      if (!is_number(type) && !open) no_function(name, arguments, offset);
      if (open) convert(0, TypeId::kDouble);
      return Type{is_integer(type) || type == TypeId::kNumeric ? TypeId::kNumeric : TypeId::kDouble, 0, 0};
    case F::kStringAgg:
      if (!is_string(type) || !is_string(arguments[1]->type.id)) no_function(name, arguments, offset);
      for (std::size_t i = 0; i < 2; ++i) convert(i, TypeId::kText);
      return Type{TypeId::kText, 0, 0};
    case F::kArrayAgg:
      if (is_array(type)) throw Failure(ErrorCode::kUnsupported, "array_agg of arrays is not supported", offset);
      if (open) throw Failure(ErrorCode::kType, "could not determine polymorphic type because input has type unknown", offset);
      return Type{array_of(type), 0, 0};
    case F::kMode: case F::kPercentileCont: case F::kPercentileDisc: case F::kRank: case F::kDenseRank: case F::kPercentRank: case F::kCumeDist:
      throw Failure(ErrorCode::kType, "WITHIN GROUP is required for ordered-set aggregate " + name, offset);
    case F::kCovarPop: case F::kCovarSamp: case F::kCorr: case F::kRegrCount: case F::kRegrAvgX: case F::kRegrAvgY: case F::kRegrSxx: case F::kRegrSyy:
    case F::kRegrSxy: case F::kRegrSlope: case F::kRegrIntercept: case F::kRegrR2:
      for (std::size_t i = 0; i < 2; ++i) {
        if (!is_number(arguments[i]->type.id) && arguments[i]->type.id != TypeId::kUnknown) no_function(name, arguments, offset);
      }
      for (std::size_t i = 0; i < 2; ++i) convert(i, TypeId::kDouble);
      return Type{function == F::kRegrCount ? TypeId::kBigint : TypeId::kDouble, 0, 0};
  }
  return {};
}

Type bind_within_group(AggregateFunction function, const std::string& name, std::vector<ExprPtr>& direct, std::vector<ExprPtr>& ordered, int offset) {
  const auto none = [&] {
    std::vector<ExprPtr> all;
    for (const auto* list : {&direct, &ordered}) {
      for (const ExprPtr& e : *list) all.push_back(e->clone());
    }
    no_function(name, all, offset);
  };
  const auto convert = [&](ExprPtr& e, const Type& to) {
    const int at = e->offset;
    e = coerce(std::move(e), to, Cast::kImplicit, at);
  };
  if (is_hypothetical(function)) {
    if (direct.size() != ordered.size()) none();
    for (std::size_t i = 0; i < direct.size(); ++i) {
      const Type types[] = {direct[i]->type, ordered[i]->type};
      const Type common = without_typmod(common_type(types, "WITHIN GROUP", direct[i]->offset));
      convert(direct[i], common);
      convert(ordered[i], common);
    }
    return Type{function == F::kRank || function == F::kDenseRank ? TypeId::kBigint : TypeId::kDouble, 0, 0};
  }
  if (direct.size() != (function == F::kMode ? 0 : 1) || ordered.size() != 1) none();
  if (!direct.empty()) {
    if (!is_number(direct[0]->type.id) && direct[0]->type.id != TypeId::kUnknown) none();
    convert(direct[0], Type{TypeId::kDouble, 0, 0});
  }
  const TypeId type = ordered[0]->type.id;
  if (function == F::kPercentileCont) {
    if (type != TypeId::kInterval && !is_number(type) && type != TypeId::kUnknown) none();
    convert(ordered[0], Type{type == TypeId::kInterval ? type : TypeId::kDouble, 0, 0});
  } else if (type == TypeId::kUnknown) {
    throw Failure(ErrorCode::kType, "could not determine polymorphic type because input has type unknown", offset);
  }
  return without_typmod(ordered[0]->type);
}

}  // namespace weir
