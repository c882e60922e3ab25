// http, http.send: one request, and everything that came back.
#include "core/utf8.h"
#include "probes/cut.h"
#include "probes/http_call.h"

namespace assay {
namespace {

HttpRequest read_request(Reader& reader) {
  HttpRequest request;
  request.method = reader.text("method");
  request.url = reader.text("url");
  for (auto& [name, value] : reader.map("headers")) request.headers.push_back({name, std::move(value)});
  request.tls = reader.tls("tls");
  request.follow = static_cast<int>(reader.integer("follow"));
  request.max_body = static_cast<std::size_t>(reader.integer("max_body"));
  if (!reader.has("body")) return request;
  const Value body = reader.any("body");
  if (body.is_string()) {
    request.body = Secret(body.string());
    return request;
  }
  request.body = Secret(to_json(body));
  for (const HttpHeader& header : request.headers) {
    if (lower_ascii(header.name) == "content-type") return request;
  }
  request.headers.push_back({"Content-Type", Secret("application/json")});
  return request;
}

// `whole`: the body is all that the server meant to send, or all that it sent.
[[gnu::noinline]] Result<void> read_answer(const HttpResponse& response, bool whole, const Value* wants_json,
                                           Value& seen) {
  if (response.status == 0) return {};
  seen["status"] = response.status;
  seen["http_version"] = response.version;
  seen["headers"] = headers_value(response.headers);
  seen["redirects"] = response.redirects;
  seen["url"] = to_utf8(response.url.substr(0, response.url.find('?')));
  if (whole) seen["bytes"] = response.body.size();
  seen["body"] = whole ? cut_text(response.body)
                       : cut_marker(std::string_view(response.body).substr(0, kShown), response.body.size());
  if (!whole) return {};
  const std::string* type = response.header("content-type");
  const bool wanted = wants_json != nullptr
                          ? wants_json->boolean()
                          : type != nullptr && is_json_type(*type) && !response.body.empty();
  if (!wanted) return {};
  auto json = parse_json(response.body);
  if (!json) return fail("http.body", "transfer", "the body is " + json.error().message);
  seen["json"] = std::move(*json);
  return {};
}

// On the heap, as 2,000 threads may stand here with small stacks.
struct Call {
  HttpRequest request;
  Value wants_json;  // null: as the answer says
  HttpResponse response;
};

// Not inlined, like read_answer(): what they need on the stack would lie there while the answer is waited
// for, in each of up to 2,000 threads.
[[gnu::noinline]] Result<void> prepare(const Attempt& attempt, Call& call) {
  Reader reader = attempt.reader();
  call.request = read_request(reader);
  if (reader.has("json")) call.wants_json = reader.boolean("json");
  if (const auto ok = reader.ok(); !ok) return ok;
  if (call.request.follow < 0 || call.request.follow > 20 || call.request.max_body > (256U << 20)) {
    return fail("params.invalid", "setup", "follow is at most 20, max_body at most 256 MiB");
  }
  return {};
}

Result<void> observe_http(Attempt& attempt) {
  const auto call = std::make_unique<Call>();
  Result<void> done = prepare(attempt, *call);
  if (!done) return done;
  Trace trace = attempt.trace();
  done = attempt.network.http().run(call->request, attempt.context, trace, call->response);
  const bool whole = done || done.error().code != "protocol.too-large";
  auto read = read_answer(call->response, whole, call->wants_json.is_null() ? nullptr : &call->wants_json,
                          attempt.seen);
  if (done) done = std::move(read);
  return done;
}

Probe http_probe(const std::vector<std::string>& methods) {
  Probe http;
  Field method = param("method", Type::text, "the request's method", false, methods.front());
  method.one_of = methods;
  http.params = {
      param("url", Type::text, "what to ask for, http or https", true, {}, "https://example.org/healthz"),
      method,
      param("body", Type::any, "a text that is sent as it is, or a tree that is sent as JSON", false, {},
            "{user: ann}"),
      param("json", Type::boolean,
            "true: the answer must be JSON; false: it is not read as JSON; not given: read where it says "
            "that it is"),
      param("follow", Type::integer, "how many redirects are followed; 0: a redirect is the answer", false,
            0),
      param("max_body", Type::size, "bytes; a larger body is protocol.too-large", false, 4 << 20),
  };
  for (Field& field : http_connection_params()) http.params.push_back(std::move(field));
  http.observes = {
      seen_field("status", Type::integer, "status code"),
      seen_field("http_version", Type::text, "1.0, 1.1 or 2"),
      seen_field("headers", Type::any, "headers by their names in lower case"),
      seen_field("redirects", Type::integer, "redirects that were followed"),
      seen_field("url", Type::text, "where the answer came from, without its query"),
      seen_field("bytes", Type::size, "length of the body; absent where it is larger than max_body"),
      seen_field("body", Type::text, "the body as text; a longer one than 16 KiB is cut and marked so"),
      seen_field("json", Type::any, "the body as a tree"),
  };
  http.defaults = {{"status", Value::object({{"between", Value::Array{200, 299}}})}};
  http.observe = observe_http;
  http.targets = url_targets;
  return http;
}

}  // namespace

// Two rows, so that --read-only can tell them apart: who sends a question by POST says that it is one.
Probes http_probes() {
  Probe ask = http_probe({"GET", "HEAD", "OPTIONS", "POST"});
  ask.name = "http";
  ask.summary = "one HTTP request that changes nothing, and its answer; POST is for questions";
  ask.example = "url: https://example.org/healthz\nheaders: {Authorization: {env: TOKEN}}\nfollow: 3";
  Probe send = http_probe({"POST", "PUT", "PATCH", "DELETE"});
  send.name = "http.send";
  send.summary = "one HTTP request that may change something, and its answer";
  send.effect = Effect::writes;
  send.example = "url: https://example.org/items/assay-1\nmethod: PUT\nbody: {state: checked}";
  return {ask, send};
}

}  // namespace assay
