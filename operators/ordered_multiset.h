#pragma once
// Values in order, each with a weight: a B+-tree that knows the weight below every node. A small one is a single sorted array.
//
//     inner: [ first value of each child | weight below each child | children ]      leaf: [ values | weights, if any is not 1 ]
//
// Law      a Z-set of values: add() is the group's +, so adding the negation restores it. Weights may be negative in between; negatives() counts such entries.
// State    16 bytes where it lies (all zero: empty), nodes on the heap: leaves of 4 values to 512 bytes of them, inner nodes of up to 32 children.
// Cost     add, rank, each_from: O(log n). apply() goes down once for all changes of a leaf where there are some to each, and where there are many rebuilds the tree in
//          one pass, O(n + changes). front, back: O(log n).
// Ownership  own.keep(value) is called for a value that comes to lie in the tree (and may change where it points), own.meet(value) for the one that lies there
//          already when its weight changes, own.drop(value) for one that goes. clear() frees all.
// Threads  const calls may run in parallel.
//
// Trivially copyable, so that it may lie in a row that moves; a copy is an alias, not another tree.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <vector>

#include "operators/gather.h"
#include "zset/prefetch.h"

namespace weir {

template <class Value>
class OrderedMultiset {
  static_assert(std::is_trivially_copyable_v<Value> && alignof(Value) <= 8);

 public:
  struct Change {
    Value value;
    std::int64_t weight;
  };
  struct OwnsNothing {
    void keep(Value&) {}
    void meet(const Value&) {}
    void drop(const Value&) {}
  };

  bool empty() const { return !root_; }
  std::uint32_t entries() const { return entries_; }
  std::uint32_t negatives() const { return negatives_; }
  const Value& front() const {  // REQUIRES: !empty()
    return keys(root_)[0];
  }
  const Value& back() const {  // REQUIRES: !empty()
    const Node* n = root_;
    while (n->height != 0) n = children(n)[n->size - 1];
    return keys(n)[n->size - 1];
  }
  // Stages, some changes ahead of add(): the root, then, once that is there, the leaf of a value, then what its alikes stand for: f(entry) for up to four of them.
  void prefetch() const {
    if (!root_) return;
    prefetch_lines(root_, 256);
    prefetch_line(reinterpret_cast<const char*>(root_) + node_bytes(0, kFan, false));  // children, if it is an inner one
  }
  template <class Order>
  void prefetch(const Value& value, Order&& order) const {
    if (!root_ || root_->height == 0) return;
    prefetch_lines(leaf_of(value, order), sizeof(Node) + kLeaf * sizeof(Value));
  }
  template <class Order, class F>
  void each_alike(const Value& value, Order&& order, F&& f) const {
    if (!root_) return;
    const Node* n = leaf_of(value, order);
    const std::uint32_t first = lower_bound(n, value, order);
    for (std::uint32_t i = first; i < n->size && i < first + 4 && order(keys(n)[i], value) == 0; ++i) f(keys(n)[i]);
  }
  std::size_t bytes() const { return root_ ? bytes_of(root_) : 0; }  // of its nodes, which it visits

  // Adds a weight that is not 0; returns the entry's weight after it. order(a, b): negative, 0 or positive.
  template <class Order, class Own>
  std::int64_t add(const Value& value, std::int64_t weight, Order&& order, Own&& own) {
    if (!root_) root_ = make(0, kSmallest, true);
    Node* right = nullptr;
    const std::int64_t now = add(root_, value, weight, order, own, right);
    if (right) {
      Node* top = make(root_->height + 1u, kFan, false);
      put_child(top, 0, root_);
      put_child(top, 1, right);
      root_ = top;
    }
    while (root_ && root_->height != 0 && root_->size == 1) {
      Node* only = children(root_)[0];
      std::free(root_);
      root_ = only;
    }
    if (root_->size == 0) {
      std::free(root_);
      root_ = nullptr;
    }
    return now;
  }

  // Adds changes that ascend strictly, none of weight 0.
  template <class Order, class Own>
  void apply(std::span<const Change> changes, Order&& order, Own&& own) {
    if (changes.size() >= kMergeFrom && changes.size() * 4 >= entries_) return merge(changes, order, own);
    const bool in_runs = changes.size() * (kLeaf / 4) >= entries_;
    while (!changes.empty()) {
      std::size_t done = in_runs ? add_run(changes, order, own) : 0;
      if (done == 0) {
        add(changes[0].value, changes[0].weight, order, own);
        done = 1;
      }
      changes = changes.subspan(done);
    }
  }

