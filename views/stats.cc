// Database::stats(), and its forms; the log.

#include <weir/log.h>
#include <weir/stats.h>

#include <algorithm>
#include <ctime>
#include <set>

#include "sql/document.h"
#include "views/engine.h"
#include "views/gate_state.h"

namespace weir {
namespace {

constexpr double kNanoseconds = 1e9;

std::string with_commas(std::uint64_t n) {
  std::string out = std::to_string(n);
  for (std::size_t at = out.size(); at > 3;) out.insert(at -= 3, 1, ',');
  return out;
}

std::string duration(std::uint64_t ns) {
  char text[32];
  if (ns < 10'000) std::snprintf(text, sizeof text, "%llu ns", static_cast<unsigned long long>(ns));
  else if (ns < 10'000'000) std::snprintf(text, sizeof text, "%.0f us", static_cast<double>(ns) / 1e3);
  else std::snprintf(text, sizeof text, "%.0f ms", static_cast<double>(ns) / 1e6);
  return text;
}

// Writes one number or spread after the other, in one of the forms.
struct Form {
  virtual ~Form() = default;
  virtual void number(const char* name, const char* help, std::int64_t value, bool counts) = 0;
  virtual void spread(const char* name, const char* help, const Spread& spread, bool is_time) = 0;
};

void each_number(const Stats& s, Form& form) {
  const auto gauge = [&](const char* name, const char* help, std::uint64_t value) { form.number(name, help, static_cast<std::int64_t>(value), false); };
  const auto counter = [&](const char* name, const char* help, std::uint64_t value) { form.number(name, help, static_cast<std::int64_t>(value), true); };
  gauge("sequence", "number of the last batch", s.sequence);
  gauge("queued_submissions", "submissions in the queue", s.queued_submissions);
  gauge("queued_rows", "rows in the queue", s.queued_rows);
  gauge("queued_bytes", "bytes in the queue", s.queued_bytes);
  gauge("waiting_for_room", "callers that wait for room in the queue", s.waiting_for_room);
  gauge("steps_under_way", "batches applied and not in the file", s.steps_under_way);
  counter("refused", "submissions refused", s.refused);
  form.spread("batch_submissions", "submissions of a batch", s.batch_submissions, false);
  form.spread("batch_rows", "rows changed by a batch", s.batch_rows, false);
  form.spread("commit", "time of a submission from commit() to its end", s.commit_ns, true);
  form.spread("evaluate", "time of a batch through the views", s.evaluate_ns, true);
  form.spread("store", "time of a batch to the file", s.store_ns, true);
  form.spread("advance", "time of bringing all state up to date", s.advance_ns, true);
  form.spread("notify", "time of a batch to its subscribers", s.notify_ns, true);
  if (!s.has_file) return;
  form.spread("transaction", "time of a transaction of the file", s.transaction_ns, true);
  form.spread("sync", "time of a sync of the file", s.sync_ns, true);
  counter("writes", "writes to the file and its WAL", s.writes);
  counter("bytes_written", "bytes written to the file and its WAL", s.bytes_written);
  counter("reads", "reads of the file and its WAL", s.reads);
  counter("bytes_read", "bytes read of the file and its WAL", s.bytes_read);
  gauge("wal_bytes", "size of the WAL", s.wal_bytes);
  gauge("wal_limit_bytes", "size at which batches are refused", s.wal_limit_bytes);
  counter("checkpoints", "checkpoints of the WAL", s.checkpoints);
  counter("checkpoints_blocked", "checkpoints that a reader kept from being complete", s.checkpoints_blocked);
}

class AsText final : public Form {
 public:
  explicit AsText(std::string& out) : out_(out) {}
  void number(const char* name, const char*, std::int64_t value, bool) override { line(name, with_commas(static_cast<std::uint64_t>(value))); }
  void spread(const char* name, const char*, const Spread& s, bool is_time) override {
    const auto shown = [&](std::uint64_t n) { return is_time ? duration(n) : with_commas(n); };
    line(name, s.count == 0 ? "none" : "p50 " + shown(s.p50) + ", p99 " + shown(s.p99) + ", max " + shown(s.max) + " of " + with_commas(s.count));
  }
  void line(std::string name, const std::string& value) {
    name.resize(std::max<std::size_t>(name.size() + 2, 24), ' ');
    out_ += name + value + "\n";
  }

 private:
  std::string& out_;
};

class AsJson final : public Form {
 public:
  explicit AsJson(std::string& out) : out_(out) {}
  void number(const char* name, const char*, std::int64_t value, bool) override { member(name, std::to_string(value)); }
  void spread(const char* name, const char*, const Spread& s, bool is_time) override {
    const auto n = [](std::uint64_t value) { return std::to_string(value); };
    member(is_time ? std::string(name) + "_ns" : name,
           "{\"count\":" + n(s.count) + ",\"sum\":" + n(s.sum) + ",\"p50\":" + n(s.p50) + ",\"p99\":" + n(s.p99) + ",\"max\":" + n(s.max) + "}");
  }
  void member(const std::string& name, const std::string& value) { out_ += (out_.size() > 1 ? ",\"" : "\"") + name + "\":" + value; }

 private:
  std::string& out_;
};

class AsPrometheus final : public Form {
 public:
  explicit AsPrometheus(std::string& out) : out_(out) {}
  void number(const char* name, const char* help, std::int64_t value, bool counts) override {
    const std::string full = metric(counts ? std::string(name) + "_total" : name, help, counts ? "counter" : "gauge");
    out_ += full + " " + std::to_string(value) + "\n";
  }
  void spread(const char* name, const char* help, const Spread& s, bool is_time) override {
    const std::string full = metric(is_time ? std::string(name) + "_seconds" : name, help, "summary");
    const auto shown = [&](std::uint64_t n) {
      char text[32];
      std::snprintf(text, sizeof text, "%.9g", is_time ? static_cast<double>(n) / kNanoseconds : static_cast<double>(n));
      return std::string(text);
    };
    out_ += full + "{quantile=\"0.5\"} " + shown(s.p50) + "\n" + full + "{quantile=\"0.99\"} " + shown(s.p99) + "\n" + full + "{quantile=\"1\"} " + shown(s.max) + "\n" + full + "_sum " +
            shown(s.sum) + "\n" + full + "_count " + std::to_string(s.count) + "\n";
  }
  std::string metric(const std::string& name, const char* help, const char* type) {
    const std::string full = "weir_" + name;
    out_ += "# HELP " + full + " " + help + "\n# TYPE " + full + " " + type + "\n";
    return full;
  }
  void labelled(const std::string& full, const std::vector<std::pair<const char*, std::string>>& labels, std::int64_t value) {
    out_ += full;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      out_ += std::string(i ? "," : "{") + labels[i].first + "=\"";
      for (const char c : labels[i].second) {
        if (c == '\\' || c == '"') out_ += '\\';
        out_ += c == '\n' ? std::string("\\n") : std::string(1, c);
      }
      out_ += '"';
    }
    out_ += "} " + std::to_string(value) + "\n";
  }

 private:
  std::string& out_;
};

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

std::string Stats::to_text() const {
  std::string out;
  AsText form(out);
  each_number(*this, form);
  for (const Relation& r : relations) {
    form.line((r.is_view ? "view " : "table ") + r.name, with_commas(r.rows) + " rows; changes: " + with_commas(r.rows_in) + " in, " + with_commas(r.rows_out) + " out");
  }
  for (const Arrangement& a : arrangements) {
    form.line("state of " + a.stream + (a.relations.empty() ? "" : " (" + joined(a.relations) + ")"), with_commas(a.rows) + " rows, " + with_commas(a.bytes) + " bytes");
  }
  for (const Gate& g : gates) {
    form.line("gate " + g.name, std::to_string(g.exposure) + " of " + std::to_string(g.max_exposure) + " units exposed, " + std::to_string(g.forfeited_at_open) + " forfeited at open, " +
                                    with_commas(g.keys) + " keys, " + with_commas(g.transactions) + " transactions");
  }
  for (const Subscriber& s : subscribers) form.line("subscriber of " + s.relation, with_commas(s.queued_changes) + " changes behind, " + with_commas(s.delivered_changes) + " delivered");
  return out;
}

std::string Stats::to_json() const {
  std::string out = "{";
  AsJson form(out);
  each_number(*this, form);
  const auto list = [&](const char* name, const auto& items, auto&& one) {
    std::string text = "[";
    for (const auto& item : items) {
      std::string object = "{";
      AsJson members(object);
      one(members, item);
      text += (text.size() > 1 ? "," : "") + object + "}";
    }
    form.member(name, text + "]");
  };
  list("relations", relations, [](AsJson& to, const Relation& r) {
    to.member("name", json_quote(r.name));
    to.member("kind", r.is_view ? "\"view\"" : "\"table\"");
    to.member("rows", std::to_string(r.rows));
    to.member("rows_in", std::to_string(r.rows_in));
    to.member("rows_out", std::to_string(r.rows_out));
  });
  list("arrangements", arrangements, [](AsJson& to, const Arrangement& a) {
    to.member("stream", json_quote(a.stream));
    std::string of;
    for (const std::string& name : a.relations) of += (of.empty() ? "" : ",") + json_quote(name);
    to.member("relations", "[" + of + "]");
    to.member("rows", std::to_string(a.rows));
    to.member("bytes", std::to_string(a.bytes));
  });
  list("gates", gates, [](AsJson& to, const Gate& g) {
    to.member("name", json_quote(g.name));
    to.member("exposure", std::to_string(g.exposure));
    to.member("max_exposure", std::to_string(g.max_exposure));
    to.member("forfeited_at_open", std::to_string(g.forfeited_at_open));
    to.member("keys", std::to_string(g.keys));
    to.member("transactions", std::to_string(g.transactions));
  });
  list("subscribers", subscribers, [](AsJson& to, const Subscriber& s) {
    to.member("relation", json_quote(s.relation));
    to.member("queued_changes", std::to_string(s.queued_changes));
    to.member("delivered_changes", std::to_string(s.delivered_changes));
  });
  return out + "}\n";
}

std::string Stats::to_prometheus() const {
  std::string out;
  AsPrometheus form(out);
  each_number(*this, form);
  const auto of_each = [&](const char* name, const char* help, const char* type, const auto& items, auto&& labels, auto&& value) {
    if (items.empty()) return;
    const std::string full = form.metric(name, help, type);
    for (const auto& item : items) form.labelled(full, labels(item), static_cast<std::int64_t>(value(item)));
  };
  using Labels = std::vector<std::pair<const char*, std::string>>;
  const auto of_relation = [](const Relation& r) { return Labels{{"relation", r.name}, {"kind", r.is_view ? "view" : "table"}}; };
  of_each("relation_rows", "rows that are kept", "gauge", relations, of_relation, [](const Relation& r) { return r.rows; });
  of_each("relation_rows_in_total", "rows of changes that reached it", "counter", relations, of_relation, [](const Relation& r) { return r.rows_in; });
  of_each("relation_rows_out_total", "rows of changes that it made", "counter", relations, of_relation, [](const Relation& r) { return r.rows_out; });
  const auto of_stream = [](const Arrangement& a) { return Labels{{"stream", a.stream}, {"relations", joined(a.relations)}}; };
  of_each("state_rows", "rows of the state of an operator and its contents", "gauge", arrangements, of_stream, [](const Arrangement& a) { return a.rows; });
  of_each("state_bytes", "memory of the state of an operator and its contents", "gauge", arrangements, of_stream, [](const Arrangement& a) { return a.bytes; });
  const auto of_gate = [](const Gate& g) { return Labels{{"gate", g.name}}; };
  of_each("gate_exposure", "units that a crash would forfeit now, at most", "gauge", gates, of_gate, [](const Gate& g) { return g.exposure; });
  of_each("gate_max_exposure", "units that may be exposed", "gauge", gates, of_gate, [](const Gate& g) { return g.max_exposure; });
  of_each("gate_transactions_total", "transactions of the gate", "counter", gates, of_gate, [](const Gate& g) { return g.transactions; });
  struct Numbered { const Subscriber* subscriber; std::size_t number; };
  std::vector<Numbered> numbered;
  for (const Subscriber& s : subscribers) numbered.push_back({&s, numbered.size() + 1});
  const auto of_subscriber = [](const Numbered& n) { return Labels{{"relation", n.subscriber->relation}, {"number", std::to_string(n.number)}}; };
  of_each("subscriber_queued_changes", "changes committed and not delivered", "gauge", numbered, of_subscriber, [](const Numbered& n) { return n.subscriber->queued_changes; });
  of_each("subscriber_delivered_changes_total", "changes delivered", "counter", numbered, of_subscriber, [](const Numbered& n) { return n.subscriber->delivered_changes; });
  return out;
}

std::string LogEntry::to_json() const {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms = static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char date[32], time[48];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(time, sizeof time, "%s.%03ldZ", date, ms);
  std::string out = "{";
  AsJson form(out);
  form.member("time", json_quote(time));
  form.member("level", level == Level::kInfo ? "\"info\"" : level == Level::kWarning ? "\"warning\"" : "\"error\"");
  form.member("event", json_quote(event));
  for (const auto& [name, value] : fields) out += "," + json_quote(name) + ":" + json_quote(value);
  return out + "}\n";
}

namespace internal {

Stats Engine::stats() {
  const Writing writing(*this);
  Stats out;
  out.sequence = sequence_.load();
  const SubmissionQueue::Counts queue = queue_.counts();
  out.queued_submissions = queue.submissions;
  out.queued_rows = queue.rows;
  out.queued_bytes = queue.bytes;
  out.waiting_for_room = queue.waiting;
  out.steps_under_way = storage_thread_ ? storage_thread_->under_way() : 0;
  out.refused = counters_.refused.load();
  out.batch_submissions = counters_.batch_submissions.spread();
  out.batch_rows = counters_.batch_rows.spread();
  out.evaluate_ns = counters_.evaluate_ns.spread();
  out.store_ns = counters_.store_ns.spread();
  out.advance_ns = counters_.advance_ns.spread();
  out.notify_ns = counters_.notify_ns.spread();
  out.commit_ns = counters_.commit_ns.spread();
  if (storage_) storage_->add_stats(out);
  std::set<NodeId> roots;
  const auto look_at = [&](const RelationState& relation) {
    if (relation.node != kNoNode) roots.insert(relation.node);
    const std::lock_guard lock(subscriptions_mutex_);
    for (const auto& subscription : relation.subscriptions) {
      out.subscribers.push_back({relation.name(), dispatcher_.queued(*subscription), subscription->delivered()});
    }
  };
  for (const auto& [id, relation] : relations_) {
    Stats::Relation& one = out.relations.emplace_back();
    one.name = relation->name();
    one.is_view = relation->relation.is_view;
    const RelationState* shown = relation->parametrised() ? nullptr : rows_of(*relation);
    if (shown) {
      one.rows = static_cast<std::uint64_t>(shown->total_weight());
      const Circuit::NodeInfo info = circuit_->info(shown->node);
      one.rows_in = info.rows_in;
      one.rows_out = info.rows_out;
      if (!one.is_view) one.rows_in = one.rows_out;
    }
    look_at(*relation);
  }
  for (const auto& [id, instance] : instances_) look_at(*instance);
  const std::vector<NodeId> all(roots.begin(), roots.end());
  for (const NodeId node : circuit_->upstream(all)) {
    const Circuit::NodeInfo info = circuit_->info(node);
    if (info.state_bytes == 0) continue;
    Stats::Arrangement& one = out.arrangements.emplace_back();
    one.stream = "n" + std::to_string(node) + " " + info.label;
    one.rows = info.state_rows;
    one.bytes = info.state_bytes;
    if (node < by_node_.size()) {
      for (const RelationState* relation : by_node_[node]) one.relations.push_back(relation->name());
    }
  }
  std::vector<std::shared_ptr<GateState>> gates;
  {
    const std::lock_guard lock(gates_mutex_);
    for (const auto& [name, gate] : gates_) gates.push_back(gate.state);
  }
  for (const auto& gate : gates) {
    const weir::Gate::Stats of_gate = gate->stats();
    out.gates.push_back({gate->name(), of_gate.keys, of_gate.transactions, of_gate.exposure, gate->options().max_exposure, of_gate.forfeited_at_open});
  }
  return out;
}

void Engine::log(LogEntry::Level level, const char* event, std::vector<std::pair<std::string, std::string>> fields) const noexcept {
  if (!options_.log) return;
  const std::lock_guard lock(log_mutex_);
  try {
    options_.log({level, event, std::move(fields)});
  } catch (...) {  // who listens hurts nobody else
  }
}

// Warns where the WAL has half of its limit, once until it is small again.
void Engine::watch_wal() {
  if (!storage_) return;
  const std::uint64_t bytes = storage_->wal_bytes(), limit = options_.wal_bytes;
  if (limit == 0) return;
  if (bytes < limit / 4) wal_told_ = false;
  if (bytes < limit / 2 || wal_told_) return;
  wal_told_ = true;
  log(LogEntry::Level::kWarning, "wal_large", {{"path", path_}, {"wal_bytes", std::to_string(bytes)}, {"limit_bytes", std::to_string(limit)},
                                               {"reason", "another program reads the file in a transaction that has not ended"}});
}

// A reader that stays keeps the WAL from being used again: where it has its limit, nothing is written before that reader has gone.
void Engine::require_wal_room() {
  if (!storage_ || options_.wal_bytes == 0 || storage_->wal_bytes() < options_.wal_bytes) return;
  if (storage_thread_) storage_thread_->drain();
  if (storage_->empty_wal()) return;
  log(LogEntry::Level::kError, "wal_full", {{"path", path_}, {"wal_bytes", std::to_string(storage_->wal_bytes())}});
  throw Failure(ErrorCode::kBusy, "the WAL of \"" + path_ + "\" has its limit of " + with_commas(options_.wal_bytes) +
                                      " bytes: another program reads the file in a transaction that has to end before more is written");
}

}  // namespace internal
}  // namespace weir
