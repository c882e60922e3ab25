// The health answers that no Vault here can be brought to give: 472 (disaster-recovery secondary) and 473
// (performance standby) are of Vault Enterprise. Written from
// https://developer.hashicorp.com/vault/api-docs/system/health ("Default status codes" and the sample
// response).
#pragma once

#include "tests/support/http_server.h"

namespace assay::test {

struct DocumentedVaultHealth {
  int status = 200;

  HttpSaid answer(const HttpSeen& request) const {
    if (request.target != "/v1/sys/health") return {404, R"({"errors":[]})"};
    const auto flag = [](bool value) { return std::string(value ? "true" : "false"); };
    return {status, "{\"initialized\":" + flag(status != 501) + ",\"sealed\":" +
                        flag(status == 501 || status == 503) + ",\"standby\":" + flag(status != 200) +
                        ",\"performance_standby\":" + flag(status == 473) +
                        ",\"replication_performance_mode\":\"disabled\",\"replication_dr_mode\":\"" +
                        (status == 472 ? "secondary" : "disabled") +
                        "\",\"server_time_utc\":1516639589,\"version\":\"1.15.4+ent\",\"cluster_name\":"
                        "\"vault-cluster-3bd69ca2\"," +
                        "\"cluster_id\":\"00af5aa8-c87d-b5fc-e82e-97cd8dfaf731\"}"};
  }
};

}  // namespace assay::test
