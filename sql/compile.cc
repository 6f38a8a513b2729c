// Bound expressions to kernels: a tree of nodes, each computing one column for the rows of a chunk.
//
// Laziness comes from selections: AND, OR, CASE and COALESCE evaluate an operand only for the rows that are still undecided. Where all operands left
// are cheap (cannot fail and cost little), AND and OR compute them for all rows instead: that is faster than selecting.

#include <algorithm>
#include <mutex>
#include <unordered_set>

#include "sql/kernels.h"
#include "zset/nan.h"
#include "zset/text_form.h"

namespace weir {
namespace {

std::uint32_t words_of(std::uint32_t rows) { return (rows + 63) / 64; }

Chunk with_selection(const Chunk& chunk, const std::uint32_t* selection, std::uint32_t selected) {
  Chunk c = chunk;
  c.selection = selection;
  c.selected = selected;
  return c;
}

// The rows of `chunk` that pass.
template <class P>
Chunk narrowed(const Chunk& chunk, Arena& arena, P&& pass) {
  std::uint32_t* selection = arena.array<std::uint32_t>(chunk.selected);
  std::uint32_t n = 0;
  chunk.each([&](std::uint32_t i) {
    selection[n] = i;
    n += pass(i);
  });
  return n == chunk.selected ? chunk : with_selection(chunk, selection, n);
}

template <class Slot>
void copy_slots(const Column& from, const Chunk& rows, Column& to) {
  const Slot* in = from.as<const Slot>();
  Slot* out = to.as<Slot>();
  rows.each([&](std::uint32_t i) { out[i] = in[i]; });
}

// Copies the rows of `rows` from one column to another; `to` has a bitmap.
void scatter(const Column& from, const Chunk& rows, Column& to) {
  switch (slot_bytes(from.kind)) {
    case 1:
      copy_slots<std::uint8_t>(from, rows, to);
      break;
    case 8:
      copy_slots<std::uint64_t>(from, rows, to);
      break;
    default:
      copy_slots<Interval>(from, rows, to);
      break;
  }
  if (!from.valid) return;
  rows.each([&](std::uint32_t i) {
    if (!from.is_valid(i)) to.set_null(i);
  });
}

// Slots of NULLs are zero.
void clear_nulls(Column& column, std::uint32_t rows) {
  const std::size_t bytes = slot_bytes(column.kind);
  std::byte* data = column.as<std::byte>();
  for (std::uint32_t w = 0; w < words_of(rows); ++w) {
    std::uint64_t nulls = ~column.valid[w];
    if (nulls == 0) continue;
    if (const std::uint32_t rest = rows - w * 64; rest < 64) nulls &= (std::uint64_t{1} << rest) - 1;
    while (nulls) {
      const std::uint32_t i = w * 64 + static_cast<std::uint32_t>(__builtin_ctzll(nulls));
      __builtin_memset(data + i * bytes, 0, bytes);
      nulls &= nulls - 1;
    }
  }
}

Column all_null(Kind kind, std::uint32_t rows, Arena& arena) {
  Column out;
  out.kind = kind;
  out.data = arena.zeroed<std::byte>(rows * slot_bytes(kind));
  out.valid = arena.zeroed<std::uint64_t>(words_of(rows));
  return out;
}

Column call_user(const Function& f, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  Column out = Column::make(kind_of(f.result.id), rows.size, true, arena);
  std::vector<Value> values(args.size());
  rows.each([&](std::uint32_t i) {
    for (std::size_t a = 0; a < args.size(); ++a) values[a] = to_value(args[a].get(i), f.args[std::min(a, f.args.size() - 1)]);
    Datum d;
    try {
      d = from_value(f.user(values), f.result, arena);
      if (d.kind == Kind::kDouble && !d.null) d.number = one_nan(d.number);
    } catch (const Failure& failure) {
      fail("function " + f.name + ": " + failure.error().message);
    } catch (const std::exception& e) {
      fail("function " + f.name + ": " + e.what());
    }
    if (d.null) d = Datum::of_null(out.kind);
    out.set(i, d);
  });
  return out;
}

Column run(const Function& f, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return f.user ? call_user(f, args, rows, arena) : f.kernel(f, args, rows, arena);
}

// ---- nodes

class Node : public Expression {
 public:
  Node(KeyKind kind, bool cheap) : kind_(kind), cheap_(cheap) {}
  KeyKind key_kind() const override { return kind_; }
  std::string text() const override { return text_; }
  bool cheap() const { return cheap_; }
  void set_text(std::string text) { text_ = std::move(text); }

