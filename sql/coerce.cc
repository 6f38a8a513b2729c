// PostgreSQL's rules of type conversion (chapter 10 of its manual; parse_coerce.c, parse_func.c, parse_oper.c): which casts exist
// and when they are made unasked, which overload of an operator or a function a call means, which type a CASE or a UNION has.

#include <algorithm>
#include <mutex>
#include <sstream>

#include "sql/kernels.h"
#include "sql/polymorphic.h"
#include "zset/datetime.h"
#include "zset/datetime_words.h"
#include "zset/text_form.h"
#include "zset/timezone_names.h"

namespace weir {
namespace {

// Types as the catalog of overloads names them: TypeIds first, then those that weir lacks.
using Code = std::uint8_t;
constexpr std::array kNames = {"unknown", "bool",    "int2", "int4",      "int8",     "float4",      "float8", "numeric",
                               "text",    "varchar", "date", "timestamp", "interval", "timestamptz", "time",
                               "bpchar",  "uuid",    "bytea", "json",      "jsonb"};
constexpr std::string_view kCategories = "XBNNNNNNSSDDTDDSUUUU";
constexpr Code kOwn = kNames.size();
static_assert(kOwn == static_cast<int>(kLastTypeId) + 1 && kCategories.size() == kOwn);
constexpr Code code(TypeId id) { return static_cast<Code>(id); }
constexpr bool is_own(Code c) { return c < kOwn || c == code(TypeId::kEnum) || is_array(static_cast<TypeId>(c)); }

struct Overload {
  std::vector<Code> args;
  Code result = 0;
  bool strict = true;
  bool variadic = false;
  int defaults = 0;
  const Function* function = nullptr;  // null: PostgreSQL has it, weir has not
};

struct Registry {
  Registry();
  struct ForeignType {
    std::string name;
    char category;
    bool preferred;
  };
  std::vector<ForeignType> foreign;
  std::unordered_map<std::string, Code> codes;
  std::unordered_map<std::string, std::vector<Overload>> operators, functions;
  std::deque<Function> built_in;
  Kernels kernels;

