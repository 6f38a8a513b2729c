#pragma once
// Where exceptions end: every public method runs inside of guarded().
//
// Errors   Failure becomes its Error; anything else is kInternal, out of memory included. Nothing gets past.

#include <weir/error.h>

#include <exception>
#include <new>
#include <type_traits>

namespace weir::internal {

template <class F>
auto guarded(F&& f) -> Result<std::invoke_result_t<F>> {
  Error error;
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      f();
      return {};
    } else {
      return f();
    }
  } catch (const Failure& failure) {
    error = failure.error();
  } catch (const std::bad_alloc&) {
    error.message = "out of memory";
  } catch (const std::exception& exception) {
    error.message = exception.what();
  }
  return error;
}

inline void require_open(bool open, const char* what) {
  if (!open) throw Failure(ErrorCode::kClosed, what);
}

}  // namespace weir::internal