 private:
  KeyKind kind_;
  bool cheap_;
  std::string text_;  // of the root only
};
using NodePtr = std::unique_ptr<Node>;

class ColumnNode final : public Node {
 public:
  ColumnNode(KeyKind kind, std::uint16_t column) : Node(kind, true), column_(column) {}
  Column evaluate(const Chunk& chunk, Arena&) const override { return chunk.columns[column_]; }
  int column() const override { return column_; }

 private:
  std::uint16_t column_;
};

// One value in many positions. A few are made at once, a whole chunk of them when first needed.
class ConstantNode final : public Node {
 public:
  ConstantNode(KeyKind key_kind, Kind kind, const Constant& value) : Node(key_kind, true), kind_(kind), value_(value), few_(make(kFew)) {}
  Column evaluate(const Chunk& chunk, Arena&) const override {
    if (chunk.size <= kFew) return few_.column;
    std::call_once(once_, [this] { many_ = make(kChunkRows); });
    return many_.column;
  }
  Datum value() const { return value_.get(); }

 private:
  static constexpr std::uint32_t kFew = 16;
  struct Copies {
    Column column;
    std::unique_ptr<std::uint64_t[]> data, valid;
  };
  Copies make(std::uint32_t rows) const {
    Copies c;
    c.column.kind = kind_;
    c.data = std::make_unique<std::uint64_t[]>((rows * slot_bytes(kind_) + 7) / 8);
    c.column.data = c.data.get();
    Datum d = value_.get();
    if (d.null) {
      c.valid = std::make_unique<std::uint64_t[]>(words_of(rows));
      c.column.valid = c.valid.get();
    } else {
      for (std::uint32_t i = 0; i < rows; ++i) c.column.set(i, d);
    }
    return c;
  }

  Kind kind_;
  Constant value_;  // the copies refer to its bytes
  Copies few_;
  mutable std::once_flag once_;
  mutable Copies many_;
};

bool all_cheap(const std::vector<NodePtr>& nodes) {
  return std::ranges::all_of(nodes, [](const NodePtr& n) { return n->cheap(); });
}

class CallNode final : public Node {
 public:
  CallNode(KeyKind kind, const Function& function, std::vector<NodePtr> args)
      : Node(kind, function.effort == Effort::kCheap && !function.user && all_cheap(args)), function_(function), args_(std::move(args)) {}
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    constexpr std::size_t kFew = 8;
    Column few[kFew];
    std::vector<Column> many(args_.size() > kFew ? args_.size() : 0);
    const std::span<Column> columns(args_.size() > kFew ? many.data() : few, args_.size());
    for (std::size_t i = 0; i < args_.size(); ++i) columns[i] = args_[i]->evaluate(chunk, arena);
    return call(function_, columns, chunk, arena);
  }

