#pragma once
// C++ lambdas as SQL functions, their types told from the lambda's: db.create_function(weir::function("clamp", [](std::int64_t x, std::int64_t high) { … })).
//
// Types    bool BOOLEAN, std::int16_t SMALLINT, std::int32_t INTEGER, other integers BIGINT, float REAL, double DOUBLE PRECISION, std::string and std::string_view TEXT,
//          Value (results only) TEXT or NULL; std::optional<T> as a result may be NULL.
// Threads  the lambda may be called from several threads at once.

#include <weir/database.h>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {
namespace internal {

template <class T> struct SqlType;
template <> struct SqlType<bool> { static constexpr TypeId id = TypeId::kBoolean; static bool get(const Value& v) { return v.boolean(); } };
template <> struct SqlType<std::int16_t> { static constexpr TypeId id = TypeId::kSmallint; static std::int16_t get(const Value& v) { return static_cast<std::int16_t>(v.integer()); } };
template <> struct SqlType<std::int32_t> { static constexpr TypeId id = TypeId::kInteger; static std::int32_t get(const Value& v) { return static_cast<std::int32_t>(v.integer()); } };
template <> struct SqlType<long> { static constexpr TypeId id = TypeId::kBigint; static long get(const Value& v) { return static_cast<long>(v.integer()); } };
template <> struct SqlType<long long> { static constexpr TypeId id = TypeId::kBigint; static long long get(const Value& v) { return v.integer(); } };
template <> struct SqlType<float> { static constexpr TypeId id = TypeId::kReal; static float get(const Value& v) { return static_cast<float>(v.number()); } };
template <> struct SqlType<double> { static constexpr TypeId id = TypeId::kDouble; static double get(const Value& v) { return v.number(); } };
template <> struct SqlType<std::string> { static constexpr TypeId id = TypeId::kText; static std::string get(const Value& v) { return v.to_string(); } };
// A temporary that lives as long as the call.
template <> struct SqlType<std::string_view> { static constexpr TypeId id = TypeId::kText; static std::string get(const Value& v) { return v.to_string(); } };
template <> struct SqlType<Value> { static constexpr TypeId id = TypeId::kText; };
template <class T> struct SqlType<std::optional<T>> { static constexpr TypeId id = SqlType<T>::id; };

template <class T>
Value sql_value(T&& value) {
  using Plain = std::remove_cvref_t<T>;
  if constexpr (std::is_same_v<Plain, Value>) {
    return std::forward<T>(value);
  } else if constexpr (std::is_same_v<Plain, float>) {
    return Value(static_cast<double>(value));
  } else if constexpr (requires { value.has_value(); *value; }) {
    return value.has_value() ? sql_value(*value) : Value();
  } else {
    return Value(std::forward<T>(value));
  }
}

template <class F, class R, class... A, std::size_t... I>
ScalarFunction make_function(std::string name, F f, R (F::*)(A...) const, std::index_sequence<I...>) {
  return {std::move(name),
          {SqlType<std::remove_cvref_t<A>>::id...},
          SqlType<std::remove_cvref_t<R>>::id,
          [f = std::move(f)]([[maybe_unused]] std::span<const Value> args) -> Value { return sql_value(f(SqlType<std::remove_cvref_t<A>>::get(args[I])...)); }};
}
template <class F, class R, class... A>
ScalarFunction make_function(std::string name, F f, R (F::*call)(A...) const) {
  return make_function(std::move(name), std::move(f), call, std::index_sequence_for<A...>());
}

}  // namespace internal

template <class F>
ScalarFunction function(std::string name, F f) {
  return internal::make_function(std::move(name), std::move(f), &F::operator());
}

}  // namespace weir