  void read(std::string_view overloads, std::unordered_map<std::string, std::vector<Overload>>& into);
  std::string name(Code c) const { return is_own(c) ? Type{static_cast<TypeId>(c), 0, 0}.to_string() : foreign[c - kOwn].name; }
  Variable variable(Code c) const { return is_own(c) ? Variable::kNone : variable_named(foreign[c - kOwn].name); }
  char category(Code c) const { return c == code(TypeId::kEnum) ? 'E' : is_array(static_cast<TypeId>(c)) ? 'A' : c < kOwn ? kCategories[c] : foreign[c - kOwn].category; }
  bool preferred(Code c) const {
    if (!is_own(c)) return foreign[c - kOwn].preferred;
    const TypeId id = static_cast<TypeId>(c);
    return id == TypeId::kBoolean || id == TypeId::kDouble || id == TypeId::kText || id == TypeId::kInterval || id == TypeId::kTimestamptz;
  }
  Code find(std::string_view type) const { return codes.at(std::string(type)); }
};

Registry::Registry() {
  for (Code c = 0; c < kOwn; ++c) codes[kNames[c]] = c;
  for (Code c = 1; c < kOwn; ++c) codes['_' + std::string(kNames[c])] = code(array_of(static_cast<TypeId>(c)));
  std::istringstream types{std::string(kForeignTypes)};
  for (std::string word; types >> word;) {
    const std::size_t colon = word.find(':');
    codes[word.substr(0, colon)] = static_cast<Code>(kOwn + foreign.size());
    foreign.push_back({word.substr(0, colon), word[colon + 1], word.back() == '!'});
  }
  codes["anyenum"] = code(TypeId::kEnum);
  add_arithmetic(kernels);
  add_comparisons(kernels);
  add_mathematics(kernels);
  add_texts(kernels);
  add_patterns(kernels);
  add_datetimes(kernels);
  add_formats(kernels);
  add_binaries(kernels);
  add_arrays(kernels);
  add_json(kernels);
  add_json_paths(kernels);
  read(kOperatorOverloads, operators);
  read(kFunctionOverloads, functions);
}

void Registry::read(std::string_view overloads, std::unordered_map<std::string, std::vector<Overload>>& into) {
  std::istringstream lines{std::string(overloads)};
  std::string name;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    std::istringstream words(line);
    if (line[0] != ' ') words >> name;
    for (std::string word; words >> word;) {
      Overload o;
      std::size_t at = 0;
      for (;; ++at) {
        if (word[at] == '*') {
          o.strict = false;
        } else if (word[at] == '+') {
          o.variadic = true;
        } else if (word[at] >= '0' && word[at] <= '9') {
          o.defaults = word[at] - '0';
        } else {
          break;
        }
      }
      const std::size_t open = word.find('(');
      o.result = find(word.substr(at, open - at));
      std::string signature = name;
      const auto usable = [&](Code c) { return is_own(c) || variable(c) != Variable::kNone; };
      bool own = usable(o.result);
      for (std::size_t from = open + 1; from < word.size() - 1;) {
        const std::size_t to = std::min(word.find(',', from), word.size() - 1);
        const std::string type = word.substr(from, to - from);
        o.args.push_back(find(type));
        own = own && (usable(o.args.back()) || type == "any" || type == "jsonpath");
        signature += ' ' + type;
        from = to + 1;
      }
      const Kernels::Entry* entry = own ? kernels.find(signature) : nullptr;
      if (entry) {
        Function& f = built_in.emplace_back();
        f.name = name;
        for (Code c : o.args) f.args.push_back(Type{is_own(c) ? static_cast<TypeId>(c) : TypeId::kUnknown, 0, 0});
        f.result = Type{is_own(o.result) ? static_cast<TypeId>(o.result) : TypeId::kUnknown, 0, 0};
        f.strict = o.strict;
        f.variadic = o.variadic;
        f.kernel = entry->kernel;
        f.effort = entry->effort;
        o.function = &f;
      }
      into[name].push_back(std::move(o));
    }
  }
}

const Registry& registry() {
  static const Registry* const r = new Registry();
  return *r;
}

// ---- casts

// Between different types of weir: what pg_cast says, then conversion by text form.
bool cast_exists(TypeId from, TypeId to, Cast context) {
  const auto number = [](TypeId t) { return t >= TypeId::kSmallint && t <= TypeId::kNumeric; };
  const auto rank = [](TypeId t) {  // the order of implicit casts among numbers
    switch (t) {
      case TypeId::kSmallint:
        return 0;
      case TypeId::kInteger:
        return 1;
      case TypeId::kBigint:
        return 2;
      case TypeId::kNumeric:
        return 3;
      case TypeId::kReal:
        return 4;
      default:
        return 5;
    }
  };
  const auto text = [](TypeId t) { return t == TypeId::kText || t == TypeId::kVarchar || t == TypeId::kBpchar; };
  const auto moment = [](TypeId t) { return t == TypeId::kTimestamp || t == TypeId::kTimestamptz; };
  if (from == to || from == TypeId::kUnknown) return true;
  if (is_array(from) && is_array(to)) return cast_exists(element_of(from), element_of(to), context);
  if (number(from) && number(to)) return rank(from) < rank(to) || context != Cast::kImplicit;
  if (text(from) && text(to)) return true;
  if (from == TypeId::kDate && moment(to)) return true;
  if (from == TypeId::kTimestamp && to == TypeId::kTimestamptz) return true;
  if (from == TypeId::kTimestamptz && to == TypeId::kTimestamp) return context != Cast::kImplicit;
  if (moment(from) && (to == TypeId::kDate || to == TypeId::kTime)) return context != Cast::kImplicit;
  if (from == TypeId::kTime && to == TypeId::kInterval) return true;
  if (from == TypeId::kInterval && to == TypeId::kTime) return context != Cast::kImplicit;
  if ((from == TypeId::kBoolean && to == TypeId::kInteger) || (from == TypeId::kInteger && to == TypeId::kBoolean)) return context == Cast::kExplicit;
  if (from == TypeId::kJsonb && (to == TypeId::kBoolean || number(to))) return context == Cast::kExplicit;
  if ((from == TypeId::kJson && to == TypeId::kJsonb) || (from == TypeId::kJsonb && to == TypeId::kJson)) return context != Cast::kImplicit;
  if (text(to)) return context != Cast::kImplicit;
  return text(from) && context == Cast::kExplicit;
}

// can_coerce_type() for an argument of a candidate.
bool accepts(Code target, Code input) {
  if (target == input || input == 0) return true;
  if (is_own(target)) return cast_exists(static_cast<TypeId>(input), static_cast<TypeId>(target), Cast::kImplicit);
  const std::string_view name = registry().foreign[target - kOwn].name;
  const char category = registry().category(input);
  if (name == "any") return true;
  switch (registry().variable(target)) {
    case Variable::kElement: case Variable::kCompatible: return true;
    case Variable::kNonArray: return category != 'A';
    case Variable::kArray: case Variable::kCompatibleArray: return category == 'A';
    case Variable::kNone: break;
  }
  if (name == "oid") return category == 'N' && input <= code(TypeId::kBigint);
  if (name == "timetz") return input == code(TypeId::kTime);
  return category == 'S' && name == "name";
}

// Do the arguments agree on what the type variables among those of the candidate stand for?
std::optional<Variables> variables_of(std::span<const Code> declared, std::span<const Code> input) {
  std::vector<Variable> variables;
  std::vector<TypeId> given;
  for (std::size_t i = 0; i < declared.size(); ++i) {
    variables.push_back(registry().variable(declared[i]));
    given.push_back(static_cast<TypeId>(input[i]));
  }
  return resolve(variables, given);
}

std::string list_types(std::span<const Code> types) {
  std::string s;
  for (Code c : types) s += (s.empty() ? "" : ", ") + registry().name(c);
  return s;
}

std::vector<Code> codes_of(std::span<const ExprPtr> args) {
  std::vector<Code> codes;
  for (const ExprPtr& a : args) codes.push_back(code(a->type.id));
  return codes;
}

struct Candidate {
  const Overload* overload;
  std::vector<Code> args;  // defaults dropped, variadic repeated
};

// func_select_candidate(): the one that fits best, or null where none does.
const Candidate* select(std::vector<const Candidate*> candidates, std::span<const Code> input) {
  const Registry& r = registry();
  const std::size_t n = input.size();
  const auto keep_best = [&](auto&& score) {
    int best = -1;
    std::vector<const Candidate*> kept;
    for (const Candidate* c : candidates) {
      int matches = 0;
      for (std::size_t i = 0; i < n; ++i) matches += input[i] != 0 && score(input[i], c->args[i]);
      if (matches > best) kept.clear(), best = matches;
      if (matches == best) kept.push_back(c);
    }
    candidates = std::move(kept);
  };
  keep_best([](Code in, Code arg) { return in == arg; });
  if (candidates.size() == 1) return candidates[0];
  keep_best([&](Code in, Code arg) { return in == arg || (r.category(in) == r.category(arg) && r.preferred(arg)); });
  if (candidates.size() == 1) return candidates[0];

  const std::size_t unknowns = static_cast<std::size_t>(std::count(input.begin(), input.end(), Code{0}));
  if (unknowns == 0) return nullptr;
  std::vector<char> categories(n, 0);
  std::vector<bool> has_preferred(n, false);
  bool resolved = true;
  for (std::size_t i = 0; i < n && resolved; ++i) {
    if (input[i] != 0) continue;
    bool conflict = false;
    for (const Candidate* c : candidates) {
      const char category = r.category(c->args[i]);
      const bool preferred = r.preferred(c->args[i]);
      if (categories[i] == 0) {
        categories[i] = category;
        has_preferred[i] = preferred;
      } else if (category == categories[i]) {
        has_preferred[i] = has_preferred[i] || preferred;
      } else if (category == 'S') {
        categories[i] = 'S';
        has_preferred[i] = preferred;
      } else {
        conflict = true;
      }
    }
    resolved = !conflict || categories[i] == 'S';
  }
  if (resolved) {
    std::vector<const Candidate*> kept;
    for (const Candidate* c : candidates) {
      bool fits = true;
      for (std::size_t i = 0; i < n && fits; ++i) {
        if (input[i] == 0) fits = r.category(c->args[i]) == categories[i] && (!has_preferred[i] || r.preferred(c->args[i]));
      }
      if (fits) kept.push_back(c);
    }
    if (!kept.empty()) candidates = std::move(kept);
    if (candidates.size() == 1) return candidates[0];
  }

  if (unknowns < n) {  // unknown ones take the type of the others, if those agree
    Code known = 0;
    for (Code in : input) {
      if (in == 0) continue;
      if (known != 0 && known != in) return nullptr;
      known = in;
    }
    const Candidate* only = nullptr;
    for (const Candidate* c : candidates) {
      if (!std::all_of(c->args.begin(), c->args.end(), [&](Code arg) { return accepts(arg, known); })) continue;
      if (!variables_of(c->args, std::vector<Code>(n, known))) continue;
      if (only) return nullptr;
      only = c;
    }
    return only;
  }
  return nullptr;
}

std::vector<const Candidate*> matching(const std::vector<Candidate>& all, std::span<const Code> input) {
  std::vector<const Candidate*> fit;
  for (const Candidate& c : all) {
    bool ok = c.args.size() == input.size();
    for (std::size_t i = 0; i < input.size() && ok; ++i) ok = accepts(c.args[i], input[i]);
    if (ok && variables_of(c.args, input)) fit.push_back(&c);
  }
  return fit;
}

const Candidate* exact(const std::vector<Candidate>& all, std::span<const Code> input) {
  for (const Candidate& c : all) {
    if (std::ranges::equal(c.args, input)) return &c;
  }
  return nullptr;
}

// A call of a function over type variables, with what they stand for here.
ExprPtr apply_generic(const Overload& overload, std::span<const Code> declared, std::vector<ExprPtr> args, int offset) {
  const Registry& r = registry();
  Variables variables = *variables_of(declared, codes_of(args));
  if (variables.compatible == TypeId::kUnknown) variables.compatible = TypeId::kText;
  const auto type_of = [&](Code c) {
    const Variable v = r.variable(c);
    const TypeId id = v == Variable::kNone ? static_cast<TypeId>(c) : variables.type_of(v);
    if (id == TypeId::kUnknown) throw Failure(ErrorCode::kType, "could not determine polymorphic type because input has type unknown", offset);
    return Type{id, 0, 0};
  };
  Function f = *overload.function;
  f.args.clear();
  for (std::size_t i = 0; i < args.size(); ++i) {
    f.args.push_back(type_of(declared[i]));
    args[i] = coerce(std::move(args[i]), f.args[i], Cast::kImplicit, offset);
  }
  f.result = type_of(overload.result);
  std::string key = "generic " + f.name;
  for (const Type& t : f.args) key += ", " + t.to_string();
  const Function& made = interned(key, [&] { return f; });
  return Expr::make_call(made, made.result, std::move(args), offset);
}

// The type of a call's arguments that are of an enum type: one.
Type enum_among(std::span<const ExprPtr> args, int offset) {
  Type found{TypeId::kEnum, 0, 0};
  for (const ExprPtr& a : args) {
    if (a->type.id != TypeId::kEnum || a->type.precision == 0 || a->type == found) continue;
    if (found.precision != 0) throw Failure(ErrorCode::kType, "no operator takes a value of type " + found.to_string() + " and one of type " + a->type.to_string(), offset);
    found = a->type;
  }
  return found;
}

// Arguments converted to what the chosen overload takes.
ExprPtr apply(const Overload& overload, std::span<const Code> declared, std::vector<ExprPtr> args, int offset) {
  if (std::ranges::any_of(declared, [](Code c) { return registry().variable(c) != Variable::kNone; })) {
    return apply_generic(overload, declared, std::move(args), offset);
  }
  const bool enums = std::ranges::find(declared, code(TypeId::kEnum)) != declared.end();
  const Type the_enum = enums ? enum_among(args, offset) : Type{};
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (declared[i] == code(TypeId::kEnum)) {
      args[i] = coerce(std::move(args[i]), the_enum, Cast::kImplicit, offset);
    } else if (is_own(declared[i])) {
      args[i] = coerce(std::move(args[i]), Type{static_cast<TypeId>(declared[i]), 0, 0}, Cast::kImplicit, offset);
    } else if (args[i]->type.id == TypeId::kUnknown) {
      args[i] = coerce(std::move(args[i]), Type{TypeId::kText, 0, 0}, Cast::kImplicit, offset);
      if (registry().name(declared[i]) == "jsonpath") check_json_path(*args[i]);
    }
  }
  return Expr::make_call(*overload.function, overload.function->result, std::move(args), offset);
}

