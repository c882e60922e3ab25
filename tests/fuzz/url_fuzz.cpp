// URLs, and locations of redirects relative to one: what was read prints and reads back as the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/http.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  const auto base = assay::parse_http_url(text.substr(0, line));
  if (!base) return 0;
  const auto again = assay::parse_http_url(base->text);
  if (!again || again->text != base->text || again->origin() != base->origin()) std::abort();
  if (line == std::string::npos) return 0;
  const auto there = assay::parse_http_url(text.substr(line + 1), &*base);
  if (there && !assay::parse_http_url(there->text)) std::abort();
  return 0;
}
