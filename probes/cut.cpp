#include "probes/cut.h"

#include "core/utf8.h"

namespace assay {

Value cut_marker(std::string_view head, std::uint64_t bytes, std::string_view sha256) {
  Value marker = Value::object({{"truncated", true}, {"bytes", static_cast<std::int64_t>(bytes)}});
  if (!sha256.empty()) marker["sha256"] = sha256;
  marker["head"] = to_utf8(head);
  return marker;
}

Value cut_text(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return to_utf8(text);
  return cut_marker(text.substr(0, limit), text.size());
}

Value withheld(std::string_view reason) { return cut_marker(reason, 0); }

}  // namespace assay