std::vector<Candidate> operator_candidates(const std::string& name, std::size_t arity) {
  std::vector<Candidate> all;
  const auto found = registry().operators.find(name);
  if (found == registry().operators.end()) return all;
  for (const Overload& o : found->second) {
    if (o.args.size() == arity) all.push_back({&o, o.args});
  }
  return all;
}

ExprPtr bind_catalog_operator(const std::string& name, std::vector<ExprPtr> args, int offset) {
  const std::vector<Code> input = codes_of(args);
  const std::vector<Candidate> all = operator_candidates(name, args.size());
  const auto described = [&] {
    const Registry& r = registry();
    return input.size() == 1 ? name + ' ' + r.name(input[0]) : r.name(input[0]) + ' ' + name + ' ' + r.name(input[1]);
  };
  // A literal beside a value is first taken for that value's type.
  std::vector<Code> guess = input;
  if (input.size() == 2) {
    if (input[0] == 0) guess[0] = input[1];
    if (input[1] == 0) guess[1] = input[0];
  }
  const Candidate* chosen = exact(all, guess);
  if (!chosen) {
    const std::vector<const Candidate*> fit = matching(all, input);
    if (fit.empty()) {
      Failure failure(ErrorCode::kType, "operator does not exist: " + described(), offset);
      failure.error().hint = "No operator matches the given name and argument types. You might need to add explicit type casts.";
      throw failure;
    }
    chosen = fit.size() == 1 ? fit[0] : select(fit, input);
    if (!chosen) {
      Failure failure(ErrorCode::kType, "operator is not unique: " + described(), offset);
      failure.error().hint = "Could not choose a best candidate operator. You might need to add explicit type casts.";
      throw failure;
    }
  }
  const Registry& r = registry();
  if (name == "||" && chosen->args.size() == 2 && r.find("text") == chosen->overload->result) {  // text || any non-array and the reverse
    for (ExprPtr& a : args) a = coerce(std::move(a), Type{TypeId::kText, 0, 0}, Cast::kExplicit, offset);
    const std::vector<Code> texts(2, code(TypeId::kText));
    chosen = exact(all, texts);
  }
  // A date compared with a timestamp is one, and one without time zone that is compared with one that has it is such.
  std::vector<Code> declared = chosen->args;
  const Overload* overload = chosen->overload;
  if (!overload->function && declared.size() == 2 && declared[0] != declared[1] && declared[0] < kOwn && declared[1] < kOwn &&
      r.category(declared[0]) == 'D' && r.category(declared[1]) == 'D') {
    const bool zoned = declared[0] == code(TypeId::kTimestamptz) || declared[1] == code(TypeId::kTimestamptz);
    declared.assign(2, code(zoned ? TypeId::kTimestamptz : TypeId::kTimestamp));
    overload = exact(all, declared)->overload;
  }
  if (!overload->function) throw Failure(ErrorCode::kUnsupported, "operator " + described() + " is not supported", offset);
  if (name != "||" && is_array(static_cast<TypeId>(input[0]))) require_comparable(args[0]->type, offset);
  return apply(*overload, declared, std::move(args), offset);
}

