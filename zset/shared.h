#pragma once
// Values that many copies have alike, and values that most have not at all: what keeps a hundred thousand small objects small.
//
// Cost     SharedVector: a copy is a pointer; edit() copies. Optional parts: a pointer where there is none.
// Threads  as std::shared_ptr and std::unique_ptr.

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace weir {

// A vector that its copies share. What it holds never changes: edit() makes another.
template <class T>
class SharedVector {
 public:
  SharedVector() = default;
  explicit SharedVector(std::vector<T> values) : held_(std::make_shared<const std::vector<T>>(std::move(values))) {}
  SharedVector& operator=(std::vector<T> values) { return *this = SharedVector(std::move(values)); }
  SharedVector& operator=(std::initializer_list<T> values) { return *this = SharedVector(std::vector<T>(values)); }

  const std::vector<T>& get() const {
    static const std::vector<T> none;
    return held_ ? *held_ : none;
  }
  operator const std::vector<T>&() const { return get(); }
  std::size_t size() const { return get().size(); }
  bool empty() const { return get().empty(); }
  auto begin() const { return get().begin(); }
  auto end() const { return get().end(); }
  const T& operator[](std::size_t i) const { return get()[i]; }
  const T& back() const { return get().back(); }

  template <class F>
  void edit(F&& f) {
    std::vector<T> changed = get();
    f(changed);
    *this = std::move(changed);
  }
  // Holds what the other does, where the two are equal.
  void share(const SharedVector& other) {
    if (held_ != other.held_ && get() == other.get()) held_ = other.held_;
  }

 private:
  std::shared_ptr<const std::vector<T>> held_;
};

// A value that is made when it is first written to; until then it reads as T().
template <class T>
class Optional {
 public:
  Optional() = default;
  Optional(const Optional& other) : held_(other.held_ ? std::make_unique<T>(*other.held_) : nullptr) {}
  Optional(Optional&&) noexcept = default;
  Optional& operator=(Optional other) noexcept {
    held_ = std::move(other.held_);
    return *this;
  }

  const T* operator->() const {
    static const T none;
    return held_ ? held_.get() : &none;
  }
  T* operator->() {
    if (!held_) held_ = std::make_unique<T>();
    return held_.get();
  }

 private:
  std::unique_ptr<T> held_;
};

}  // namespace weir
