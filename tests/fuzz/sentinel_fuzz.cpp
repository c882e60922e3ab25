// Feeds foreign bytes, as replies of Redis, to what concludes from several Sentinels' answers.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "net/resp.h"
#include "probes/sentinel_view.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  assay::RespParser parser({1 << 16, 1000});
  std::vector<assay::SentinelView> views;
  auto reply = parser.next({reinterpret_cast<const char*>(data), size});
  for (std::size_t i = 0; reply && *reply; ++i, reply = parser.next({})) {
    if (i % 5 == 0) views.emplace_back();
    assay::SentinelView& view = views.back();
    const assay::Value& value = (*reply)->value;
    if (i % 5 == 0) view.read_address(value);
    if (i % 5 == 1) view.read_master(value);
    if (i % 5 == 2) view.read_sentinels(value);
    if (i % 5 == 3) view.read_replicas(value);
    if (i % 5 == 4) view.quorum_ok = !(*reply)->is_error;
    if (view.replicas_down > view.replicas) std::abort();
  }
  assay::Value seen = assay::Value::object();
  const auto concluded = assay::conclude_sentinels(views, "mymaster", seen);
  if (concluded && seen.get("master").empty()) std::abort();
  return 0;
}