ExprPtr to_boolean(ExprPtr e, std::string_view what, int offset) {
  if (e->type.id != TypeId::kBoolean && e->type.id != TypeId::kUnknown) {
    throw Failure(ErrorCode::kType, "argument of " + std::string(what) + " must be type boolean, not type " + e->type.to_string(),
                  e->offset >= 0 ? e->offset : offset);
  }
  return coerce(std::move(e), Type{TypeId::kBoolean, 0, 0}, Cast::kImplicit, offset);
}

std::vector<Type> types_of(std::span<const ExprPtr> args) {
  std::vector<Type> types;
  for (const ExprPtr& a : args) types.push_back(a->type);
  return types;
}

// All arguments in their common type.
Type unify(std::vector<ExprPtr>& args, std::string_view what, int offset) {
  const Type type = common_type(types_of(args), what, offset);
  for (ExprPtr& a : args) a = coerce(std::move(a), type, Cast::kImplicit, offset);
  return type;
}

std::vector<ExprPtr> pair(ExprPtr a, ExprPtr b) {
  std::vector<ExprPtr> args;
  args.push_back(std::move(a));
  args.push_back(std::move(b));
  return args;
}

ExprPtr negate(ExprPtr e, int offset) {
  std::vector<ExprPtr> args;
  args.push_back(std::move(e));
  return Expr::make_call(truth_test("not"), Type{TypeId::kBoolean, 0, 0}, std::move(args), offset);
}

ExprPtr bind_in(std::vector<ExprPtr> args, int offset) {
  const Type boolean{TypeId::kBoolean, 0, 0};
  if (args.size() == 2) return bind_catalog_operator("=", std::move(args), offset);
  // As PostgreSQL does: if x and the items have a common type, all are compared in it.
  std::vector<ExprPtr> constants, others;
  ExprPtr x = std::move(args[0]);
  for (std::size_t i = 1; i < args.size(); ++i) (args[i]->is_constant() ? constants : others).push_back(std::move(args[i]));
  std::vector<ExprPtr> tests;
  if (constants.size() > 1) {
    std::vector<Type> types{x->type};
    for (const ExprPtr& c : constants) types.push_back(c->type);
    bool common = true;
    Type type;
    try {
      type = common_type(types, "IN", offset);
    } catch (const Failure&) {
      common = false;
    }
    if (common) {
      std::vector<ExprPtr> list;
      if (type.id != TypeId::kEnum) type.precision = type.scale = 0;
      require_comparable(type, offset);
      list.push_back(coerce(x->clone(), type, Cast::kImplicit, offset));
      bool literal = true;
      for (ExprPtr& c : constants) {
        list.push_back(fold(coerce(std::move(c), type, Cast::kImplicit, offset)));
        literal = literal && list.back()->node == Expr::Node::kConstant;
      }
      if (literal) {
        tests.push_back(Expr::make_call(in_list(type), boolean, std::move(list), offset));
      } else {
        for (std::size_t i = 1; i < list.size(); ++i) tests.push_back(bind_catalog_operator("=", pair(list[0]->clone(), std::move(list[i])), offset));
      }
      constants.clear();
    }
  }
  for (auto* rest : {&constants, &others}) {
    for (ExprPtr& e : *rest) tests.push_back(bind_catalog_operator("=", pair(x->clone(), std::move(e)), offset));
  }
  if (tests.size() == 1) return std::move(tests[0]);
  return Expr::make(Expr::Node::kOr, boolean, std::move(tests), offset);
}