 private:
  const Function& function_;
  std::vector<NodePtr> args_;
};

// Comparison of an integer column with a constant, the most frequent condition: one load a row.
class CompareIntNode final : public Node {
 public:
  enum class Op : std::uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
  CompareIntNode(Op op, NodePtr argument, std::int64_t constant)
      : Node(KeyKind::kBool, argument->cheap()), op_(op), argument_(std::move(argument)), constant_(constant) {}
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    const Column in = argument_->evaluate(chunk, arena);
    const std::int64_t* a = in.ints();
    const std::int64_t c = constant_;
    Column out;
    switch (op_) {
      case Op::kEqual:
        out = fill<bool>(chunk, arena, [=](std::uint32_t i) { return a[i] == c; });
        break;
      case Op::kNotEqual:
        out = fill<bool>(chunk, arena, [=](std::uint32_t i) { return a[i] != c; });
        break;
      case Op::kLess:
        out = fill<bool>(chunk, arena, [=](std::uint32_t i) { return a[i] < c; });
        break;
      case Op::kLessEqual:
        out = fill<bool>(chunk, arena, [=](std::uint32_t i) { return a[i] <= c; });
        break;
      case Op::kGreater:
        out = fill<bool>(chunk, arena, [=](std::uint32_t i) { return a[i] > c; });
        break;
      case Op::kGreaterEqual:
        out = fill<bool>(chunk, arena, [=](std::uint32_t i) { return a[i] >= c; });
        break;
    }
    if (in.valid) {
      out.valid = in.valid;
      clear_nulls(out, chunk.size);
    }
    return out;
  }

 private:
  Op op_;
  NodePtr argument_;
  std::int64_t constant_;
};

// x IN (constants): a hash set.
class InNode final : public Node {
 public:
  InNode(NodePtr x, KeyKind kind, std::vector<Constant> list)
      : Node(KeyKind::kBool, x->cheap()), x_(std::move(x)), kind_(kind), list_(std::move(list)) {
    for (const Constant& c : list_) {
      const Datum d = c.get();
      if (d.null) {
        has_null_ = true;
      } else if (kind_ == KeyKind::kInt) {
        integers_.insert(d.integer);
      } else {
        others_.emplace(key_hash(d, kind_), d);
      }
    }
  }
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    const Column in = x_->evaluate(chunk, arena);
    Column out = Column::make(Kind::kBool, chunk.size, in.valid || has_null_, arena);
    std::uint8_t* data = out.as<std::uint8_t>();
    chunk.each([&](std::uint32_t i) {
      const bool valid = in.is_valid(i);
      data[i] = valid && found(in, i);
      if (!valid || (has_null_ && !data[i])) out.set_null(i);
    });
    return out;
  }

 private:
  bool found(const Column& in, std::uint32_t i) const {
    if (kind_ == KeyKind::kInt) return integers_.contains(in.ints()[i]);
    const Datum d = in.get(i);
    const auto [from, to] = others_.equal_range(key_hash(d, kind_));
    return std::any_of(from, to, [&](const auto& entry) { return key_equal(entry.second, d, kind_); });
  }
  NodePtr x_;
  KeyKind kind_;
  std::vector<Constant> list_;
  bool has_null_ = false;
  std::unordered_set<std::int64_t> integers_;
  std::unordered_multimap<std::uint64_t, Datum> others_;  // refer to list_
};

