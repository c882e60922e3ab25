// Addresses among the settings of an application.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace assay {

struct ConfigAddress {
  std::string key;
  std::string host;
  std::uint16_t port = 0;  // 0: a name alone, which can be resolved and not connected to

  std::string text() const;
};

// The addresses in a ConfigMap's data: URLs wherever they stand in a value (the scheme's usual port where
// none is written; user names, passwords and paths are left out), values that are `host:port` or a list of
// them, and names of hosts. A name alone is an address where it ends as a Service's does (.svc,
// .svc.cluster.local) or its key says so (..._HOST, ..._ADDR, ..._SERVER ...); its port is the value of the
// key beside it (POSTGRES_HOST, POSTGRES_PORT). Pure.
std::vector<ConfigAddress> addresses_in(const std::map<std::string, std::string>& data);

}  // namespace assay