constexpr std::array<std::string_view, 21> kVolatile = {"now",
                                                        "random",
                                                        "current_date",
                                                        "current_time",
                                                        "current_timestamp",
                                                        "localtime",
                                                        "localtimestamp",
                                                        "clock_timestamp",
                                                        "statement_timestamp",
                                                        "transaction_timestamp",
                                                        "timeofday",
                                                        "gen_random_uuid",
                                                        "setseed",
                                                        "nextval",
                                                        "currval",
                                                        "setval",
                                                        "lastval",
                                                        "version",
                                                        "txid_current",
                                                        "pg_sleep",
                                                        "current_user"};

// A function named like a type is a cast: date('2001-01-01').
TypeId type_named(std::string_view name) {
  for (Code c = 1; c < kOwn; ++c) {
    if (name == kNames[c]) return static_cast<TypeId>(c);
  }
  return TypeId::kUnknown;
}

ExprPtr bind_extremum(std::string_view name, std::vector<ExprPtr> args, int offset) {
  const bool greatest = name == "greatest";
  const Type type = unify(args, greatest ? "GREATEST" : "LEAST", offset);
  require_comparable(type, offset);
  if (args.size() == 1) return std::move(args[0]);
  return Expr::make_call(extremum(greatest, type), type, std::move(args), offset);
}

// Types that PostgreSQL compares as they are, with an operator of their own for each pair; here one is converted to the other.
bool compared_unconverted(TypeId a, TypeId b) {
  const auto family = [](TypeId t) {
    switch (t) {
      case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint: return 1;
      case TypeId::kReal: case TypeId::kDouble: return 2;
      case TypeId::kDate: case TypeId::kTimestamp: case TypeId::kTimestamptz: return 3;
      default: return 0;
    }
  };
  return family(a) != 0 && family(a) == family(b);
}

// NULLIF(a, b) is CASE WHEN a = b THEN NULL ELSE a END, with a as it was converted for the comparison.
ExprPtr bind_nullif(std::vector<ExprPtr> args, int offset) {
  ExprPtr value = compared_unconverted(args[0]->type.id, args[1]->type.id) ? args[0]->clone() : nullptr;
  ExprPtr equal = bind_catalog_operator("=", std::move(args), offset);
  if (!value) value = equal->args[0]->clone();
  const Type type = value->type;
  std::vector<ExprPtr> branches;
  branches.push_back(std::move(equal));
  branches.push_back(Expr::make_constant(Datum::of_null(kind_of(type.id)), type, offset));
  branches.push_back(std::move(value));
  return Expr::make(Expr::Node::kCase, type, std::move(branches), offset);
}

// A zone that is written out is looked at when the call is bound.
void check_timezone(const Expr& zone, int offset) {
  if (zone.node != Expr::Node::kConstant || zone.constant.get().null || kind_of(zone.type.id) != Kind::kBytes) return;
  std::string lower;
  const std::string text(zone.constant.get().bytes.view());
  lower_case(text, lower);
  if (!timezone_offset(lower) && (is_timezone_abbreviation(lower) || is_timezone_name(lower))) {
    try {
      refuse_timezone(text);
    } catch (Failure& failure) {
      failure.error().offset = zone.offset >= 0 ? zone.offset : offset;
      throw;
    }
  }
}

Code user_code(const Type& t) { return code(t.id); }

}  // namespace

const Function& interned(const std::string& key, const std::function<Function()>& make) {
  static std::mutex mutex;
  static auto* const functions = new std::unordered_map<std::string, std::unique_ptr<const Function>>();
  const std::lock_guard lock(mutex);
  std::unique_ptr<const Function>& slot = (*functions)[key];
  if (!slot) slot = std::make_unique<const Function>(make());
  return *slot;
}

bool is_comparable(const Type& type) { return element_of(type.id) != TypeId::kJson; }

void require_comparable(const Type& type, int offset) {
  if (!is_comparable(type)) throw Failure(ErrorCode::kType, "could not identify a comparison function for type " + type.to_string(), offset);
}

bool converts_implicitly(TypeId from, TypeId to) { return cast_exists(from, to, Cast::kImplicit); }

ExprPtr bind_array(std::vector<ExprPtr> elements, const Type* element, int offset) {
  const auto refuse_nested = [&](const Type& t) {
    if (is_array(t.id)) throw Failure(ErrorCode::kUnsupported, "an array of arrays is not supported", offset);
  };
  for (const ExprPtr& e : elements) refuse_nested(e->type);
  if (elements.empty() && !element) {
    Failure failure(ErrorCode::kType, "cannot determine type of empty array", offset);
    failure.error().hint = "Explicitly cast to the desired type, for example ARRAY[]::integer[].";
    throw failure;
  }
  const Type type = element ? *element : common_type(types_of(elements), "ARRAY", offset);
  for (ExprPtr& e : elements) e = coerce(std::move(e), type, element ? Cast::kExplicit : Cast::kImplicit, offset);
  return Expr::make_call(array_constructor(type.id), Type{array_of(type.id), type.precision, type.scale}, std::move(elements), offset);
}