// AND and OR. Truth values are ordered false < NULL < true and counted 0, 1, 2: AND is the least, OR the greatest.
class LogicNode final : public Node {
 public:
  LogicNode(bool conjunction, std::vector<NodePtr> args) : Node(KeyKind::kBool, all_cheap(args)), conjunction_(conjunction), args_(std::move(args)) {
    careful_.resize(args_.size() + 1, false);
    for (std::size_t i = args_.size(); i-- > 0;) careful_[i] = careful_[i + 1] || !args_[i]->cheap();
  }
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    Column out = Column::make(Kind::kBool, chunk.size, false, arena);
    std::uint8_t* __restrict truth = out.as<std::uint8_t>();
    Chunk live = chunk;
    bool nulls = false;
    for (std::size_t k = 0; k < args_.size(); ++k) {
      const Column c = args_[k]->evaluate(live, arena);
      const std::uint8_t* __restrict in = c.bools();
      nulls = nulls || c.valid;
      const auto value = [&](std::uint32_t i) { return static_cast<std::uint8_t>(c.is_valid(i) ? in[i] * 2 : 1); };
      if (live.selection || c.valid) {
        live.each([&](std::uint32_t i) {
          truth[i] = k == 0 ? value(i) : conjunction_ ? std::min(truth[i], value(i)) : std::max(truth[i], value(i));
        });
      } else {
        const std::uint32_t n = live.size;
        if (k == 0) {
          for (std::uint32_t i = 0; i < n; ++i) truth[i] = static_cast<std::uint8_t>(in[i] * 2);
        } else if (conjunction_) {
          for (std::uint32_t i = 0; i < n; ++i) truth[i] = std::min<std::uint8_t>(truth[i], static_cast<std::uint8_t>(in[i] * 2));
        } else {
          for (std::uint32_t i = 0; i < n; ++i) truth[i] = std::max<std::uint8_t>(truth[i], static_cast<std::uint8_t>(in[i] * 2));
        }
      }
      if (k + 1 < args_.size() && careful_[k + 1]) {
        const std::uint8_t decided = conjunction_ ? 0 : 2;
        live = narrowed(live, arena, [&](std::uint32_t i) { return truth[i] != decided; });
        if (live.selected == 0) break;
      }
    }
    if (nulls) {
      const std::uint32_t words = words_of(chunk.size);
      out.valid = arena.array<std::uint64_t>(words);
      std::fill_n(out.valid, words, ~std::uint64_t{0});
      chunk.each([&](std::uint32_t i) {
        if (truth[i] == 1) out.set_null(i);
        truth[i] >>= 1;
      });
    } else if (chunk.selection) {
      chunk.each([&](std::uint32_t i) { truth[i] >>= 1; });
    } else {
      for (std::uint32_t i = 0; i < chunk.size; ++i) truth[i] >>= 1;
    }
    return out;
  }

 private:
  bool conjunction_;
  std::vector<NodePtr> args_;
  std::vector<bool> careful_;  // whether an operand from here on must not see decided rows
};

class CaseNode final : public Node {
 public:
  CaseNode(KeyKind key_kind, Kind kind, std::vector<NodePtr> args) : Node(key_kind, false), kind_(kind), args_(std::move(args)) {}
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    Column out;
    Chunk rest = chunk;
    const auto take = [&](const Node& node, const Chunk& rows) {
      if (rows.selected == 0) return false;
      const Column c = node.evaluate(rows, arena);
      if (rows.selected == chunk.selected) {
        out = c;
        return true;
      }
      if (!out.data) out = Column::make(kind_, chunk.size, true, arena);
      scatter(c, rows, out);
      return false;
    };
    for (std::size_t k = 0; k + 1 < args_.size() && rest.selected; k += 2) {
      const Column condition = args_[k]->evaluate(rest, arena);
      const std::uint8_t* truth = condition.bools();
      const auto holds = [&](std::uint32_t i) { return truth[i] && condition.is_valid(i); };
      if (take(*args_[k + 1], narrowed(rest, arena, holds))) return out;
      rest = narrowed(rest, arena, [&](std::uint32_t i) { return !holds(i); });
    }
    take(*args_.back(), rest);
    return out;
  }

 private:
  Kind kind_;
  std::vector<NodePtr> args_;
};

class CoalesceNode final : public Node {
 public:
  CoalesceNode(KeyKind key_kind, Kind kind, std::vector<NodePtr> args) : Node(key_kind, false), kind_(kind), args_(std::move(args)) {}
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    Column out = args_[0]->evaluate(chunk, arena);
    if (!out.valid) return out;
    Chunk rest = narrowed(chunk, arena, [&](std::uint32_t i) { return !out.is_valid(i); });
    if (rest.selected == 0) {
      out.valid = nullptr;
      return out;
    }
    const Column first = out;
    out = Column::make(kind_, chunk.size, true, arena);
    scatter(first, chunk, out);
    for (std::size_t k = 1; k < args_.size() && rest.selected; ++k) {
      const Column c = args_[k]->evaluate(rest, arena);
      rest.each([&](std::uint32_t i) { out.set_valid(i); });
      scatter(c, rest, out);
      if (!c.valid) break;
      rest = narrowed(rest, arena, [&](std::uint32_t i) { return !c.is_valid(i); });
    }
    return out;
  }

 private:
  Kind kind_;
  std::vector<NodePtr> args_;
};

