#include "zset/array.h"

#include <weir/error.h>

#include <cstring>

#include "zset/ascii.h"
#include "zset/nan.h"
#include "zset/text_form.h"

namespace weir {
namespace {

constexpr std::size_t kHead = 8;
constexpr std::uint64_t kBytesMost = std::uint64_t{1} << 30;

std::size_t bitmap_bytes(std::uint32_t n) { return (std::size_t{n} + 7) / 8; }

template <class T>
T load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

template <class T>
void append(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

bool is_null_word(std::string_view s) {
  if (s.size() != 4) return false;
  for (std::size_t i = 0; i < 4; ++i) {
    if ((s[i] | 0x20) != "null"[i]) return false;
  }
  return true;
}

[[noreturn]] void malformed(std::string_view text) {
  throw Failure(ErrorCode::kInput, "malformed array literal: \"" + std::string(text) + "\"");
}

}  // namespace

ArrayView::ArrayView(std::string_view bytes) : bytes_(bytes), size_(load<std::uint32_t>(bytes.data() + 4)) {}

Datum ArrayView::operator[](std::uint32_t i) const {
  const char* p = bytes_.data() + kHead;
  const bool null = any_null() && (static_cast<unsigned char>(p[i / 8]) >> (i % 8) & 1) != 0;
  if (any_null()) p += bitmap_bytes(size_);
  switch (kind()) {
    case KeyKind::kBool: return null ? Datum::of_null(Kind::kBool) : Datum::of(p[i] != 0);
    case KeyKind::kInt: return null ? Datum::of_null(Kind::kInt) : Datum::of(load<std::int64_t>(p + std::size_t{8} * i));
    case KeyKind::kDouble: return null ? Datum::of_null(Kind::kDouble) : Datum::of(load<double>(p + std::size_t{8} * i));
    case KeyKind::kInterval: return null ? Datum::of_null(Kind::kInterval) : Datum::of(load<Interval>(p + std::size_t{16} * i));
    default: break;
  }
  if (null) return Datum::of_null(Kind::kBytes);
  const std::uint32_t from = i == 0 ? 0 : load<std::uint32_t>(p + std::size_t{4} * (i - 1)), to = load<std::uint32_t>(p + std::size_t{4} * i);
  return Datum::of(Bytes(std::string_view(p + std::size_t{4} * size_ + from, to - from)));
}

void ArrayBuilder::add(const Datum& value) {
  ++size_;
  nulls_.push_back(value.null);
  any_null_ = any_null_ || value.null;
  switch (kind_) {
    case KeyKind::kBool: values_ += !value.null && value.boolean ? '\1' : '\0'; break;
    case KeyKind::kInt: append(values_, value.null ? std::int64_t{0} : value.integer); break;
    case KeyKind::kDouble: append(values_, value.null ? 0.0 : one_nan(value.number)); break;
    case KeyKind::kInterval: append(values_, value.null ? Interval() : value.interval); break;
    default:
      if (!value.null) values_ += value.bytes.view();
      ends_.push_back(static_cast<std::uint32_t>(values_.size()));
  }
  if (values_.size() > kBytesMost) throw Failure(ErrorCode::kEvaluation, "array size exceeds the maximum allowed (1 GB)");
}

void ArrayBuilder::add(const ArrayView& values, std::uint32_t from, std::uint32_t to) {
  for (std::uint32_t i = from; i < to; ++i) add(values[i]);
}

Bytes ArrayBuilder::take(Arena& arena) {
  std::string out(kHead, '\0');
  out[0] = static_cast<char>(kind_);
  out[1] = any_null_ ? '\1' : '\0';
  std::memcpy(out.data() + 4, &size_, sizeof size_);
  if (any_null_) {
    out.resize(kHead + bitmap_bytes(size_), '\0');
    for (std::uint32_t i = 0; i < size_; ++i) {
      if (nulls_[i]) out[kHead + i / 8] = static_cast<char>(out[kHead + i / 8] | 1 << (i % 8));
    }
  }
  for (const std::uint32_t end : ends_) append(out, end);
  out += values_;
  *this = ArrayBuilder(kind_);
  return Bytes::copy(out, arena);
}

int array_compare(const Bytes& a, const Bytes& b) {
  const ArrayView x(a.view()), y(b.view());
  for (std::uint32_t i = 0; i < x.size() && i < y.size(); ++i) {
    const Datum u = x[i], v = y[i];
    if (u.null || v.null) {
      if (u.null != v.null) return u.null ? 1 : -1;
    } else if (const int c = key_compare(u, v, x.kind())) {
      return c;
    }
  }
  return x.size() < y.size() ? -1 : x.size() > y.size();
}

std::uint64_t array_hash(const Bytes& array) {
  const ArrayView view(array.view());
  std::uint64_t h = hash_int(view.size());
  for (std::uint32_t i = 0; i < view.size(); ++i) h = hash_combine(h, key_hash(view[i], view.kind()));
  return h;
}

Bytes parse_array(std::string_view text, const Type& type, Arena& arena) {
  const Type element{element_of(type.id), type.precision, type.scale};
  std::size_t at = 0;
  const auto spaces = [&] {
    while (at < text.size() && is_space(text[at])) ++at;
  };
  spaces();
  if (at < text.size() && text[at] == '[') {  // [1:2]={…}
    const std::size_t equals = text.find('=', at), brace = text.find('{', at);
    if (equals == std::string_view::npos || brace < equals) malformed(text);
    throw Failure(ErrorCode::kInput, "an array literal with bounds is not supported: \"" + std::string(text) + "\"");
  }
  if (at == text.size() || text[at] != '{') malformed(text);
  ++at;
  ArrayBuilder out(key_kind_of(element.id));
  spaces();
  bool open = at < text.size() && text[at] != '}';
  std::string word;
  while (open) {
    spaces();
    if (at == text.size()) malformed(text);
    if (text[at] == '{') throw Failure(ErrorCode::kInput, "arrays of more than one dimension are not supported: \"" + std::string(text) + "\"");
    word.clear();
    bool quoted = false;
    if (text[at] == '"') {
      quoted = true;
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && ++at == text.size()) malformed(text);
        word += text[at];
      }
      if (at++ == text.size()) malformed(text);
      spaces();
    } else {
      std::size_t kept = 0;  // without the spaces at the end
      for (; at < text.size() && text[at] != ',' && text[at] != '}'; ++at) {
        if (text[at] == '"' || text[at] == '{') malformed(text);
        if (text[at] == '\\') {
          if (++at == text.size()) malformed(text);
          quoted = true;
          word += text[at];
          kept = word.size();
          continue;
        }
        word += text[at];
        if (!is_space(text[at])) kept = word.size();
      }
      word.resize(kept);
      if (word.empty()) malformed(text);
    }
    if (at == text.size() || (text[at] != ',' && text[at] != '}')) malformed(text);
    open = text[at] == ',';
    if (open) ++at;
    if (!quoted && is_null_word(word)) {
      out.add(Datum::of_null(kind_of(element.id)));
    } else {
      out.add(parse_datum(word, element, arena));
    }
  }
  if (at++ >= text.size()) malformed(text);
  spaces();
  if (at != text.size()) malformed(text);
  return out.take(arena);
}

void format_array(const Bytes& array, const Type& type, std::string& out) {
  const Type element{element_of(type.id), type.precision, type.scale};
  const ArrayView view(array.view());
  std::string text;
  out += '{';
  for (std::uint32_t i = 0; i < view.size(); ++i) {
    if (i != 0) out += ',';
    const Datum value = view[i];
    if (value.null) {
      out += "NULL";
      continue;
    }
    text.clear();
    format_datum(value, element, text);
    bool quotes = text.empty() || is_null_word(text);
    for (const char c : text) quotes = quotes || is_space(c) || c == '"' || c == '\\' || c == '{' || c == '}' || c == ',';
    if (!quotes) {
      out += text;
      continue;
    }
    out += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  out += '}';
}

}  // namespace weir