  // The weight of all values before this one, and of the value itself.
  struct Rank {
    std::int64_t before = 0, weight = 0;
  };
  template <class Order>
  Rank rank(const Value& value, Order&& order) const {
    Rank r;
    const Node* n = root_;
    if (!n) return r;
    while (n->height != 0) {
      const std::uint32_t i = child_of(n, value, order);
      for (std::uint32_t c = 0; c < i; ++c) r.before += weights(n)[c];
      n = children(n)[i];
    }
    const std::uint32_t i = lower_bound(n, value, order);
    if (n->units) r.before += i;
    else for (std::uint32_t c = 0; c < i; ++c) r.before += weights(n)[c];
    if (i < n->size && order(keys(n)[i], value) == 0) r.weight = weight_at(n, i);
    return r;
  }

  // Calls f(value, copies) in order for what stands at positions from.. (a value of weight w stands at w positions) until f returns false. REQUIRES: no negative weights.
  template <class F>
  void each_from(std::int64_t from, F&& f) const {
    if (root_) walk(root_, from, f);
  }

  template <class Own>
  void clear(Own&& own) noexcept {
    if (root_) free_tree(root_, own);
    root_ = nullptr;
    entries_ = negatives_ = 0;
  }

 private:
  static constexpr std::uint32_t kSmallest = 4, kLeaf = 512 / sizeof(Value), kFan = 32, kFilled = kLeaf * 3 / 4, kFilledFan = 24;
  static constexpr std::size_t kMergeFrom = 16;

  struct Node {
    std::uint16_t size, capacity, height;
    bool units;  // a leaf in which every weight is 1, and none is stored
  };
  static_assert(sizeof(Node) == 8);

  static Value* keys(Node* n) { return reinterpret_cast<Value*>(n + 1); }
  static const Value* keys(const Node* n) { return reinterpret_cast<const Value*>(n + 1); }
  static std::int64_t* weights(Node* n) { return reinterpret_cast<std::int64_t*>(keys(n) + n->capacity); }
  static const std::int64_t* weights(const Node* n) { return reinterpret_cast<const std::int64_t*>(keys(n) + n->capacity); }
  static Node** children(Node* n) { return reinterpret_cast<Node**>(weights(n) + n->capacity); }
  static Node* const* children(const Node* n) { return reinterpret_cast<Node* const*>(weights(n) + n->capacity); }

  static std::int64_t weight_at(const Node* n, std::uint32_t i) { return n->units ? 1 : weights(n)[i]; }

  static void prefetch_lines(const Node* n, std::size_t bytes) {
    for (std::size_t at = 0; at < bytes; at += 64) prefetch_line(reinterpret_cast<const char*>(n) + at);
  }

