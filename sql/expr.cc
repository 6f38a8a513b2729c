// Building, copying and naming of bound expressions.

#include "sql/expr.h"

#include "sql/functions.h"
#include "zset/text_form.h"

namespace weir {

ExprPtr Expr::make_column(std::uint16_t column, Type type) {
  auto e = std::make_unique<Expr>();
  e->node = Node::kColumn;
  e->type = type;
  e->column = column;
  return e;
}

ExprPtr Expr::make_constant(const Datum& value, Type type, int offset) {
  auto e = std::make_unique<Expr>();
  e->node = Node::kConstant;
  e->type = type;
  e->offset = offset;
  e->constant = Constant(value);
  return e;
}

ExprPtr Expr::make_call(const Function& function, Type type, std::vector<ExprPtr> args, int offset) {
  ExprPtr e = make(Node::kCall, type, std::move(args), offset);
  e->function = &function;
  return e;
}

ExprPtr Expr::make(Node node, Type type, std::vector<ExprPtr> args, int offset) {
  auto e = std::make_unique<Expr>();
  e->node = node;
  e->type = type;
  e->offset = offset;
  e->args = std::move(args);
  return e;
}

ExprPtr Expr::clone() const {
  auto e = std::make_unique<Expr>();
  e->node = node;
  e->type = type;
  e->offset = offset;
  e->column = column;
  e->constant = constant;
  e->function = function;
  e->args.reserve(args.size());
  for (const ExprPtr& a : args) e->args.push_back(a->clone());
  return e;
}

std::string type_text(const Type& type) {
  std::string out = type.to_string();
  if (type.id == TypeId::kEnum) out += " enum " + std::to_string(type.precision);
  return out;
}

namespace {

void append_quoted(std::string& out, std::string_view text) {
  out += '\'';
  for (char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  out += '\'';
}

void append_list(std::string& out, const std::vector<ExprPtr>& args, std::string_view separator, void (*append)(std::string&, const Expr&)) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (i) out += separator;
    append(out, *args[i]);
  }
}

void append_text(std::string& out, const Expr& e) {
  switch (e.node) {
    case Expr::Node::kColumn:
      out += '#';
      out += std::to_string(e.column);
      return;
    case Expr::Node::kParameter:
      out += '$';
      out += std::to_string(e.column + 1);
      out += "::";
      out += type_text(e.type);
      return;
    case Expr::Node::kConstant: {
      const Datum d = e.constant.get();
      if (d.null) {
        out += "NULL";
      } else {
        std::string value;
        if (e.type.id == TypeId::kUnknown) {
          value = d.bytes.view();
        } else {
          format_datum(d, Type{e.type.id, 0, 0}, value);
        }
        append_quoted(out, value);
      }
      out += "::";
      out += type_text(e.type);
      return;
    }
    case Expr::Node::kCall: {
      const Function& f = *e.function;
      if (f.target.id != TypeId::kUnknown) {
        out += f.name;
        out += '(';
        append_text(out, *e.args[0]);
        out += " as ";
        out += type_text(f.target);
        out += ')';
        return;
      }
      const bool word = (f.name[0] >= 'a' && f.name[0] <= 'z') || (f.name[0] >= 'A' && f.name[0] <= 'Z') || f.name[0] == '_';
      if (!word && e.args.size() == 2) {
        out += '(';
        append_text(out, *e.args[0]);
        out += ' ';
        out += f.name;
        out += ' ';
        append_text(out, *e.args[1]);
        out += ')';
        return;
      }
      out += f.name;
      if (f.user) out += "!";
      out += '(';
      append_list(out, e.args, ", ", append_text);
      out += ')';
      return;
    }
    case Expr::Node::kAnd:
    case Expr::Node::kOr:
      out += '(';
      append_list(out, e.args, e.node == Expr::Node::kAnd ? " AND " : " OR ", append_text);
      out += ')';
      return;
    case Expr::Node::kCase:
      out += "CASE";
      for (std::size_t i = 0; i + 1 < e.args.size(); i += 2) {
        out += " WHEN ";
        append_text(out, *e.args[i]);
        out += " THEN ";
        append_text(out, *e.args[i + 1]);
      }
      out += " ELSE ";
      append_text(out, *e.args.back());
      out += " END";
      return;
    case Expr::Node::kCoalesce:
      out += "COALESCE(";
      append_list(out, e.args, ", ", append_text);
      out += ')';
      return;
    case Expr::Node::kNow:
      out += "now()";
      return;
  }
}

}  // namespace

std::string Expr::text() const {
  std::string out;
  append_text(out, *this);
  return out;
}

bool Expr::is_constant() const {
  if (node == Node::kColumn || node == Node::kParameter || node == Node::kNow) return false;
  if (node == Node::kCall && function->user) return false;
  for (const ExprPtr& a : args) {
    if (!a->is_constant()) return false;
  }
  return true;
}

}  // namespace weir
