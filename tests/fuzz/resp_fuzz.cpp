// Feeds foreign bytes to the reader of Redis replies: whole, and cut in two at a place that the input
// chooses; both ways must give the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/resp.h"

namespace {

constexpr assay::RespLimits kLimits{1 << 16, 1000};

// Everything that comes out, as text; a code ends it.
std::string read_all(std::string_view first, std::string_view second) {
  assay::RespParser parser(kLimits);
  std::string out;
  for (const std::string_view part : {first, second}) {
    auto one = parser.next(part);
    while (one && *one) {
      out += ((*one)->is_error ? "!" : "=") + assay::to_json((*one)->value);
      one = parser.next({});
    }
    if (!one) return out + one.error().code;
  }
  return out + (parser.pending() ? "..." : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // The budget counts what was fed, so that only inputs below it have to give the same in any portions.
  if (size == 0 || size > kLimits.bytes) {
    read_all(bytes, {});
    return 0;
  }
  const std::size_t cut = static_cast<std::uint8_t>(bytes[0]) % (size + 1);
  if (read_all(bytes, {}) != read_all(bytes.substr(0, cut), bytes.substr(cut))) std::abort();
  return 0;
}
