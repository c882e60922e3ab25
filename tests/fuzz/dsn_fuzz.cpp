// Connection strings of libpq, as an application's configuration or repmgr's tables hold them.
#include <cstdint>
#include <string>

#include "net/postgres.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  assay::parse_postgres_dsn(assay::Secret(std::string(reinterpret_cast<const char*>(data), size)));
  return 0;
}
