// A server's SCRAM messages: the first line of the input is the first of them, the rest the second. No server
// that does not know the password is accepted.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/scram.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  std::string first = text.substr(0, line);
  // The iteration count is bounded by the client; a large one would only make this slow.
  if (const auto count = first.find("i="); count != std::string::npos && first.size() - count > 6) return 0;
  assay::ScramClient client(assay::ScramHash::sha256, "user", assay::Secret("pencil"), "nonce");
  if (!client.answer(first) || line == std::string::npos) return 0;
  if (client.verify(text.substr(line + 1))) std::abort();
  return 0;
}
