#pragma once
// Results as text: an aligned table, CSV or JSON.
//
// kTable  as psql aligns: numbers to the right, a line `(N rows)` below.
// kCsv    as `psql --csv`, byte for byte: header, NULL empty, a field quoted only where it has to be.
// kJson   the rows as one array of objects on one line: numbers as numbers, NULL null, everything else as text.

#include <weir/weir.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::cli {

enum class Format : std::uint8_t { kTable, kCsv, kJson };

std::string to_text(const ResultSet& rows, Format format);
// Appends {"column":value,…}.
void append_json(const RowView& row, const Schema& schema, std::string& out);
void append_json(std::string_view text, std::string& out);
// Appends a line {"sequence":17,"view":"totals","weight":1,"row":{…}} for each row of a change.
void append_json_lines(const Change& change, std::string& out);
// 1234567 as 1,234,567.
std::string with_commas(std::uint64_t n);
// Writes to standard output and flushes. False if nobody reads any more or the disk is full.
bool write_out(std::string_view text);

}  // namespace weir::cli