bool constant(const Expr& e) { return e.node == Expr::Node::kConstant; }
bool integral(const Type& t) { return kind_of(t.id) == Kind::kInt; }

NodePtr build(const Expr& e);

// x <op> constant or constant <op> x, over integers, dates or timestamps.
NodePtr build_comparison(const Expr& e) {
  using Op = CompareIntNode::Op;
  static constexpr std::array<std::string_view, 6> kOps = {"=", "<>", "<", "<=", ">", ">="};
  static constexpr std::array<Op, 6> kMirrored = {Op::kEqual, Op::kNotEqual, Op::kGreater, Op::kGreaterEqual, Op::kLess, Op::kLessEqual};
  if (e.args.size() != 2 || e.function->user || !integral(e.args[0]->type) || !integral(e.args[1]->type)) return nullptr;
  const auto found = std::ranges::find(kOps, e.function->name);
  if (found == kOps.end()) return nullptr;
  const auto index = static_cast<std::size_t>(found - kOps.begin());
  for (int side = 0; side < 2; ++side) {
    const Expr& literal = *e.args[side == 0 ? 1 : 0];
    if (!constant(literal) || literal.constant.get().null) continue;
    const Op op = side == 0 ? static_cast<Op>(index) : kMirrored[index];
    return std::make_unique<CompareIntNode>(op, build(*e.args[static_cast<std::size_t>(side)]), literal.constant.get().integer);
  }
  return nullptr;
}

NodePtr build(const Expr& e) {
  const KeyKind key_kind = key_kind_of(e.type.id);
  const Kind kind = kind_of(e.type.id);
  const auto build_args = [&] {
    std::vector<NodePtr> args;
    for (const ExprPtr& a : e.args) args.push_back(build(*a));
    return args;
  };
  switch (e.node) {
    case Expr::Node::kColumn:
      return std::make_unique<ColumnNode>(key_kind, e.column);
    case Expr::Node::kConstant:
      return std::make_unique<ConstantNode>(key_kind, kind, e.constant);
    case Expr::Node::kParameter:
      throw Failure(ErrorCode::kInternal, "a parameter without a value", e.offset);
    case Expr::Node::kNow:
      throw Failure(ErrorCode::kUnsupported, "now() is not supported here", e.offset);
    case Expr::Node::kCall: {
      if (is_relabel(*e.function)) return build(*e.args[0]);
      if (NodePtr comparison = build_comparison(e)) return comparison;
      if (e.function->name == "in" && !e.function->user &&
          std::all_of(e.args.begin() + 1, e.args.end(), [](const ExprPtr& a) { return constant(*a); })) {
        std::vector<Constant> list;
        for (std::size_t i = 1; i < e.args.size(); ++i) list.push_back(e.args[i]->constant);
        return std::make_unique<InNode>(build(*e.args[0]), key_kind_of(e.args[0]->type.id), std::move(list));
      }
      return std::make_unique<CallNode>(key_kind, *e.function, build_args());
    }
    case Expr::Node::kAnd:
    case Expr::Node::kOr:
      return std::make_unique<LogicNode>(e.node == Expr::Node::kAnd, build_args());
    case Expr::Node::kCase:
      return std::make_unique<CaseNode>(key_kind, kind, build_args());
    case Expr::Node::kCoalesce:
      return std::make_unique<CoalesceNode>(key_kind, kind, build_args());
  }
  return nullptr;
}

