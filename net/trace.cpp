#include "net/trace.h"

namespace assay {

void Trace::phase(std::string_view name, Duration took) {
  Value& slot = (*seen_)["phases"][name];
  slot = Value((slot.is_number() ? slot.number() : 0.0) + seconds(took));
}

void Trace::resolved(const std::vector<SocketAddress>& addresses) {
  Value list = Value::array();
  for (const SocketAddress& address : addresses) list.push_back(address.ip());
  (*seen_)["addresses"] = std::move(list);
}

void Trace::peer(const SocketAddress& address) { (*seen_)["peer"] = address.text(); }

void Trace::tls(Value details) { (*seen_)["tls"] = std::move(details); }

}  // namespace assay
