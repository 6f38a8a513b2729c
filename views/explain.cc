// EXPLAIN: the plan and the circuit of a view or a query, with ANALYZE also what its operators have done and hold; as text, as Graphviz, as JSON.

#include <algorithm>
#include <cstdio>

#include "sql/document.h"
#include "sql/temporal.h"
#include "views/engine.h"

namespace weir::internal {
namespace {

using Nanoseconds = std::chrono::nanoseconds;

std::string node_name(std::uint32_t id) { return "n" + std::to_string(id); }

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string with_commas(std::uint64_t n) {
  std::string out = std::to_string(n);
  for (std::size_t at = out.size(); at > 3;) out.insert(at -= 3, 1, ',');
  return out;
}

std::string milliseconds(Nanoseconds ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(ns.count()) / 1e6);
  return text;
}

double share(const OperatorProfile& op, Nanoseconds total) {
  return total.count() == 0 ? 0 : static_cast<double>((op.evaluate + op.keep).count()) / static_cast<double>(total.count());
}

Nanoseconds total_of(const Profile& profile) {
  Nanoseconds total{0};
  for (const OperatorProfile& op : profile.operators) total += op.evaluate + op.keep;
  return total;
}

// A line of the circuit: "n7 join on 1 key <- n1, n2 (is v, at rest, 2 users)".
std::string circuit_line(const OperatorProfile& op, bool analyze) {
  std::string out = node_name(op.id) + " " + op.name;
  for (std::size_t i = 0; i < op.inputs.size(); ++i) out += (i ? ", " : " <- ") + node_name(op.inputs[i]);
  std::string more;
  const auto say = [&](const std::string& what) { more += (more.empty() ? "" : ", ") + what; };
  if (const std::string named = joined(op.relations); !named.empty() && named != op.name) say("is " + named);
  if (op.at_rest) say("at rest");
  if (!analyze && op.state_rows) say(std::to_string(op.state_rows) + " rows, " + std::to_string(op.state_bytes) + " bytes");
  if (op.is_new) say("new");
  else if (op.users > 1) say(std::to_string(op.users) + " users");
  return more.empty() ? out : out + " (" + more + ")";
}

std::string percent(double part) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f", part * 100);
  return text;
}

std::string table_of(const Profile& profile) {
  const Nanoseconds total = total_of(profile);
  std::vector<std::vector<std::string>> lines = {{"batches", "rows in", "rows out", "evaluate ms", "keep ms", "time %", "state rows", "state bytes"}};
  for (const OperatorProfile& op : profile.operators) {
    const auto time = [&](const std::string& text) { return profile.timed ? text : std::string("-"); };
    lines.push_back({with_commas(op.batches), with_commas(op.rows_in), with_commas(op.rows_out), time(milliseconds(op.evaluate)), time(milliseconds(op.keep)),
                     time(percent(share(op, total))), with_commas(op.state_rows), with_commas(op.state_bytes)});
  }
  std::string out;
  for (std::size_t n = 0; n < lines.size(); ++n) {
    for (std::size_t c = 0; c < lines[n].size(); ++c) {
      std::size_t width = 0;
      for (const auto& line : lines) width = std::max(width, line[c].size());
      out += std::string(2 + width - lines[n][c].size(), ' ') + lines[n][c];
    }
    out += "  " + (n == 0 ? "operator" : circuit_line(profile.operators[n - 1], true)) + "\n";
  }
  return out + (profile.timed ? "" : "Times are not taken: profiling is off.\n");
}

std::string as_text(const Profile& profile, bool analyze) {
  std::string out = profile.plan;
  if (profile.operators.empty()) return out;
  out += "Circuit:\n";
  if (analyze) return out + table_of(profile);
  for (const OperatorProfile& op : profile.operators) out += "  " + circuit_line(op, false) + "\n";
  return out;
}