ExprPtr bind_quantified(std::string_view op, ExprPtr left, ExprPtr array, bool all, int offset) {
  const Type given = array->type;
  if (given.id != TypeId::kUnknown && !is_array(given.id)) throw Failure(ErrorCode::kType, "op ANY/ALL (array) requires array on right side", offset);
  // The operator is the one for an element.
  ExprPtr element = given.id == TypeId::kUnknown ? Expr::make_constant(Datum::of_null(Kind::kBytes), Type{}, offset)
                                                 : Expr::make_column(0, Type{element_of(given.id), 0, 0});
  if (left->type.id == TypeId::kEnum) throw Failure(ErrorCode::kUnsupported, "ANY or ALL of an array of an enum type is not supported", offset);
  ExprPtr test = bind_operator(op, pair(std::move(left), std::move(element)), offset);
  if (test->type.id != TypeId::kBoolean) throw Failure(ErrorCode::kType, "op ANY/ALL (array) requires operator to yield boolean", offset);
  if (test->node != Expr::Node::kCall || test->args.size() != 2 || is_array(test->function->args[1].id)) {
    throw Failure(ErrorCode::kUnsupported, "operator " + std::string(op) + " with ANY or ALL of an array is not supported", offset);
  }
  const Function& f = array_quantifier(*test->function, all);
  array = coerce(std::move(array), f.args[1], Cast::kImplicit, offset);
  return Expr::make_call(f, f.result, pair(std::move(test->args[0]), std::move(array)), offset);
}

bool function_exists(std::string_view name) {
  const std::string key(name);
  if (key == "greatest" || key == "least" || key == "nullif" || key == "coalesce") return true;
  return registry().functions.contains(key) || std::ranges::find(kVolatile, name) != kVolatile.end();
}

ExprPtr bind_operator(std::string_view op, std::vector<ExprPtr> args, int offset) {
  const Type boolean{TypeId::kBoolean, 0, 0};
  const std::string name(op);
  if (name == "not") return negate(to_boolean(std::move(args[0]), "NOT", offset), offset);
  if (name == "is null" || name == "is not null") {
    const Type text{TypeId::kText, 0, 0};
    const bool open = args[0]->type.id == TypeId::kUnknown && args[0]->node == Expr::Node::kParameter;  // says nothing about its type
    if (args[0]->type.id == TypeId::kUnknown && !open) args[0] = coerce(std::move(args[0]), text, Cast::kImplicit, offset);
    const Function& f = null_test(name == "is not null", open ? text : args[0]->type);
    return Expr::make_call(f, boolean, std::move(args), offset);
  }
  if (name == "is distinct from" || name == "is not distinct from") {
    ExprPtr equal = bind_catalog_operator("=", std::move(args), offset);
    const Function& f = distinct_test(name == "is not distinct from", equal->args[0]->type);
    return Expr::make_call(f, boolean, std::move(equal->args), offset);
  }
  if (name == "at most one row") return Expr::make_call(one_row_test(), boolean, std::move(args), offset);
  if (name.starts_with("is ")) {
    std::string what = name;
    for (char& c : what) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    args[0] = to_boolean(std::move(args[0]), what, offset);
    return Expr::make_call(truth_test(op), boolean, std::move(args), offset);
  }
  if (name == "in") return bind_in(std::move(args), offset);
  if (name == "not in") {
    if (args.size() == 2) return bind_catalog_operator("<>", std::move(args), offset);
    return negate(bind_in(std::move(args), offset), offset);
  }
  std::string symbol = name == "like"        ? "~~"
                       : name == "not like"  ? "!~~"
                       : name == "ilike"     ? "~~*"
                       : name == "not ilike" ? "!~~*"
                       : name == "!="        ? "<>"
                                             : name;
  if (symbol.ends_with("~~") || symbol.ends_with("~~*")) {
    if (args.size() == 3) {
      ExprPtr pattern = bind_call("like_escape", pair(std::move(args[1]), std::move(args[2])), nullptr, offset);
      args = pair(std::move(args[0]), std::move(pattern));
    }
  }
  return bind_catalog_operator(symbol, std::move(args), offset);
}

