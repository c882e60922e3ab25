#include "drift/json_skim.h"

#include <algorithm>

#include "drift/text_scan.h"

namespace assay::drift {
namespace {

constexpr std::size_t kDeepest = 128;   // as deep as a reader goes
constexpr std::size_t kLongest = 4096;  // of what a name can be

}  // namespace

JsonSkim::State JsonSkim::feed(std::string_view piece, std::size_t& taken) {
  const char* const begin = piece.data();
  const char* const end = begin + piece.size();
  const char* at = begin;
  const auto ends = [&](State state) {
    taken = static_cast<std::size_t>(at - begin);
    offset_ += taken;
    return state;
  };
  while (at != end) {
    if (!in_string_ && looks_away()) {
      at = skip(at, end);
      if (at == end) break;
    }
    if (in_string_) {
      at = string(at, end);
      if (at == nullptr) {
        at = begin;
        return ends(State::wrong);
      }
      continue;
    }
    const char c = *at++;
    if (!fits(c)) {
      --at;
      return ends(State::wrong);
    }
    switch (c) {
      case '"':
        in_string_ = true;
        escaped_ = odd_string_ = false;
        keeps_ = looks_at();
        string_.clear();
        break;
      case '{':
      case '[':
        if (roles_.size() >= kDeepest) return ends(State::too_deep);
        if (c == '{' && !roles_.empty() && roles_.back() == Role::items)
          items.push_back({{}, offset_ + static_cast<std::uint64_t>(at - 1 - begin), 0, line_});
        open(c);
        break;
      case '}':
      case ']':
        if (roles_.empty() || !close(c)) return ends(State::wrong);
        if (roles_.empty()) return ends(State::done);
        if (c == '}' && roles_.back() == Role::items)
          items.back().end = offset_ + static_cast<std::uint64_t>(at - begin);
        break;
      case ',':
        key_next_ = !roles_.empty() && roles_.back() != Role::other_list && roles_.back() != Role::items;
        key_.clear();
        break;
      case '\n':
        ++line_;
        break;
      default:
        break;
    }
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') last_ = c;
  }
  return ends(State::wants_more);
}

// In what nobody asks about: to the first place where more is to be done than to find its end.
const char* JsonSkim::skip(const char* at, const char* end) {
  for (; at != end; ++at) {
    const char c = *at;
    switch (c) {
      case '"': {
        if (!fits(c)) return at;
        const auto* const stop = json_string_stop(at + 1, end);
        if (stop == end || *stop != '"') return at;
        at = stop;
        break;
      }
      case '{':
      case '[':
        if (roles_.size() >= kDeepest || !fits(c)) return at;
        roles_.push_back(c == '{' ? Role::other : Role::other_list);
        break;
      case '}':
      case ']':
        if (!is_other(roles_[roles_.size() - 2]) || !close(c)) return at;
        break;
      case '\n':
        ++line_;
        continue;
      case ' ':
      case '\r':
      case '\t':
        continue;
      default:
        break;
    }
    last_ = c;
  }
  return at;
}

// Whether what `c` begins may stand after what was there last; it is enough to find where a text was cut.
bool JsonSkim::fits(char c) {
  if (c != '{' && c != '[' && c != '"') {
    const bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!roles_.empty() && roles_.back() == Role::items && !space && c != ',' && c != ']') found.odd = true;
    return !roles_.empty();
  }
  if (roles_.empty()) return c == '{';
  const bool list = roles_.back() == Role::other_list || roles_.back() == Role::items;
  if (roles_.back() == Role::items && c != '{') found.odd = true;
  if (list) return last_ == '[' || last_ == ',';
  return last_ == ':' || (c == '"' && (last_ == '{' || last_ == ','));
}

// The place after the string, or after all of it that is there; null: no JSON.
const char* JsonSkim::string(const char* at, const char* end) {
  while (at != end) {
    if (escaped_) {
      escaped_ = false;
      odd_string_ = true;
      ++at;
      continue;
    }
    const auto* const stop = json_string_stop(at, end);
    if (keeps_ && string_.size() < kLongest) string_.append(at, stop);
    if (stop == end) return end;
    if (*stop == '\n') return nullptr;
    at = stop + 1;
    if (*stop == '"') {
      in_string_ = false;
      string_ended();
      return at;
    }
    if (*stop == '\\') {
      escaped_ = true;
    } else if (keeps_) {
      odd_string_ = true;  // a control character: only reading tells
    }
  }
  return at;
}

FoundId& JsonSkim::current() {
  const auto role = roles_.back();
  return role == Role::item || role == Role::item_metadata ? items.back().id : found;
}

void JsonSkim::string_ended() {
  if (key_next_) {
    key_next_ = false;
    if (keeps_) key_ = string_;
    if (keeps_ && odd_string_) current().odd = true;
    return;
  }
  if (!keeps_) return;
  auto& id = current();
  const bool metadata = roles_.back() == Role::metadata || roles_.back() == Role::item_metadata;
  std::string* to = nullptr;
  if (metadata) {
    to = key_ == "name" ? &id.name : key_ == "namespace" ? &id.ns : nullptr;
  } else {
    to = key_ == "kind" ? &id.kind : key_ == "apiVersion" ? &id.api_version : nullptr;
  }
  if (to == nullptr) return;
  if (!to->empty() || odd_string_ || string_.empty() || string_.size() >= kLongest) id.odd = true;
  *to = string_;
}

void JsonSkim::open(char bracket) {
  auto role = bracket == '{' ? Role::other : Role::other_list;
  if (roles_.empty()) {
    role = bracket == '{' ? Role::root : Role::other_list;
  } else if (roles_.back() == Role::root) {
    if (bracket == '{' && key_ == "metadata") role = Role::metadata;
    if (bracket == '[' && key_ == "items") {
      role = Role::items;
      if (found.items) found.odd = true;
      found.items = true;
    }
  } else if (roles_.back() == Role::items) {
    if (bracket == '{') role = Role::item;
  } else if (roles_.back() == Role::item) {
    if (bracket == '{' && key_ == "metadata") role = Role::item_metadata;
    // A list in a list: only reading tells.
    if (bracket == '[' && key_ == "items") items.back().id.items = true;
  }
  roles_.push_back(role);
  key_next_ = bracket == '{';
  key_.clear();
}

bool JsonSkim::close(char bracket) {
  const bool list = roles_.back() == Role::other_list || roles_.back() == Role::items;
  if (list != (bracket == ']')) return false;
  roles_.pop_back();
  key_next_ = false;
  return true;
}

}  // namespace assay::drift
