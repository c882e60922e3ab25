// Probes of HTTP and JSON services as rows of a table.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http.h"
#include "probes/http_call.h"
#include "probes/probe.h"

namespace assay {

// A status that is no success and has a name. An empty code: no failure, the expectations decide.
struct NamedStatus {
  int status;
  std::string_view code;
  std::string_view sentence;
};

// What the probes of one system share.
struct ServiceSystem {
  std::string_view name;          // "Vault", for messages
  std::string_view token_header;  // where the parameter `token` goes
  std::string_view token_prefix;  // "Bearer "
  std::string_view error_code;    // of a status that has no name
  std::string_view
      base_suffix;  // an end of `url` that belongs to the API's paths and is dropped ("/v1/data")
  std::vector<NamedStatus> statuses;
  Fields params;  // more parameters of every probe
  std::vector<std::pair<std::string_view, std::string_view>>
      headers;  // header <- text parameter, where it is given
};

// One field of the observation, taken from the reply: `path` is dotted ("data.config.index"). Null and
// missing leave the field out; another type than the row says is protocol.invalid.
struct Pick {
  std::string field;
  std::string path;
  Type type;
  std::string doc;
};

struct ServiceReply {
  int status = 0;
  bool is_json = false;
  Value json;
  std::string message;  // how the server explains a failure
};

// Talks to one service with the parameters that all its probes have: url, token, headers, tls. One attempt,
// one thread.
class ServiceClient {
 public:
  ServiceClient(Attempt& attempt, Reader& reader, const ServiceSystem& system);

  // ok once the reader is ok and `url` is one.
  Result<void> ok() const { return ready_; }
  // Sends and reads; a status is no error. Phases and the rest go into the attempt's observation.
  Result<ServiceReply> send(std::string_view method, const std::string& path, const Value* body = nullptr);
  // The same; the request's and the transfer's time count as phase auth.
  Result<ServiceReply> send_auth(std::string_view method, const std::string& path,
                                 const Value* body = nullptr);
  // ok for 2xx, else the code that the row, the system or HTTP gives the status.
  Result<void> judge(const ServiceReply& reply, const std::vector<NamedStatus>& statuses = {}) const;
  // GET and judge; the reply must be JSON.
  Result<Value> get(const std::string& path);

  void use_token(Secret token) { token_ = std::move(token); }
  bool has_token() const { return !token_.empty(); }

 private:
  Result<ServiceReply> exchange(std::string_view method, const std::string& path, const Value* body,
                                Trace& trace);

  Attempt& attempt_;
  const ServiceSystem& system_;
  HttpRequest request_;
  std::string base_;
  Secret token_;
  Result<void> ready_;
};

// One probe. The usual course is: fill `path` and `query` from the parameters, send, take the picks out of a
// JSON reply whatever its status, name the status, then let `more` add what a table cannot say. `all`
// replaces that course.
struct ServiceRow {
  std::string name;
  std::string summary;
  Effect effect = Effect::reads;
  std::string method = "GET";
  std::string path;  // "/stores/{store}/check": {x} is the parameter x, escaped; {x/} keeps its slashes
  std::vector<std::pair<std::string, std::string>> query = {};  // key <- parameter, where it is given
  Fields params = {};
  std::function<Value(Reader&)> body = {};
  std::vector<NamedStatus> statuses = {};
  bool json = true;  // false: the status says it all
  std::vector<Pick> picks = {};
  std::function<Result<void>(Reader&, const ServiceReply&, Value& seen)> more = {};
  std::function<Result<void>(ServiceClient&, Reader&, Value& seen)> all = {};
  Fields observes = {};  // what `more` and `all` add
  std::vector<DefaultExpectation> defaults = {};
  std::string example = {};
};

// Makes probes of the rows; `system` must live as long as the program.
Probes make_service_probes(const ServiceSystem& system, std::vector<ServiceRow> rows);

// Takes the picks out of a tree.
Result<void> take_picks(const Value& json, const std::vector<Pick>& picks, Value& seen);

// The value at a dotted path, or null.
const Value* find_path(const Value& json, std::string_view path);

// One system a function, put together by service_probes().
Probes vault_probes();
Probes policy_probes();  // OPA and OpenFGA
Probes prometheus_probes();
Probes storage_probes();  // Qdrant and Grafana

}  // namespace assay
