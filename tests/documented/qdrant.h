// A server that answers as Qdrant's published API says; no Qdrant can be had as a package here, so its probes
// have not been seen against a real one. Written from https://api.qdrant.tech/api-reference: "Kubernetes
// readiness probe" (GET /readyz), "List all collections" (GET /collections), "Retrieve collection details"
// (GET /collections/{name}), and from https://qdrant.tech/documentation/guides/security/ (header api-key).
#pragma once

#include <map>
#include <string>

#include "tests/support/http_server.h"

namespace assay::test {

struct DocumentedQdrant {
  std::map<std::string, std::string> collections = {{"notes", "green"}};  // name to status
  bool ready = true;
  std::string api_key;  // empty: none is asked for

  HttpSaid answer(const HttpSeen& request) const {
    if (request.target == "/readyz") {
      return ready ? HttpSaid{200, "all shards are ready", "text/plain", ""}
                   : HttpSaid{503, "some shards are not ready", "text/plain", ""};
    }
    if (!api_key.empty() && request.header("api-key") != api_key) {
      return {401, "Must provide an API key or an Authorization bearer token", "text/plain", ""};
    }
    if (request.target == "/collections") {
      std::string list;
      for (const auto& [name, status] : collections)
        list += (list.empty() ? "" : ",") + ("{\"name\":\"" + name + "\"}");
      return {200, "{\"result\":{\"collections\":[" + list + "]},\"status\":\"ok\",\"time\":0.00003}"};
    }
    const auto one = collections.find(request.target.substr(std::string("/collections/").size()));
    if (one == collections.end()) {
      return {404, R"({"status":{"error":"Not found: Collection does not exist!"},"time":0.00002})"};
    }
    return {
        200,
        R"({"result":{"status":")" + one->second +
            R"(","optimizer_status":"ok","indexed_vectors_count":10,"points_count":10,"segments_count":2,)"
            R"("config":{"params":{"vectors":{"size":4,"distance":"Cosine"}}},"payload_schema":{}},)"
            R"("status":"ok","time":0.0001})"};
  }
};

}  // namespace assay::test
