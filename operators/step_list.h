#pragma once
// Lists that an operator fills during a step and empties when it ends.
//
// State    an emptied list keeps its memory for the next step: up to 8 MiB, and beyond 256 KiB only while steps use an eighth of it.

#include <cstddef>
#include <vector>

namespace weir {

template <class T>
void empty_list(std::vector<T>& list) noexcept {
  constexpr std::size_t kKeepBytes = 8 * 1024 * 1024, kSmallBytes = 256 * 1024;
  const std::size_t bytes = list.capacity() * sizeof(T);
  const bool keep = bytes <= kSmallBytes || (bytes <= kKeepBytes && list.size() >= list.capacity() / 8);
  list.clear();
  if (!keep) std::vector<T>().swap(list);
}

}  // namespace weir