std::string as_graphviz(const Profile& profile, bool analyze) {
  const Nanoseconds total = total_of(profile);
  std::string out = "digraph circuit {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n";
  for (const OperatorProfile& op : profile.operators) {
    const std::string named = joined(op.relations);
    std::string label = op.inputs.empty() && !named.empty() ? named : op.name + (named.empty() ? "" : "\n" + named);
    std::string fill = op.inputs.empty() ? "lightgrey" : "";
    if (analyze) {
      label += "\n" + with_commas(op.batches) + " batches, " + with_commas(op.rows_in) + " rows in, " + with_commas(op.rows_out) + " out";
      if (profile.timed) label += "\n" + milliseconds(op.evaluate + op.keep) + " ms, " + percent(share(op, total)) + " %";
      if (op.state_bytes) label += "\nholds " + with_commas(op.state_rows) + " rows, " + with_commas(op.state_bytes) + " bytes";
      char warm[32];
      std::snprintf(warm, sizeof warm, "0.05 %.2f 1.00", 0.8 * share(op, total));  // hue, saturation, value: the more time the redder
      if (profile.timed) fill = warm;
    }
    std::string escaped;
    for (const char c : label) {
      if (c == '"' || c == '\\') escaped += '\\';
      escaped += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    out += "  " + node_name(op.id) + " [label=\"" + escaped + "\"" + (fill.empty() ? "" : ", style=filled, fillcolor=" + (analyze ? '"' + fill + '"' : fill)) + "];\n";
  }
  for (const OperatorProfile& op : profile.operators) {
    for (const std::uint32_t input : op.inputs) out += "  " + node_name(input) + " -> " + node_name(op.id) + ";\n";
  }
  return out + "}\n";
}

template <class List, class F>
std::string json_list(const List& list, F&& text) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ", ") + text(item);
  return "[" + out + "]";
}

std::string as_json(const Profile& profile, bool analyze) {
  std::vector<std::string> plan;
  for (std::size_t begin = 0; begin < profile.plan.size();) {
    const std::size_t end = std::min(profile.plan.find('\n', begin), profile.plan.size());
    plan.push_back(profile.plan.substr(begin, end - begin));
    begin = end + 1;
  }
  std::string out = "{\"plan\": " + json_list(plan, json_quote) + ",\n \"timed\": " + (profile.timed ? "true" : "false") + ",\n \"operators\": [";
  for (const OperatorProfile& op : profile.operators) {
    const auto field = [&](const char* name, std::uint64_t value) { out += std::string(", \"") + name + "\": " + std::to_string(value); };
    out += std::string(&op == profile.operators.data() ? "" : ",") + "\n  {\"id\": " + std::to_string(op.id) + ", \"operator\": " + json_quote(op.name) +
           ", \"inputs\": " + json_list(op.inputs, [](std::uint32_t id) { return std::to_string(id); }) + ", \"relations\": " + json_list(op.relations, json_quote);
    field("users", op.users);
    out += std::string(", \"at_rest\": ") + (op.at_rest ? "true" : "false");
    if (analyze) {
      field("batches", op.batches);
      field("rows_in", op.rows_in);
      field("rows_out", op.rows_out);
      if (profile.timed) {
        field("evaluate_ns", static_cast<std::uint64_t>(op.evaluate.count()));
        field("keep_ns", static_cast<std::uint64_t>(op.keep.count()));
      }
    }
    field("state_rows", op.state_rows);
    field("state_bytes", op.state_bytes);
    out += "}";
  }
  return out + "]}\n";
}

std::string written(const Profile& profile, Diagram diagram, bool analyze) {
  switch (diagram) {
    case Diagram::kGraphviz: return as_graphviz(profile, analyze);
    case Diagram::kJson: return as_json(profile, analyze);
    case Diagram::kText: break;
  }
  return as_text(profile, analyze);
}

std::string text_of(const Plan& plan) {
  std::string out = plan.to_string();
  if (!out.empty() && out.back() != '\n') out += '\n';
  return out;
}

std::string words_of(const Fold& fold) {
  const std::size_t n = fold.plan.values.size();
  return "Folded: one circuit for " + std::to_string(fold.users) + (fold.users == 1 ? " view, of " : " views that differ in ") +
         (n == 1 ? "a constant" : std::to_string(n) + " constants") + ", a row of n" + std::to_string(fold.bindings) + " each\n";
}

}  // namespace

std::vector<OperatorProfile> Engine::operators_of(NodeId root) const {
  std::vector<OperatorProfile> out;
  for (const NodeId node : circuit_->upstream({&root, 1})) {
    Circuit::NodeInfo info = circuit_->info(node);
    OperatorProfile op;
    op.id = node;
    op.name = std::move(info.label);
    op.inputs = std::move(info.inputs);
    if (node < fold_of_node_.size() && fold_of_node_[node]) op.relations.push_back(std::to_string(fold_of_node_[node]->users) + " views");
    if (node < by_node_.size()) {
      for (const RelationState* relation : by_node_[node]) op.relations.push_back(relation->name());
    }
    op.users = info.users;
    op.at_rest = info.arranged;
    op.is_new = circuit_->fresh(node);
    op.batches = info.steps;
    op.rows_in = info.rows_in;
    op.rows_out = info.rows_out;
    op.evaluate = Nanoseconds(info.evaluate_ns);
    op.keep = Nanoseconds(info.keep_ns);
    op.state_rows = info.state_rows;
    op.state_bytes = info.state_bytes;
    out.push_back(std::move(op));
  }
  return out;
}

