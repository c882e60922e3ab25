#include "engine/observation.h"

#include <openssl/evp.h>

#include "core/utf8.h"
#include "probes/cut.h"

namespace assay {
namespace {

constexpr std::size_t kHead = 256;

std::string sha256(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < length; ++i) {
    hex += kHex[digest[i] >> 4];
    hex += kHex[digest[i] & 15];
  }
  return hex;
}

std::size_t size_of(const Value& value) {
  if (value.is_string()) return value.string().size() + 2;
  if (value.is_scalar()) return 8;
  std::size_t size = 2;
  if (value.is_array()) {
    for (const Value& item : value.items()) size += size_of(item) + 1;
  } else {
    for (const Member& member : value.members()) size += member.key.size() + 4 + size_of(member.value);
  }
  return size;
}

// The largest subtree that is worth cutting as a whole: goes down while one child makes up most of its
// parent.
Value* largest(Value& root) {
  Value* at = &root;
  while (true) {
    Value* biggest = nullptr;
    std::size_t size = 0;
    const auto consider = [&](Value& child) {
      const std::size_t child_size = size_of(child);
      if (child_size > size) {
        size = child_size;
        biggest = &child;
      }
    };
    if (at->is_array()) {
      for (Value& item : at->items()) consider(item);
    } else if (at->is_object()) {
      for (Member& member : at->members()) consider(member.value);
    }
    if (biggest == nullptr || (at != &root && size * 2 < size_of(*at))) return at;
    at = biggest;
  }
}

// Bytes that are not UTF-8 cannot be written to the journal as they are: replaced here, they are judged alike
// live and from the journal.
void make_utf8(Value& value) {
  if (value.is_string()) {
    value.string() = to_utf8(value.string());
  } else if (value.is_array()) {
    for (Value& item : value.items()) make_utf8(item);
  } else if (value.is_object()) {
    for (Member& member : value.members()) {
      member.key = to_utf8(member.key);
      make_utf8(member.value);
    }
  }
}

// What a probe has cut keeps only the usual head where there is no room for more.
void shorten_heads(Value& value) {
  if (value.is_array()) {
    for (Value& item : value.items()) shorten_heads(item);
  } else if (value.is_object()) {
    Value* head = value.get_bool("truncated") ? value.find("head") : nullptr;
    if (head != nullptr && head->is_string()) head->string() = shorten(head->string(), kHead);
    for (Member& member : value.members()) shorten_heads(member.value);
  }
}

}  // namespace

Value error_value(const Error& error) {
  return Value::object({{"code", error.code}, {"phase", error.phase}, {"message", error.message}});
}

Value failed_observation(const Error& error) { return Value::object({{"error", error_value(error)}}); }

Value seal(Value observation, const Redactor& redactor, std::size_t limit) {
  redactor.redact(observation);
  make_utf8(observation);
  if (size_of(observation) > limit) shorten_heads(observation);
  while (size_of(observation) > limit) {
    Value* victim = largest(observation);
    if (victim == &observation) break;
    const std::string text = victim->is_string() ? victim->string() : to_json(*victim);
    if (text.size() < 512) break;  // nothing left that is worth cutting
    *victim = cut_marker(shorten(text, kHead), text.size(), sha256(text));
  }
  return observation;
}

}  // namespace assay
