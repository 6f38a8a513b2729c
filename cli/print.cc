#include "cli/print.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace weir::cli {
namespace {

bool is_number(TypeId id) {
  switch (id) {
    case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint: case TypeId::kReal: case TypeId::kDouble: case TypeId::kNumeric: return true;
    default: return false;
  }
}

// ---- CSV

void append_csv(std::string_view field, std::string& out) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos && field != "\\.") {
    out += field;
    return;
  }
  out += '"';
  for (char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string to_csv(const ResultSet& rows) {
  const std::size_t columns = rows.schema().size();
  std::string out;
  for (std::size_t c = 0; c < columns; ++c) {
    if (c) out += ',';
    append_csv(rows.schema()[c].name, out);
  }
  out += '\n';
  if (columns == 0) return out;
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    RowView row = rows[r];
    for (std::size_t c = 0; c < columns; ++c) {
      if (c) out += ',';
      if (!row[c].is_null()) append_csv(row[c].to_string(), out);
    }
    out += '\n';
  }
  return out;
}

// ---- JSON

std::string to_json(const ResultSet& rows) {
  std::string out = "[";
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    if (r) out += ',';
    append_json(rows[r], rows.schema(), out);
  }
  return out += "]\n";
}

// ---- tables

struct CodePoint {
  std::uint32_t value;
  std::size_t bytes;
};

CodePoint code_point(std::string_view s) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  unsigned char b = byte(0);
  if (b >= 0xf0 && s.size() >= 4) return {static_cast<std::uint32_t>((b & 7) << 18 | (byte(1) & 63) << 12 | (byte(2) & 63) << 6 | (byte(3) & 63)), 4};
  if (b >= 0xe0 && s.size() >= 3) return {static_cast<std::uint32_t>((b & 15) << 12 | (byte(1) & 63) << 6 | (byte(2) & 63)), 3};
  if (b >= 0xc0 && s.size() >= 2) return {static_cast<std::uint32_t>((b & 31) << 6 | (byte(1) & 63)), 2};
  return {b, 1};
}

// Columns of a terminal: East Asian wide characters and emoji take two, combining marks none.
std::size_t display_width(std::string_view s) {
  std::size_t width = 0;
  while (!s.empty()) {
    auto [c, bytes] = code_point(s);
    s.remove_prefix(bytes);
    bool combining = (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f);
    bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
                (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) ||
                (c >= 0x20000 && c <= 0x3fffd);
    width += combining ? 0 : wide ? 2 : 1;
  }
  return width;
}

// A cell as the lines it takes; control characters are shown as \x0B, as psql does.
std::vector<std::string> cell_lines(std::string_view text) {
  std::vector<std::string> lines(1);
  for (char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else if (c == '\r') {
      lines.back() += "\\r";
    } else if (c == '\t') {
      lines.back().append(8 - display_width(lines.back()) % 8, ' ');
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02X", static_cast<unsigned char>(c));
      lines.back() += escaped;
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

using Cells = std::vector<std::vector<std::string>>;  // a row: the lines of each cell

enum class Align { kLeft, kRight, kCentre };

// One row of cells, over as many lines as its tallest cell has. A cell that goes on says so with a '+' behind it.
void append_row(const Cells& cells, const std::vector<std::size_t>& widths, const std::vector<Align>& align, bool pad_last, std::string& out) {
  std::size_t height = 1;
  for (const auto& cell : cells) height = std::max(height, cell.size());
  for (std::size_t line = 0; line < height; ++line) {
    for (std::size_t c = 0; c < cells.size(); ++c) {
      std::string_view text = line < cells[c].size() ? std::string_view(cells[c][line]) : std::string_view();
      std::size_t space = widths[c] - std::min(widths[c], display_width(text));
      std::size_t left = align[c] == Align::kRight ? space : align[c] == Align::kCentre ? space / 2 : 0;
      bool goes_on = line + 1 < cells[c].size(), last = c + 1 == cells.size();
      if (c) out += '|';
      out += ' ';
      out.append(left, ' ');
      out += text;
      if (!last || pad_last || goes_on) out.append(space - left, ' ');
      if (goes_on) out += '+';
      else if (!last || pad_last) out += ' ';
    }
    out += '\n';
  }
}

std::string to_table(const ResultSet& rows) {
  const Schema& schema = rows.schema();
  const std::size_t columns = schema.size();
  Cells header(columns);
  std::vector<Cells> body(rows.rows(), Cells(columns));
  std::vector<std::size_t> widths(columns, 0);
  std::vector<Align> align(columns), centre(columns, Align::kCentre);
  auto add = [&](std::size_t c, std::string_view text) {
    std::vector<std::string> lines = cell_lines(text);
    for (const auto& line : lines) widths[c] = std::max(widths[c], display_width(line));
    return lines;
  };
  for (std::size_t c = 0; c < columns; ++c) {
    header[c] = add(c, schema[c].name);
    align[c] = is_number(schema[c].type.id) ? Align::kRight : Align::kLeft;
  }
  for (std::size_t r = 0; columns > 0 && r < rows.rows(); ++r) {
    RowView row = rows[r];
    for (std::size_t c = 0; c < columns; ++c) body[r][c] = add(c, row[c].is_null() ? std::string() : row[c].to_string());
  }
  std::string out;
  if (columns == 0) {
    out += "--\n";
  } else {
    append_row(header, widths, centre, true, out);
    for (std::size_t c = 0; c < columns; ++c) {
      if (c) out += '+';
      out.append(widths[c] + 2, '-');
    }
    out += '\n';
    for (const Cells& cells : body) append_row(cells, widths, align, false, out);
  }
  return out + "(" + std::to_string(rows.rows()) + (rows.rows() == 1 ? " row)\n\n" : " rows)\n\n");
}

}  // namespace

std::string to_text(const ResultSet& rows, Format format) {
  switch (format) {
    case Format::kTable: return to_table(rows);
    case Format::kCsv: return to_csv(rows);
    case Format::kJson: return to_json(rows);
  }
  return {};
}

void append_json(std::string_view text, std::string& out) {
  out += '"';
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          char escaped[8];
          std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned char>(c));
          out += escaped;
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void append_json(const RowView& row, const Schema& schema, std::string& out) {
  out += '{';
  for (std::size_t c = 0; c < schema.size(); ++c) {
    if (c) out += ',';
    append_json(schema[c].name, out);
    out += ':';
    const Value& value = row[c];
    if (value.is_null()) {
      out += "null";
    } else if (value.type() == TypeId::kBoolean) {
      out += value.boolean() ? "true" : "false";
    } else if (std::string text = value.to_string(); is_number(value.type()) && text.find_first_of("Nn") == std::string::npos) {
      out += text;  // NaN and Infinity are no JSON numbers
    } else {
      append_json(text, out);
    }
  }
  out += '}';
}

std::string with_commas(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

void append_json_lines(const Change& change, std::string& out) {
  for (const ChangedRow& row : change) {
    out += "{\"sequence\":" + std::to_string(change.sequence()) + ",\"view\":";
    append_json(change.view(), out);
    out += ",\"weight\":" + std::to_string(row.weight()) + ",\"row\":";
    append_json(row, change.schema(), out);
    out += "}\n";
  }
}

bool write_out(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

}  // namespace weir::cli
