#include "views/gate_window.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace weir::internal {
namespace {

using WindowKind = GateWindow::Kind;
__extension__ using Wide = __int128;

}  // namespace

GateWindowState::GateWindowState(const GateWindow& window) : window_(window) {}

std::int64_t GateWindowState::slot_us(const GateWindow& window) {
  if (window.kind == WindowKind::kFixed) return window.period.count();
  if (window.kind == WindowKind::kSliding) return window.period.count() / static_cast<std::int64_t>(kSlots);
  return 0;
}

bool GateWindowState::advance(std::int64_t now, std::int64_t budget, std::int64_t handed_out) {
  const std::int64_t slot_length = slot_us(window_);
  if (slot_length > 0) {
    count(handed_out);
    const std::int64_t slot = now / slot_length;
    if (slot <= at_) return false;
    if (window_.kind == WindowKind::kFixed) {
      used_ = 0;
    } else {
      const auto size = static_cast<std::int64_t>(slots_.size());
      for (std::int64_t s = std::max(at_ + 1, slot - size + 1); s <= slot; ++s) {
        std::int64_t& old = slots_[static_cast<std::size_t>(s % size)];
        used_ -= old;
        old = 0;
      }
    }
    at_ = slot;
    return true;
  }
  if (window_.kind == WindowKind::kTokenBucket && now > at_) {
    const std::int64_t period = window_.period.count();
    const Wide gained = budget > 0 ? static_cast<Wide>(now - at_) * budget / period : 0;
    if (gained >= used_) {
      used_ = 0;
      at_ = now;
    } else if (gained > 0) {
      used_ -= static_cast<std::int64_t>(gained);
      at_ += static_cast<std::int64_t>((gained * period + budget - 1) / budget);  // what is left of a token counts on
    }
  }
  count(handed_out);
  return false;
}

void GateWindowState::count(std::int64_t n) {
  used_ += n;
  if (window_.kind == WindowKind::kSliding) slots_[static_cast<std::size_t>(at_) % slots_.size()] += n;
}

std::int64_t GateWindowState::take_back(std::int64_t n) {
  std::int64_t* here = window_.kind == WindowKind::kSliding ? &slots_[static_cast<std::size_t>(at_) % slots_.size()] : nullptr;
  n = std::min(n, here ? *here : used_);
  used_ -= n;
  if (here) *here -= n;
  return n;
}

void GateWindowState::forfeit(std::int64_t leased, std::int64_t now) {
  if (window_.kind == WindowKind::kTokenBucket) at_ = std::max(at_, now);
  count(leased);
}

std::int64_t GateWindowState::next_room(std::int64_t budget) const {
  const std::int64_t slot_length = slot_us(window_);
  if (window_.kind == WindowKind::kFixed) return (at_ + 1) * slot_length;
  if (window_.kind == WindowKind::kTokenBucket) return budget > 0 ? at_ + (window_.period.count() + budget - 1) / budget : kNever;
  if (window_.kind == WindowKind::kNone) return kNever;
  const auto size = static_cast<std::int64_t>(slots_.size());
  for (std::int64_t s = std::max<std::int64_t>(0, at_ - size + 1); s <= at_; ++s) {
    if (slots_[static_cast<std::size_t>(s % size)] > 0) return (s + size) * slot_length;
  }
  return (at_ + 1) * slot_length;
}

// kind, period, at, then what is used: of a sliding one by slot, the oldest first.
std::string GateWindowState::to_string() const {
  std::string out = std::to_string(static_cast<int>(window_.kind)) + ' ' + std::to_string(window_.period.count()) + ' ' + std::to_string(at_);
  if (window_.kind != WindowKind::kSliding) return out + ' ' + std::to_string(used_);
  for (std::size_t i = 1; i <= slots_.size(); ++i) out += ' ' + std::to_string(slots_[(static_cast<std::size_t>(at_) + i) % slots_.size()]);
  return out;
}

void GateWindowState::read(std::string_view text) {
  std::vector<std::int64_t> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    std::int64_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc() || number < 0) return;
    numbers.push_back(number);
    at = next < end ? next + 1 : next;
  }
  const std::size_t counts = window_.kind == WindowKind::kSliding ? slots_.size() : 1;
  if (numbers.size() != 3 + counts || numbers[0] != static_cast<int>(window_.kind) || numbers[1] != window_.period.count()) return;
  at_ = numbers[2];
  used_ = 0;
  for (std::size_t i = 0; i < counts; ++i) {
    used_ += numbers[3 + i];
    if (window_.kind == WindowKind::kSliding) slots_[(static_cast<std::size_t>(at_) + i + 1) % slots_.size()] = numbers[3 + i];
  }
}

}  // namespace weir::internal