// A column of one row that lies in the arena.
Column column_of(const Datum& d, Arena& arena) {
  Column c = Column::make(d.kind, 1, d.null, arena);
  c.set(0, d);
  return c;
}

bool truth(const Expr& e, Arena& arena, bool& null) {
  const Datum d = evaluate_constant(e, arena);
  null = d.null;
  return !d.null && d.boolean;
}

bool is_true(const Expr& e) { return constant(e) && !e.constant.get().null && e.constant.get().boolean; }
bool is_false(const Expr& e) { return constant(e) && !e.constant.get().null && !e.constant.get().boolean; }
bool is_null(const Expr& e) { return constant(e) && e.constant.get().null; }

ExprPtr boolean_constant(bool value, const Expr& like) { return Expr::make_constant(Datum::of(value), like.type, like.offset); }

ExprPtr simplify_logic(ExprPtr e) {
  const bool conjunction = e->node == Expr::Node::kAnd;
  std::vector<ExprPtr> kept;
  for (ExprPtr& a : e->args) {
    if (conjunction ? is_false(*a) : is_true(*a)) return boolean_constant(!conjunction, *e);
    if (conjunction ? is_true(*a) : is_false(*a)) continue;
    kept.push_back(std::move(a));
  }
  if (kept.empty()) return boolean_constant(conjunction, *e);
  if (kept.size() == 1) return std::move(kept[0]);
  e->args = std::move(kept);
  return e;
}

ExprPtr simplify_case(ExprPtr e) {
  std::vector<ExprPtr> kept;
  std::size_t k = 0;
  for (; k + 1 < e->args.size(); k += 2) {
    if (is_false(*e->args[k]) || is_null(*e->args[k])) continue;
    if (is_true(*e->args[k])) break;
    kept.push_back(std::move(e->args[k]));
    kept.push_back(std::move(e->args[k + 1]));
  }
  kept.push_back(std::move(k + 1 < e->args.size() ? e->args[k + 1] : e->args.back()));
  if (kept.size() == 1) return std::move(kept[0]);
  e->args = std::move(kept);
  return e;
}

ExprPtr simplify_coalesce(ExprPtr e) {
  std::vector<ExprPtr> kept;
  for (ExprPtr& a : e->args) {
    if (is_null(*a)) continue;
    const bool last = constant(*a);
    kept.push_back(std::move(a));
    if (last) break;
  }
  if (kept.empty()) return Expr::make_constant(Datum::of_null(kind_of(e->type.id)), e->type, e->offset);
  if (kept.size() == 1) return std::move(kept[0]);
  e->args = std::move(kept);
  return e;
}

}  // namespace

Column call(const Function& function, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  if (!function.strict) return run(function, args, rows, arena);
  std::uint64_t* valid = nullptr;
  bool own = false;
  const std::uint32_t words = words_of(rows.size);
  for (const Column& c : args) {
    if (!c.valid) continue;
    if (!valid) {
      valid = c.valid;
      continue;
    }
    std::uint64_t* both = own ? valid : arena.array<std::uint64_t>(words);
    for (std::uint32_t w = 0; w < words; ++w) both[w] = valid[w] & c.valid[w];
    valid = both;
    own = true;
  }
  if (!valid) return run(function, args, rows, arena);
  Column out;
  if (function.effort == Effort::kCareful || function.user) {
    const Chunk known = narrowed(rows, arena, [&](std::uint32_t i) { return valid[i >> 6] >> (i & 63) & 1; });
    if (known.selected == 0) return all_null(kind_of(function.result.id), rows.size, arena);
    out = run(function, args, known, arena);
  } else {
    out = run(function, args, rows, arena);
  }
  if (out.valid) {
    std::uint64_t* both = arena.array<std::uint64_t>(words);
    for (std::uint32_t w = 0; w < words; ++w) both[w] = valid[w] & out.valid[w];
    valid = both;
  }
  out.valid = valid;
  clear_nulls(out, rows.size);
  return out;
}

