#pragma once
// Lists that an operator fills during a step and empties when it ends.
//
// State    an emptied list keeps its memory for the next step, but not that of a very large one.

#include <cstddef>
#include <vector>

namespace weir {

template <class T>
void empty_list(std::vector<T>& list) noexcept {
  constexpr std::size_t kKeepBytes = 2 * 1024 * 1024;
  list.clear();
  if (list.capacity() * sizeof(T) > kKeepBytes) std::vector<T>().swap(list);
}

}  // namespace weir
