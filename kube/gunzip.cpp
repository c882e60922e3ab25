#include "kube/gunzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

namespace assay {

Result<std::string> gunzip(std::string_view packed, std::size_t most) {
  const auto refuse = [](const std::string& why) { return fail("helm.release", "transfer", why); };
  z_stream stream{};
  if (packed.size() > std::numeric_limits<uInt>::max()) return refuse("it is larger than 4 GiB");
  // 16: a gzip header, and nothing else.
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
    return fail("harness.internal", "transfer", "zlib cannot start");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, &inflateEnd);
  // zlib reads from it only, but declares it otherwise.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string content;
  std::array<char, 64U << 10> piece;
  for (int state = Z_OK; state != Z_STREAM_END;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    state = inflate(&stream, Z_NO_FLUSH);
    if (state == Z_BUF_ERROR || (state == Z_OK && stream.avail_in == 0 && stream.avail_out != 0))
      return refuse("its gzip data is cut short");
    if (state != Z_OK && state != Z_STREAM_END)
      return refuse(std::string("it is no gzip: ") + (stream.msg == nullptr ? "bad data" : stream.msg));
    const std::size_t got = piece.size() - stream.avail_out;
    if (got > most - content.size())
      return refuse("it unpacks to more than " + std::to_string(most >> 20) + " MiB");
    content.append(piece.data(), got);
  }
  return content;
}

}  // namespace assay