Profile Engine::profile_relation(const RelationState& relation) {
  Profile out;
  out.timed = circuit_->clocks();
  if (!relation.relation.is_view) {
    out.plan = text_of(*bind("SELECT * FROM " + quote_identifier(relation.name())).statement.plan);
    out.operators = operators_of(relation.node);
    return out;
  }
  PlanPtr made;
  out.plan = text_of(plan_of(relation, made));
  const RelationState* shown = &relation;
  if (relation.parametrised()) {
    out.plan += "Parameters:";
    for (std::size_t n = 0; n < relation.relation.parameters.size(); ++n) out.plan += (n ? ", $" : " $") + std::to_string(n + 1) + " " + relation.relation.parameters[n].to_string();
    out.plan += "\n";
  }
  if (relation.relation.lazy) out.plan += has_instances(relation) ? "Lazy: live, since somebody listens\n" : "Lazy: computed when it is read\n";
  if (relation.has_instances_only()) {
    if (!has_instances(relation)) return out;
    shown = instances_.lower_bound({relation.relation.id, nullptr})->second;
  }
  if (shown->fold) out.plan += words_of(*shown->fold);
  out.operators = operators_of(shown->node);
  return out;
}

// Over the streams that exist, so that one sees what a view of this query would share. `analyze`: the new ones are filled.
Profile Engine::profile_query(const Statement& s, bool analyze) {
  if (!s.plan) throw Failure(ErrorCode::kUnsupported, "EXPLAIN of this statement is not supported");
  if (analyze && s.plan->node == Plan::Node::kScan) return profile_relation(by_id(s.plan->relation_id));
  if (analyze && !s.parameters.empty()) throw Failure(ErrorCode::kUnsupported, "EXPLAIN ANALYZE of a query with parameters");
  const std::unique_lock state(state_mutex_);
  const PlanPtr whole = without_folded(*s.plan);
  if (mentions_now(*s.plan)) catch_up();
  const NodeId root = lower(whole ? *whole : *s.plan, *circuit_, [this](const Plan& scan) { return stream_of(scan); }, &streams_);
  Profile out;
  const bool clocks = circuit_->clocks();
  try {
    out.plan = text_of(*s.plan);
    out.timed = clocks || analyze;
    if (analyze) {
      circuit_->run_clocks(true);
      circuit_->backfill();
    }
    out.operators = operators_of(root);
  } catch (...) {
    circuit_->run_clocks(clocks);
    circuit_->release(root);
    drop_freed_streams();
    throw;
  }
  circuit_->run_clocks(clocks);
  circuit_->release(root);
  drop_freed_streams();
  return out;
}

ResultSet Engine::explain_query(const Statement& s) {
  const std::string text = written(profile_query(*s.explained, s.analyze), s.diagram, s.analyze);
  std::vector<Value> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = s.diagram == Diagram::kJson ? text.size() - 1 : text.find('\n', begin);  // a JSON document is one value
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return ResultSet({Field{"QUERY PLAN", Type{TypeId::kText, 0, 0}, false}}, std::move(lines), 0);
}

Profile Engine::profile(std::string_view view_or_query) {
  const Writing writing(*this);
  if (const auto* found = find_state(view_or_query)) return profile_relation(**found);
  const Bound bound = bind(view_or_query);
  return profile_query(bound.statement.explained ? *bound.statement.explained : bound.statement, true);
}

std::string Engine::explain(std::string_view view_or_query, Diagram diagram, bool analyze) {
  const Writing writing(*this);
  if (const auto* found = find_state(view_or_query)) return written(profile_relation(**found), diagram, analyze);
  const Bound bound = bind(view_or_query);
  const Statement& s = bound.statement;
  if (s.explained) return written(profile_query(*s.explained, s.analyze || analyze), s.diagram == Diagram::kText ? diagram : s.diagram, s.analyze || analyze);
  return written(profile_query(s, analyze), diagram, analyze);
}

void Engine::set_profiling(bool on) {
  const Writing writing(*this);
  if (on && !circuit_->clocks()) circuit_->start_profile();
  circuit_->run_clocks(on);
}

}  // namespace weir::internal