  static std::size_t node_bytes(unsigned height, std::uint32_t capacity, bool units) {
    return sizeof(Node) + capacity * (sizeof(Value) + (units ? 0 : sizeof(std::int64_t)) + (height != 0 ? sizeof(Node*) : 0));
  }
  static std::size_t bytes_of(const Node* n) {
    std::size_t bytes = node_bytes(n->height, n->capacity, n->units);
    for (std::uint32_t i = 0; n->height != 0 && i < n->size; ++i) bytes += bytes_of(children(n)[i]);
    return bytes;
  }
  static Node* make(unsigned height, std::uint32_t capacity, bool units) {
    auto* n = static_cast<Node*>(std::malloc(node_bytes(height, capacity, units)));
    if (!n) throw std::bad_alloc();
    *n = {0, static_cast<std::uint16_t>(capacity), static_cast<std::uint16_t>(height), units};
    return n;
  }
  static void resize(Node*& n, std::uint32_t capacity, bool units) {
    Node* to = make(n->height, capacity, units);
    move_entries(to, 0, n, 0, n->size);
    to->size = n->size;
    std::free(n);
    n = to;
  }
  static void store_weights(Node*& leaf) {
    if (leaf->units) resize(leaf, leaf->capacity, false);
  }
  // REQUIRES: `from` has only units where `to` has.
  static void move_entries(Node* to, std::uint32_t at, const Node* from, std::uint32_t first, std::uint32_t n) {
    if (n == 0) return;
    std::memmove(static_cast<void*>(keys(to) + at), keys(from) + first, n * sizeof(Value));
    if (to->units) return;
    if (from->units) std::fill_n(weights(to) + at, n, 1);
    else std::memmove(weights(to) + at, weights(from) + first, n * sizeof(std::int64_t));
    if (to->height != 0) std::memmove(children(to) + at, children(from) + first, n * sizeof(Node*));
  }
  static void open_gap(Node* n, std::uint32_t at) {
    move_entries(n, at + 1, n, at, n->size - at);
    ++n->size;
  }
  static void close_gap(Node* n, std::uint32_t at) {
    move_entries(n, at, n, at + 1, n->size - at - 1u);
    --n->size;
  }
  static std::int64_t total(const Node* n) {
    if (n->units) return n->size;
    std::int64_t sum = 0;
    for (std::uint32_t i = 0; i < n->size; ++i) sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum) + static_cast<std::uint64_t>(weights(n)[i]));
    return sum;
  }
  static void put_child(Node* n, std::uint32_t at, Node* child) {
    open_gap(n, at);
    keys(n)[at] = keys(child)[0];
    weights(n)[at] = total(child);
    children(n)[at] = child;
  }
  static Node* split(Node* n) {
    const std::uint32_t half = n->size / 2u;
    Node* right = make(n->height, n->capacity, n->units);
    move_entries(right, 0, n, half, n->size - half);
    right->size = static_cast<std::uint16_t>(n->size - half);
    n->size = static_cast<std::uint16_t>(half);
    return right;
  }

  template <class Order>
  static std::uint32_t lower_bound(const Node* n, const Value& value, Order& order) {
    const Value* first = keys(n);
    std::uint32_t size = n->size;
    const Value* at = first;
    while (size != 0) {
      const std::uint32_t half = size / 2;
      if (order(at[half], value) < 0) {
        at += half + 1;
        size -= half + 1;
      } else {
        size = half;
      }
    }
    return static_cast<std::uint32_t>(at - first);
  }
  // The last child whose first value is not above this one, or the first.
  template <class Order>
  static std::uint32_t child_of(const Node* n, const Value& value, Order& order) {
    const std::uint32_t i = lower_bound(n, value, order);
    if (i < n->size && order(keys(n)[i], value) == 0) return i;
    return i == 0 ? 0 : i - 1;
  }

  template <class Order>
  const Node* leaf_of(const Value& value, Order& order) const {
    const Node* n = root_;
    while (n->height != 0) n = children(n)[child_of(n, value, order)];
    return n;
  }

  template <class Order, class Own>
  std::int64_t add(Node*& n, const Value& value, std::int64_t weight, Order& order, Own& own, Node*& right) {
    return n->height == 0 ? add_to_leaf(n, value, weight, order, own, right) : add_to_inner(n, value, weight, order, own, right);
  }

  template <class Order, class Own>
  std::int64_t add_to_leaf(Node*& n, const Value& value, std::int64_t weight, Order& order, Own& own, Node*& right) {
    std::uint32_t i = lower_bound(n, value, order);
    if (i < n->size && order(keys(n)[i], value) == 0) {
      const std::int64_t before = weight_at(n, i), now = add_weights(before, weight);
      own.meet(keys(n)[i]);
      negatives_ += (now < 0) - (before < 0);
      if (now == 0) {
        own.drop(keys(n)[i]);
        close_gap(n, i);
        --entries_;
        if (n->capacity > kSmallest && n->size * 4u <= n->capacity && n->size != 0) resize(n, n->capacity / 2u, n->units);
      } else {
        store_weights(n);
        weights(n)[i] = now;
      }
      return now;
    }
    if (weight != 1) store_weights(n);
    Node* to = n;
    if (n->size == n->capacity) {
      if (n->capacity < kLeaf) {
        resize(n, n->capacity * 2u, n->units);
        to = n;
      } else {
        right = split(n);
        if (i > n->size) {
          i -= n->size;
          to = right;
        }
      }
    }
    Value copy = value;
    own.keep(copy);
    open_gap(to, i);
    keys(to)[i] = copy;
    if (!to->units) weights(to)[i] = weight;
    ++entries_;
    negatives_ += weight < 0;
    return weight;
  }

  template <class Order, class Own>
  std::int64_t add_to_inner(Node*& n, const Value& value, std::int64_t weight, Order& order, Own& own, Node*& right) {
    std::uint32_t i = child_of(n, value, order);
    Node*& child = children(n)[i];
    Node* sibling = nullptr;
    const std::int64_t now = add(child, value, weight, order, own, sibling);
    if (child->size == 0) {
      std::free(child);
      close_gap(n, i);
      return now;
    }
    keys(n)[i] = keys(child)[0];
    if (!sibling) {
      weights(n)[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(weights(n)[i]) + static_cast<std::uint64_t>(weight));
      merge_small(n, i);
      return now;
    }
    weights(n)[i] = total(child);
    if (n->size == kFan) {
      right = split(n);
      if (i < n->size) put_child(n, i + 1, sibling);
      else put_child(right, i - n->size + 1u, sibling);
    } else {
      put_child(n, i + 1, sibling);
    }
    return now;
  }

  static void merge_small(Node* n, std::uint32_t i) {
    Node* child = children(n)[i];
    const std::uint32_t full = child->height == 0 ? kLeaf : kFan;
    if (child->size * 4u >= full || n->size < 2) return;
    const std::uint32_t l = i == 0 ? 0 : i - 1;
    Node*& left = children(n)[l];
    Node* gone = children(n)[l + 1];
    const std::uint32_t both = left->size + gone->size;
    if (both * 4 > full * 3) return;
    const bool units = left->units && gone->units;
    if (both > left->capacity || units != left->units) resize(left, both > left->capacity ? full : left->capacity, units);
    move_entries(left, left->size, gone, 0, gone->size);
    left->size = static_cast<std::uint16_t>(both);
    weights(n)[l] = total(left);
    std::free(gone);
    close_gap(n, l + 1);
  }

  // Adds the first changes, those of one leaf, in one pass over it. Returns how many; 0 where they are too few, or the leaf would not stay of a size that leaves may have.
  template <class Order, class Own>
  std::size_t add_run(std::span<const Change> changes, Order& order, Own& own) {
    constexpr std::size_t kHeight = 16;  // of 2^32 values it is less
    Node** slot = &root_;
    Node* above[kHeight];
    std::uint32_t at[kHeight];
    std::size_t height = 0;
    const Value* end = nullptr;  // where the next leaf begins
    if (!root_) return 0;
    while ((*slot)->height != 0) {
      Node* n = *slot;
      const std::uint32_t i = child_of(n, changes[0].value, order);
      if (i + 1u < n->size) {
        end = &keys(n)[i + 1];
        if (n->height == 1) prefetch_lines(children(n)[i + 1], sizeof(Node) + kLeaf * sizeof(Value));
      }
      above[height] = n;
      at[height++] = i;
      slot = &children(n)[i];
    }
    Node* n = *slot;
    const std::size_t room = static_cast<std::size_t>(n->capacity - n->size), spare = n->size > kLeaf / 4 ? n->size - kLeaf / 4 - 1 : 0;
    const std::size_t most = std::min({changes.size(), room, spare});
    std::size_t run = 0;
    while (run < most && (!end || order(changes[run].value, *end) < 0)) ++run;
    if (run < 2) return 0;

    // What is between the first change and the last, anew; what is behind moves.
    Value values[kLeaf];
    std::int64_t sums[kLeaf];
    const std::uint32_t first = lower_bound(n, changes[0].value, order);
    std::uint32_t from = first, to = 0;
    std::int64_t added = 0;
    bool units = n->units;
    for (const Change& c : changes.first(run)) {
      while (from < n->size && order(keys(n)[from], c.value) < 0) {
        values[to] = keys(n)[from];
        sums[to++] = weight_at(n, from++);
      }
      added = static_cast<std::int64_t>(static_cast<std::uint64_t>(added) + static_cast<std::uint64_t>(c.weight));
      std::int64_t now = c.weight;
      values[to] = c.value;
      if (from < n->size && order(keys(n)[from], c.value) == 0) {
        const std::int64_t before = weight_at(n, from);
        now = add_weights(before, c.weight);
        negatives_ += (now < 0) - (before < 0);
        values[to] = keys(n)[from++];
        own.meet(values[to]);
        if (now == 0) {
          own.drop(values[to]);
          --entries_;
          continue;
        }
      } else {
        own.keep(values[to]);
        ++entries_;
        negatives_ += now < 0;
      }
      units = units && now == 1;
      sums[to++] = now;
    }
    if (n->units && !units) {
      resize(*slot, n->capacity, false);
      n = *slot;
    }
    const std::uint32_t rest = n->size - from;
    move_entries(n, first + to, n, from, rest);
    std::memcpy(static_cast<void*>(keys(n) + first), values, to * sizeof(Value));
    if (!n->units) std::memcpy(weights(n) + first, sums, to * sizeof(std::int64_t));
    n->size = static_cast<std::uint16_t>(first + to + rest);
    while (height-- != 0) {
      std::int64_t& below = weights(above[height])[at[height]];
      below = static_cast<std::int64_t>(static_cast<std::uint64_t>(below) + static_cast<std::uint64_t>(added));
      keys(above[height])[at[height]] = keys(children(above[height])[at[height]])[0];
    }
    return run;
  }

  // One pass over all entries and all changes, into new nodes.
  template <class Order, class Own>
  void merge(std::span<const Change> changes, Order& order, Own& own) {
    std::vector<Value> values;
    std::vector<std::int64_t> sums;
    values.reserve(entries_ + changes.size());
    sums.reserve(entries_ + changes.size());
    auto change = changes.begin();
    const auto put_change = [&] {
      Value copy = change->value;
      own.keep(copy);
      values.push_back(copy);
      sums.push_back(change->weight);
      negatives_ += change->weight < 0;
      ++change;
    };
    const auto visit = [&](const Value& value, std::int64_t weight) {
      while (change != changes.end() && order(change->value, value) < 0) put_change();
      if (change == changes.end() || order(change->value, value) != 0) {
        values.push_back(value);
        sums.push_back(weight);
        return;
      }
      own.meet(value);
      const std::int64_t now = add_weights(weight, change->weight);
      negatives_ += (now < 0) - (weight < 0);
      ++change;
      if (now == 0) {
        own.drop(value);
        return;
      }
      values.push_back(value);
      sums.push_back(now);
    };
    if (root_) visit_all(root_, visit);
    while (change != changes.end()) put_change();
    OwnsNothing nothing;
    if (root_) free_tree(root_, nothing);
    root_ = build(values, sums);
    entries_ = static_cast<std::uint32_t>(values.size());
  }

  template <class F>
  static void visit_all(const Node* n, F& f) {
    for (std::uint32_t i = 0; i < n->size; ++i) {
      if (n->height == 0) f(keys(n)[i], weight_at(n, i));
      else visit_all(children(n)[i], f);
    }
  }

  static Node* build(const std::vector<Value>& values, const std::vector<std::int64_t>& sums) {
    if (values.empty()) return nullptr;
    std::vector<Node*> level;
    const std::size_t leaf = values.size() <= kLeaf ? kLeaf : kFilled;
    for (std::size_t at = 0; at < values.size(); at += leaf) {
      const auto n = static_cast<std::uint32_t>(std::min(leaf, values.size() - at));
      std::uint32_t capacity = kSmallest;
      while (capacity < n) capacity *= 2;
      const bool units = std::all_of(sums.data() + at, sums.data() + at + n, [](std::int64_t w) { return w == 1; });
      Node* node = make(0, capacity, units);
      std::memcpy(static_cast<void*>(keys(node)), values.data() + at, n * sizeof(Value));
      if (!units) std::memcpy(weights(node), sums.data() + at, n * sizeof(std::int64_t));
      node->size = static_cast<std::uint16_t>(n);
      level.push_back(node);
    }
    while (level.size() > 1) {
      std::vector<Node*> above;
      for (std::size_t at = 0; at < level.size(); at += kFilledFan) {
        Node* node = make(level[0]->height + 1u, kFan, false);
        for (std::size_t i = at; i < std::min(level.size(), at + kFilledFan); ++i) put_child(node, node->size, level[i]);
        above.push_back(node);
      }
      level.swap(above);
    }
    return level[0];
  }

  template <class F>
  static bool walk(const Node* n, std::int64_t& skip, F& f) {
    for (std::uint32_t i = 0; i < n->size; ++i) {
      const std::int64_t w = weight_at(n, i);
      if (skip >= w) {
        skip -= w;
      } else if (n->height == 0) {
        if (!f(keys(n)[i], w - skip)) return false;
        skip = 0;
      } else if (!walk(children(n)[i], skip, f)) {
        return false;
      }
    }
    return true;
  }

  template <class Own>
  static void free_tree(Node* n, Own& own) noexcept {
    for (std::uint32_t i = 0; i < n->size; ++i) {
      if (n->height == 0) own.drop(keys(n)[i]);
      else free_tree(children(n)[i], own);
    }
    std::free(n);
  }

  Node* root_;
  std::uint32_t entries_, negatives_;
};

}  // namespace weir
