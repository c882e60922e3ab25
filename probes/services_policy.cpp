// OPA (https://www.openpolicyagent.org/docs/rest-api) and OpenFGA (https://openfga.dev/api/service).
#include "probes/service.h"

namespace assay {
namespace {

const ServiceSystem& opa() {
  static const ServiceSystem system = {"OPA", "Authorization", "Bearer ", "http.status", "/v1/data", {}, {},
                                       {}};
  return system;
}

const ServiceSystem& openfga() {
  static const ServiceSystem system = {"OpenFGA", "Authorization", "Bearer ", "openfga.error", "", {}, {},
                                       {}};
  return system;
}

ServiceRow opa_health() {
  ServiceRow row;
  row.name = "opa.health";
  row.summary = "OPA is up, with its bundles and plugins where asked";
  row.path = "/health";
  row.query = {{"bundles", "bundles"}, {"plugins", "plugins"}};
  row.params = {param("bundles", Type::boolean, "true: every bundle must have been activated", false, false),
                param("plugins", Type::boolean, "true: every plugin must be in state OK", false, false)};
  row.more = [](Reader&, const ServiceReply&, Value& seen) {
    seen["healthy"] = true;
    return Result<void>();
  };
  row.observes = {seen_field("healthy", Type::boolean, "it says that it is healthy")};
  row.defaults = {{"healthy", true}};
  row.example = "url: http://opa:8181\nbundles: true";
  return row;
}

ServiceRow opa_decision() {
  ServiceRow row;
  row.name = "opa.decision";
  row.summary = "what a policy decides for an input";
  row.method = "POST";
  row.path = "/v1/data/{path/}";
  row.params = {param("path", Type::text, "the document to ask for, with slashes", true, {}, "authz/allow"),
                param("input", Type::any, "the input document", false, {}, "{user: ann, resource: doc1}")};
  row.body = [](Reader& reader) {
    return reader.has("input") ? Value::object({{"input", reader.any("input")}}) : Value::object();
  };
  row.picks = {{"result", "result", Type::any, "the decision"}};
  row.more = [](Reader&, const ServiceReply& reply, Value& seen) {
    // Without a result there is no such document, or no rule of it applied.
    seen["defined"] = reply.json.find("result") != nullptr;
    return Result<void>();
  };
  row.observes = {seen_field("defined", Type::boolean, "the policy decides this at all")};
  row.defaults = {{"defined", true}};
  row.example = "url: http://opa:8181\npath: authz/allow\ninput: {user: ann, resource: doc1}";
  return row;
}

ServiceRow openfga_check() {
  ServiceRow row;
  row.name = "openfga.check";
  row.summary = "may this user do that with this object";
  row.method = "POST";
  row.path = "/stores/{store}/check";
  row.params = {param("store", Type::text, "id of the store", true),
                param("model", Type::text, "id of the authorization model; the newest when it is not given"),
                param("user", Type::text, "who", true, {}, "user:ann"),
                param("relation", Type::text, "which relation", true, {}, "viewer"),
                param("object", Type::text, "to what", true, {}, "doc:1"),
                param("contextual", Type::any, "tuples that hold for this question alone, as a list", false,
                      {}, "[{user: 'user:ann', relation: owner, object: 'doc:2'}]"),
                param("context", Type::any, "what conditions are evaluated with", false, {}, "{hour: 12}")};
  row.body = [](Reader& reader) {
    Value body = Value::object();
    if (reader.has("model")) body["authorization_model_id"] = reader.text("model");
    for (const char* part : {"user", "relation", "object"}) body["tuple_key"][part] = reader.text(part);
    if (reader.has("contextual")) body["contextual_tuples"]["tuple_keys"] = reader.any("contextual");
    if (reader.has("context")) body["context"] = reader.any("context");
    return body;
  };
  row.picks = {{"allowed", "allowed", Type::boolean, "the answer"}};
  row.more = [](Reader&, const ServiceReply&, Value& seen) {
    if (seen.find("allowed") == nullptr) seen["allowed"] = false;  // a default is left out of proto3's JSON
    return Result<void>();
  };
  row.defaults = {{"allowed", true}};
  row.example = "url: http://openfga:8080\nstore: 01HXYZ\nuser: user:ann\nrelation: viewer\nobject: doc:1";
  return row;
}

}  // namespace

Probes policy_probes() {
  Probes all = make_service_probes(opa(), {opa_health(), opa_decision()});
  for (Probe& probe : make_service_probes(openfga(), {openfga_check()})) all.push_back(std::move(probe));
  return all;
}

}  // namespace assay