ExpressionPtr compile(const Expr& expr) {
  NodePtr node = build(expr);
  node->set_text(expr.text());
  return node;
}

Datum evaluate_constant(const Expr& e, Arena& arena) {
  switch (e.node) {
    case Expr::Node::kColumn:
      throw Failure(ErrorCode::kInternal, "a column in a constant expression", e.offset);
    case Expr::Node::kParameter:
      throw Failure(ErrorCode::kInternal, "a parameter without a value", e.offset);
    case Expr::Node::kNow:
      throw Failure(ErrorCode::kUnsupported, "now() is not supported here", e.offset);
    case Expr::Node::kConstant: {
      Datum d = e.constant.get();
      if (d.null) return Datum::of_null(kind_of(e.type.id));
      if (d.kind == Kind::kBytes) d.bytes = Bytes::copy(d.bytes.view(), arena);
      return d;
    }
    case Expr::Node::kCall: {
      std::vector<Column> columns;
      for (const ExprPtr& a : e.args) columns.push_back(column_of(evaluate_constant(*a, arena), arena));
      if (is_relabel(*e.function)) return columns[0].get(0);
      Chunk one;
      one.size = one.selected = 1;
      return call(*e.function, columns, one, arena).get(0);
    }
    case Expr::Node::kAnd:
    case Expr::Node::kOr: {
      const bool conjunction = e.node == Expr::Node::kAnd;
      bool any_null = false;
      for (const ExprPtr& a : e.args) {
        bool null = false;
        const bool t = truth(*a, arena, null);
        if (!null && t != conjunction) return Datum::of(!conjunction);
        any_null = any_null || null;
      }
      return any_null ? Datum::of_null(Kind::kBool) : Datum::of(conjunction);
    }
    case Expr::Node::kCase: {
      bool null = false;
      for (std::size_t k = 0; k + 1 < e.args.size(); k += 2) {
        if (truth(*e.args[k], arena, null)) return evaluate_constant(*e.args[k + 1], arena);
      }
      return evaluate_constant(*e.args.back(), arena);
    }
    case Expr::Node::kCoalesce: {
      for (const ExprPtr& a : e.args) {
        const Datum d = evaluate_constant(*a, arena);
        if (!d.null) return d;
      }
      return Datum::of_null(kind_of(e.type.id));
    }
  }
  return Datum();
}

ExprPtr fold(ExprPtr e) {
  for (ExprPtr& a : e->args) a = fold(std::move(a));
  if (e->args.empty() && (e->node != Expr::Node::kCall || e->function->user)) return e;
  if (e->node != Expr::Node::kCall || !e->function->user) {
    if (std::ranges::all_of(e->args, [](const ExprPtr& a) { return constant(*a); })) {
      Arena arena;
      try {
        return Expr::make_constant(evaluate_constant(*e, arena), e->type, e->offset);
      } catch (const Failure&) {
        return e;
      }
    }
  }
  if (e->node == Expr::Node::kCall && e->function->strict) {  // NULL whatever the others are, unless one of them is a constant that fails
    const bool fails = std::ranges::any_of(e->args, [](const ExprPtr& a) { return !constant(*a) && a->is_constant(); });
    if (!fails && std::ranges::any_of(e->args, [](const ExprPtr& a) { return is_null(*a); })) {
      return Expr::make_constant(Datum::of_null(kind_of(e->type.id)), e->type, e->offset);
    }
  }
  switch (e->node) {
    case Expr::Node::kAnd:
    case Expr::Node::kOr:
      return simplify_logic(std::move(e));
    case Expr::Node::kCase:
      return simplify_case(std::move(e));
    case Expr::Node::kCoalesce:
      return simplify_coalesce(std::move(e));
    default:
      return e;
  }
}

}  // namespace weir
