// What a cluster holds as a release of Helm: base64, gzip, JSON.
#include <cstdint>
#include <string_view>

#include "core/base64.h"
#include "kube/gunzip.h"
#include "kube/release.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  assay::decode_release(bytes);
  assay::gunzip(bytes, 1 << 20);
  assay::decode_release(assay::encode_base64(bytes));
  return 0;
}
