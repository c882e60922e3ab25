#include "probes/http_call.h"

#include "core/utf8.h"

namespace assay {

Fields http_connection_params() {
  return {
      {"headers",
       Type::map,
       "more headers; values may be references",
       false,
       {},
       "{Accept: application/json}",
       {},
       {}},
      tls_field(),
  };
}

std::vector<std::string> url_targets(const Value& params) {
  const Value* url = params.find("url");
  if (url == nullptr || !url->is_string()) return {};
  const auto parsed = parse_http_url(url->string());
  if (!parsed) return {};
  return {parsed->target().text()};
}

Value headers_value(const HttpHeaders& headers) {
  Value map = Value::object();
  for (const auto& [name, value] : headers) {
    std::string shown = to_utf8(value);
    if (name == "set-cookie") {
      const auto equals = shown.find('=');
      const auto end = std::min(shown.find(';'), shown.size());
      if (equals < end) shown = shown.substr(0, equals + 1) + "***" + shown.substr(end);
    }
    Value& slot = map[to_utf8(name)];
    slot = slot.is_string() ? slot.string() + ", " + shown : shown;
  }
  return map;
}

bool is_json_type(const std::string& type) {
  std::string essence = lower_ascii(type.substr(0, type.find(';')));
  while (essence.ends_with(' ')) essence.pop_back();
  return essence == "application/json" || essence == "text/json" || essence.ends_with("+json");
}

std::string reply_message(const HttpResponse& response) {
  const std::string_view text = response.body;
  const auto parsed = parse_json(text);
  std::string found;
  if (parsed && parsed->is_object()) {
    for (const char* key : {"errors", "error", "message"}) {
      const Value* member = parsed->find(key);
      if (member != nullptr && member->is_array() && !member->items().empty())
        member = &member->items().front();
      if (member != nullptr && member->is_object()) member = member->find("message");
      if (member == nullptr || !member->is_string() || member->string().empty()) continue;
      found = member->string();
      break;
    }
  } else if (!parsed) {
    found = text;
  }
  for (char& c : found) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  while (found.ends_with(' ')) found.pop_back();
  return printable(found);
}

std::string said(std::string_view message) {
  constexpr std::size_t kLongest = 200;
  return message.empty() ? std::string() : ": " + shorten(message, kLongest);
}

}  // namespace assay
