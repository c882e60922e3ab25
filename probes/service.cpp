#include "probes/service.h"

#include <algorithm>

#include "core/utf8.h"
#include "probes/cut.h"

namespace assay {
namespace {

bool fits(const Value& value, Type type) {
  switch (type) {
    case Type::text:
      return value.is_string();
    case Type::integer:
    case Type::size:
      return value.is_integer();
    case Type::number:
    case Type::duration:
      return value.is_number();
    case Type::boolean:
      return value.is_bool();
    case Type::texts:
      return value.is_array() && std::all_of(value.items().begin(), value.items().end(),
                                             [](const Value& v) { return v.is_string(); });
    case Type::list:
      return value.is_array();
    case Type::object:
      return value.is_object();
    default:
      return true;
  }
}

// The parameters in braces take their places.
std::string fill(std::string_view pattern, Reader& reader) {
  std::string path;
  while (!pattern.empty()) {
    const auto open = pattern.find('{');
    path += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    const auto close = pattern.find('}', open);
    std::string_view name = pattern.substr(open + 1, close - open - 1);
    const bool keep_slashes = name.ends_with('/');
    if (keep_slashes) name.remove_suffix(1);
    std::string value = reader.text(name);
    if (keep_slashes) {
      value.erase(0, std::min(value.find_first_not_of('/'), value.size()));
      while (value.ends_with('/')) value.pop_back();
    }
    path += escape_url(value, keep_slashes);
    pattern.remove_prefix(close + 1);
  }
  return path;
}

std::string query_of(const ServiceRow& row, Reader& reader) {
  std::string query;
  for (const auto& [key, name] : row.query) {
    const std::string value = reader.text(name);
    if (!value.empty() && value != "false")
      query += (query.empty() ? "?" : "&") + key + "=" + escape_url(value);
  }
  return query;
}

Result<void> observe_row(Attempt& attempt, const ServiceSystem& system, const ServiceRow& row) {
  Reader reader = attempt.reader();
  ServiceClient client(attempt, reader, system);
  if (row.all) {
    if (const auto ok = client.ok(); !ok) return ok;
    return row.all(client, reader, attempt.seen);
  }
  const std::string path = fill(row.path, reader) + query_of(row, reader);
  const Value body = row.body ? row.body(reader) : Value();
  if (const auto ok = reader.ok(); !ok) return ok;
  if (const auto ok = client.ok(); !ok) return ok;
  const auto reply = client.send(row.method, path, row.body ? &body : nullptr);
  if (!reply) return Failure(reply.error());
  if (reply->is_json) {
    if (const auto taken = take_picks(reply->json, row.picks, attempt.seen); !taken) return taken;
  }
  if (const auto judged = client.judge(*reply, row.statuses); !judged) return judged;
  if (row.json && !reply->is_json)
    return fail("http.body", "transfer", std::string(system.name) + " did not answer with JSON");
  return row.more ? row.more(reader, *reply, attempt.seen) : Result<void>();
}

}  // namespace

const Value* find_path(const Value& json, std::string_view path) {
  const Value* value = &json;
  while (value != nullptr && !path.empty()) {
    const auto dot = path.find('.');
    value = value->find(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return value;
}

Result<void> take_picks(const Value& json, const std::vector<Pick>& picks, Value& seen) {
  for (const Pick& pick : picks) {
    const Value* value = find_path(json, pick.path);
    if (value == nullptr || value->is_null()) continue;
    if (!fits(*value, pick.type)) {
      return fail("protocol.invalid", "transfer",
                  "in the answer " + pick.path + " is " + std::string(value->kind_name()) + " where " +
                      std::string(type_name(pick.type)) + " was expected");
    }
    seen[pick.field] = *value;
  }
  return {};
}

ServiceClient::ServiceClient(Attempt& attempt, Reader& reader, const ServiceSystem& system)
    : attempt_(attempt), system_(system) {
  base_ = reader.text("url");
  token_ = reader.secret("token");
  for (auto& [name, value] : reader.map("headers")) request_.headers.push_back({name, std::move(value)});
  request_.tls = reader.tls("tls");
  for (const auto& [header, name] : system.headers) {
    const std::string value = reader.text(name);
    if (!value.empty()) request_.headers.push_back({std::string(header), Secret(value)});
  }
  ready_ = reader.ok();
  if (!ready_) return;
  if (const auto url = parse_http_url(base_); !url) {
    ready_ = Failure(url.error());
  } else if (base_.find_first_of("?#") != std::string::npos) {
    ready_ = fail("params.invalid", "setup", "url is the beginning of an API's addresses: without ? and #");
  }
  while (base_.ends_with('/')) base_.pop_back();
  if (!system.base_suffix.empty() && base_.ends_with(system.base_suffix)) {
    base_.resize(base_.size() - system.base_suffix.size());
  }
}

Result<ServiceReply> ServiceClient::exchange(std::string_view method, const std::string& path,
                                             const Value* body, Trace& trace) {
  HttpRequest request = request_;
  request.method = method;
  request.url = base_ + path;
  if (!token_.empty()) {
    const std::string text = std::string(system_.token_prefix) + token_.reveal();
    request.headers.push_back({std::string(system_.token_header), Secret(text)});
  }
  if (body != nullptr) {
    request.body = Secret(to_json(*body));
    request.headers.push_back({"Content-Type", Secret("application/json")});
  }
  const auto response = attempt_.network.http().run(request, attempt_.context, trace);
  if (!response) return Failure(response.error());
  ServiceReply reply;
  reply.status = response->status;
  attempt_.seen["status"] = reply.status;
  if (auto json = parse_json(response->body)) {
    reply.is_json = true;
    reply.json = std::move(*json);
  }
  if (reply.status < 200 || reply.status > 299) reply.message = reply_message(*response);
  return reply;
}

Result<ServiceReply> ServiceClient::send(std::string_view method, const std::string& path,
                                         const Value* body) {
  Trace trace = attempt_.trace();
  return exchange(method, path, body, trace);
}

Result<ServiceReply> ServiceClient::send_auth(std::string_view method, const std::string& path,
                                              const Value* body) {
  Value apart = Value::object();
  Trace inner(apart);
  auto reply = exchange(method, path, body, inner);
  Trace trace = attempt_.trace();
  if (Value* phases = apart.find("phases")) {
    for (const Member& phase : phases->members()) {
      const bool auth = phase.key == "request" || phase.key == "transfer";
      const std::chrono::duration<double> took(phase.value.number());
      trace.phase(auth ? "auth" : phase.key, std::chrono::duration_cast<Duration>(took));
    }
    apart.erase("phases");
  }
  for (Member& member : apart.members()) attempt_.seen[member.key] = std::move(member.value);
  if (!reply && (reply.error().phase == "request" || reply.error().phase == "transfer"))
    reply.error().phase = "auth";
  return reply;
}

Result<void> ServiceClient::judge(const ServiceReply& reply, const std::vector<NamedStatus>& statuses) const {
  if (!reply.message.empty()) attempt_.seen["message"] = cut_text(reply.message);
  const std::string status = std::string(system_.name) + " answered " + std::to_string(reply.status);
  for (const auto* table : {&statuses, &system_.statuses}) {
    for (const NamedStatus& named : *table) {
      if (named.status != reply.status) continue;
      if (named.code.empty()) return {};
      return fail(named.code, "request",
                  std::string(named.sentence) + " (" + status + said(reply.message) + ")");
    }
  }
  if (reply.status >= 200 && reply.status <= 299) return {};
  if (reply.status == 401)
    return fail(has_token() ? "auth.denied" : "auth.required", "request", status + said(reply.message));
  if (reply.status == 403) return fail("auth.denied", "request", status + said(reply.message));
  return fail(system_.error_code, "request", status + said(reply.message));
}

Result<Value> ServiceClient::get(const std::string& path) {
  auto reply = send("GET", path);
  if (!reply) return Failure(reply.error());
  if (const auto judged = judge(*reply); !judged) return Failure(judged.error());
  if (!reply->is_json)
    return fail("http.body", "transfer", std::string(system_.name) + " did not answer with JSON");
  return std::move(reply->json);
}

Probes make_service_probes(const ServiceSystem& system, std::vector<ServiceRow> rows) {
  Probes probes;
  for (ServiceRow& row : rows) {
    Probe probe;
    probe.name = row.name;
    probe.summary = row.summary;
    probe.effect = row.effect;
    probe.params = {
        param("url", Type::text, "where the API begins, http or https", true, {}, "https://host:8200")};
    for (const Field& field : row.params) probe.params.push_back(field);
    probe.params.push_back(
        param("token", Type::secret, "credential, as a reference", false, {}, "{env: TOKEN}"));
    for (const Field& field : system.params) probe.params.push_back(field);
    for (Field& field : http_connection_params()) probe.params.push_back(std::move(field));
    probe.observes = {seen_field("status", Type::integer, "HTTP status of the last answer"),
                      seen_field("message", Type::text, "how the server explains a failure")};
    for (const Pick& pick : row.picks) probe.observes.push_back(seen_field(pick.field, pick.type, pick.doc));
    for (const Field& field : row.observes) probe.observes.push_back(field);
    probe.defaults = row.defaults;
    probe.example = row.example;
    probe.targets = url_targets;
    probe.observe = [&system, row = std::move(row)](Attempt& attempt) {
      return observe_row(attempt, system, row);
    };
    probes.push_back(std::move(probe));
  }
  return probes;
}

}  // namespace assay
