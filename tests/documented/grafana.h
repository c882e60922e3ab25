// A server that answers as Grafana's published API says; no Grafana can be had as a package here, so its
// probe has not been seen against a real one. Written from
// https://grafana.com/docs/grafana/latest/developers/http_api/other/ ("Health API", GET /api/health; 503
// where the database cannot be reached).
#pragma once

#include "tests/support/http_server.h"

namespace assay::test {

struct DocumentedGrafana {
  bool database = true;

  HttpSaid answer(const HttpSeen& request) const {
    if (request.target != "/api/health") return {404, R"({"message":"Not found","traceID":""})"};
    return {database ? 200 : 503, std::string("{\"commit\":\"087143285\",\"database\":\"") +
                                      (database ? "ok" : "failing") + "\",\"version\":\"10.2.3\"}"};
  }
};

}  // namespace assay::test