ExprPtr bind_call(std::string_view name, std::vector<ExprPtr> args, const UserFunctions* users, int offset) {
  const std::string key(name);
  const Registry& r = registry();
  const std::vector<Code> input = codes_of(args);
  const auto described = [&] { return key + '(' + list_types(input) + ')'; };

  std::vector<Overload> user_overloads;
  if (users) {
    for (const Function* f : users->find(name)) {
      Overload o;
      for (const Type& t : f->args) o.args.push_back(user_code(t));
      o.result = user_code(f->result);
      o.function = f;
      user_overloads.push_back(std::move(o));
    }
  }
  if (user_overloads.empty()) {
    if ((key == "greatest" || key == "least") && !args.empty()) return bind_extremum(name, std::move(args), offset);
    if (key == "nullif" && args.size() == 2) return bind_nullif(std::move(args), offset);
    if (key == "coalesce" && !args.empty()) {
      const Type type = unify(args, "COALESCE", offset);
      return Expr::make(Expr::Node::kCoalesce, type, std::move(args), offset);
    }
    if (std::ranges::find(kVolatile, name) != kVolatile.end()) {
      throw Failure(ErrorCode::kUnsupported, key + "() is volatile: a live view cannot depend on it", offset);
    }
  }

  std::vector<Candidate> all;
  const auto offer = [&](const Overload& o) {
    const std::size_t n = args.size();
    std::vector<Code> types = o.args;
    if (o.variadic) {
      if (n < types.size()) return;
      types.resize(n, types.back());
    } else if (n > types.size() || n + static_cast<std::size_t>(o.defaults) < types.size()) {
      return;
    }
    types.resize(n);
    all.push_back({&o, std::move(types)});
  };
  for (const Overload& o : user_overloads) offer(o);
  if (const auto found = r.functions.find(key); found != r.functions.end()) {
    for (const Overload& o : found->second) offer(o);
  }

  const Candidate* chosen = exact(all, input);
  if (!chosen) {
    if (const TypeId type = args.size() == 1 ? type_named(name) : TypeId::kUnknown; type != TypeId::kUnknown) {
      const TypeId from = args[0]->type.id;
      if (from == TypeId::kUnknown || cast_exists(from, type, Cast::kExplicit))
        return coerce(std::move(args[0]), Type{type, 0, 0}, Cast::kExplicit, offset);
    }
    const std::vector<const Candidate*> fit = matching(all, input);
    if (fit.empty()) {
      const bool known = !user_overloads.empty() || r.functions.contains(key);
      Failure failure(known ? ErrorCode::kType : ErrorCode::kUnknownName, "function " + described() + " does not exist", offset);
      failure.error().hint = "No function matches the given name and argument types. You might need to add explicit type casts.";
      throw failure;
    }
    chosen = fit.size() == 1 ? fit[0] : select(fit, input);
    if (!chosen) {
      Failure failure(ErrorCode::kType, "function " + described() + " is not unique", offset);
      failure.error().hint = "Could not choose a best candidate function. You might need to add explicit type casts.";
      throw failure;
    }
  }
  // A function named like a type is the cast to it, where its arguments are those of a cast.
  if (const TypeId type = args.size() == 1 ? type_named(name) : TypeId::kUnknown;
      type != TypeId::kUnknown && is_own(chosen->args[0]) && !chosen->overload->function) {
    return coerce(coerce(std::move(args[0]), Type{static_cast<TypeId>(chosen->args[0]), 0, 0}, Cast::kImplicit, offset), Type{type, 0, 0},
                  Cast::kExplicit, offset);
  }
  if (key == "timezone") check_timezone(*args[0], offset);
  if ((key == "date_trunc" && args.size() == 3) || (key == "make_timestamptz" && args.size() == 7)) check_timezone(*args.back(), offset);
  if (key == "overlaps") {  // a length instead of an end
    for (const std::size_t end : {std::size_t{1}, std::size_t{3}}) {
      if (chosen->args[end] != code(TypeId::kInterval)) continue;
      const Type type{static_cast<TypeId>(chosen->args[0]), 0, 0};
      args[end - 1] = coerce(std::move(args[end - 1]), type, Cast::kImplicit, offset);
      args[end] = coerce(std::move(args[end]), Type{TypeId::kInterval, 0, 0}, Cast::kImplicit, offset);
      args[end] = bind_catalog_operator("+", pair(args[end - 1]->clone(), std::move(args[end])), offset);
    }
    chosen = exact(all, std::vector<Code>(4, chosen->args[0]));
  }
  if (key == "num_nulls" || key == "num_nonnulls") {
    for (ExprPtr& a : args) {
      if (a->type.id == TypeId::kUnknown) a = coerce(std::move(a), Type{TypeId::kText, 0, 0}, Cast::kImplicit, offset);
    }
    return Expr::make_call(null_count(key == "num_nulls"), Type{TypeId::kInteger, 0, 0}, std::move(args), offset);
  }
  if (key == "concat" || key == "concat_ws" || key == "format") {  // take text forms
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (args[i]->type.id == TypeId::kUnknown || is_own(chosen->args[i])) {
        args[i] = coerce(std::move(args[i]), Type{TypeId::kText, 0, 0}, Cast::kImplicit, offset);
      } else if (args[i]->type.id != TypeId::kText && args[i]->type.id != TypeId::kVarchar) {
        std::vector<ExprPtr> one;
        const Function& f = output_function(args[i]->type.id);
        one.push_back(std::move(args[i]));
        args[i] = Expr::make_call(f, Type{TypeId::kText, 0, 0}, std::move(one), offset);
      }
    }
    if (!chosen->overload->function) throw Failure(ErrorCode::kUnsupported, "function " + described() + " is not supported", offset);
    return Expr::make_call(*chosen->overload->function, Type{TypeId::kText, 0, 0}, std::move(args), offset);
  }
  if (key.starts_with("json_build_") || key.starts_with("jsonb_build_")) {  // look at the types that are given
    Function f = *chosen->overload->function;
    f.args.clear();
    f.variadic = false;
    std::string made = key;
    for (ExprPtr& a : args) {
      if (a->type.id == TypeId::kUnknown) a = coerce(std::move(a), Type{TypeId::kText, 0, 0}, Cast::kImplicit, offset);
      f.args.push_back(Type{a->type.id, 0, 0});
      made += ", " + f.args.back().to_string();
    }
    const Function& function = interned(made, [&] { return f; });
    return Expr::make_call(function, function.result, std::move(args), offset);
  }
  if ((key == "quote_literal" || key == "quote_nullable") && !is_own(chosen->args[0])) {
    args[0] = coerce(std::move(args[0]), Type{TypeId::kText, 0, 0}, Cast::kExplicit, offset);
    const std::vector<Code> text(1, code(TypeId::kText));
    chosen = exact(all, text);
  }
  std::vector<Code> declared = chosen->args;
  for (std::size_t i = args.size(); i < chosen->overload->args.size(); ++i) {  // defaults: zeros
    declared.push_back(chosen->overload->args[i]);
    args.push_back(Expr::make_constant(Datum::of(Bytes("0")), Type{}, offset));
  }
  const Overload* overload = chosen->overload;
  if (!overload->function) throw Failure(ErrorCode::kUnsupported, "function " + key + '(' + list_types(declared) + ") is not supported", offset);
  return apply(*overload, declared, std::move(args), offset);
}

ExprPtr coerce(ExprPtr expr, const Type& type, Cast context, int offset) {
  if (type.id == TypeId::kUnknown) return expr;
  const Type plain = without_typmod(type);
  const int at = expr->offset >= 0 ? expr->offset : offset;
  if (expr->type.id == TypeId::kEnum && type.id == TypeId::kEnum) {
    if (expr->type == type || expr->type.precision == 0 || type.precision == 0) return expr;
    throw Failure(ErrorCode::kType, "cannot cast type " + expr->type.to_string() + " to " + type.to_string(), at);
  }
  if (expr->type.id == TypeId::kUnknown) {
    if (expr->node == Expr::Node::kConstant) {
      const Datum d = expr->constant.get();
      if (d.null) return Expr::make_constant(Datum::of_null(kind_of(type.id)), type, expr->offset);
      Arena arena;
      try {
        expr = Expr::make_constant(parse_datum(d.bytes.view(), plain, arena), plain, expr->offset);
      } catch (Failure& failure) {
        if (failure.error().offset < 0) failure.error().offset = at;
        throw;
      }
    } else if (expr->node == Expr::Node::kParameter) {
      expr->type = plain;  // found from where it stands, as PostgreSQL's PREPARE does
    } else {
      expr->type = Type{TypeId::kText, 0, 0};
    }
  }
  if (expr->type.id != type.id) {
    const TypeId from = expr->type.id;
    if (!cast_exists(from, type.id, context)) {
      throw Failure(ErrorCode::kType, "cannot cast type " + expr->type.to_string() + " to " + plain.to_string(), at);
    }
    const Function* f = cast_function(from, plain, context == Cast::kExplicit);
    if (!f) throw Failure(ErrorCode::kType, "cannot cast type " + expr->type.to_string() + " to " + plain.to_string(), at);
    std::vector<ExprPtr> args;
    args.push_back(std::move(expr));
    expr = Expr::make_call(*f, plain, std::move(args), at);
  }
  if (type.precision != 0 ? expr->type != type : context == Cast::kExplicit && expr->type.precision != 0) {
    const Function* f = cast_function(type.id, type, context == Cast::kExplicit);
    std::vector<ExprPtr> args;
    args.push_back(std::move(expr));
    expr = Expr::make_call(*f, type, std::move(args), at);
  }
  return expr;
}

Type common_type(std::span<const Type> types, std::string_view what, int offset) {
  const Registry& r = registry();
  TypeId best = types[0].id;
  bool same = true;
  for (const Type& next : types.subspan(1)) {
    same = same && next == types[0];
    if (next.id == TypeId::kUnknown || next.id == best) continue;
    if (best == TypeId::kUnknown) {
      best = next.id;
    } else if (r.category(code(best)) != r.category(code(next.id))) {
      throw Failure(ErrorCode::kType,
                    std::string(what) + " types " + Type{best, 0, 0}.to_string() + " and " + Type{next.id, 0, 0}.to_string() + " cannot be matched",
                    offset);
    } else if (!r.preferred(code(best)) && cast_exists(best, next.id, Cast::kImplicit) && !cast_exists(next.id, best, Cast::kImplicit)) {
      best = next.id;
    }
  }
  if (best == TypeId::kEnum) {
    Type only{TypeId::kEnum, 0, 0};
    for (const Type& t : types) {
      if (t.id != TypeId::kEnum || t.precision == 0 || t == only) continue;
      if (only.precision != 0) throw Failure(ErrorCode::kType, std::string(what) + " types " + only.to_string() + " and " + t.to_string() + " cannot be matched", offset);
      only = t;
    }
    return only;
  }
  if (best == TypeId::kUnknown) return Type{TypeId::kText, 0, 0};
  return same ? types[0] : Type{best, 0, 0};
}

Type aggregate_result(std::string_view function, const Type& argument, int offset) {
  const TypeId t = argument.id;
  const auto is = [&](std::initializer_list<TypeId> ids) { return std::ranges::find(ids, t) != ids.end(); };
  const bool number = t >= TypeId::kSmallint && t <= TypeId::kNumeric;
  const std::string name(function);
  if (name == "count") return Type{TypeId::kBigint, 0, 0};
  if (name == "sum") {
    if (is({TypeId::kSmallint, TypeId::kInteger})) return Type{TypeId::kBigint, 0, 0};
    if (t == TypeId::kBigint) return Type{TypeId::kNumeric, 0, 0};
    if (t == TypeId::kTime) return Type{TypeId::kInterval, 0, 0};
    if (number || t == TypeId::kInterval) return Type{t, 0, 0};
  } else if (name == "avg") {
    if (is({TypeId::kReal, TypeId::kDouble})) return Type{TypeId::kDouble, 0, 0};
    if (number) return Type{TypeId::kNumeric, 0, 0};
    if (t == TypeId::kInterval || t == TypeId::kTime) return Type{TypeId::kInterval, 0, 0};
  } else if (name == "min" || name == "max") {
    if (is({TypeId::kText, TypeId::kVarchar, TypeId::kUnknown})) return Type{TypeId::kText, 0, 0};
    if (t == TypeId::kBpchar) return Type{t, 0, 0};
    if (!is({TypeId::kBoolean, TypeId::kUuid, TypeId::kBytea, TypeId::kJson, TypeId::kJsonb})) return argument;  // keeps no typmod in PostgreSQL's catalog, but the values have it
  } else if (name == "bool_and" || name == "bool_or" || name == "every") {
    if (is({TypeId::kBoolean, TypeId::kUnknown})) return Type{TypeId::kBoolean, 0, 0};
  } else {
    throw Failure(ErrorCode::kUnknownName, "function " + name + '(' + argument.to_string() + ") does not exist", offset);
  }
  const bool ambiguous = t == TypeId::kUnknown && (name == "sum" || name == "avg");
  Failure failure(ErrorCode::kType, "function " + name + '(' + Type{t, 0, 0}.to_string() + (ambiguous ? ") is not unique" : ") does not exist"),
                  offset);
  failure.error().hint = "No function matches the given name and argument types. You might need to add explicit type casts.";
  throw failure;
}

}  // namespace weir
