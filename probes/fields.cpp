#include "probes/fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/utf8.h"

namespace assay {

std::string_view type_name(Type type) {
  switch (type) {
    case Type::text:
      return "text";
    case Type::integer:
      return "integer";
    case Type::number:
      return "number";
    case Type::boolean:
      return "boolean";
    case Type::duration:
      return "duration";
    case Type::size:
      return "size";
    case Type::secret:
      return "secret";
    case Type::address:
      return "address";
    case Type::addresses:
      return "addresses";
    case Type::texts:
      return "list of texts";
    case Type::map:
      return "map of texts";
    case Type::tls:
      return "tls";
    case Type::list:
      return "list";
    case Type::object:
      return "map";
    case Type::any:
      return "any";
  }
  return "any";
}

namespace {

// Edit distance in which two neighbours that changed places count once (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] =
          std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  if (name.size() > 100) return {};
  std::string best;
  std::size_t best_distance = name.size() / 3 + 1;
  for (const std::string& candidate : known) {
    if (candidate.size() > 100) continue;
    const std::size_t now = distance(name, candidate);
    if (now >= best_distance) continue;
    best_distance = now;
    best = candidate;
  }
  return best;
}

namespace {

const Fields& tls_fields() {
  static const Fields fields = {
      {"ca",
       Type::text,
       "file with the trusted authorities in PEM; the system's when it is not given",
       false,
       {},
       "/etc/ssl/ca.pem",
       {},
       {}},
      {"name",
       Type::text,
       "the name that the certificate must carry, when it is not the host of the address",
       false,
       {},
       "db.example.org",
       {},
       {}},
      {"verify", Type::boolean, "false: the chain is reported and not verified", false, true, "", {}, {}},
      {"cert", Type::text, "file with the client's certificate in PEM", false, {}, "", {}, {}},
      {"key",
       Type::text,
       "file with its key in PEM; the certificate's file when it is not given",
       false,
       {},
       "",
       {},
       {}},
      {"minimum", Type::text, "lowest protocol version", false, "1.2", "", {}, {"1.2", "1.3"}},
  };
  return fields;
}

// A text in which a variable still stands: one that has no value while a file is only linted.
bool is_open(const Value& value) {
  return value.is_string() && value.string().find("${") != std::string::npos;
}

bool is_duration(const Value& value) {
  return value.is_string() && parse_duration(value.string()).has_value();
}

bool is_address_list(const Value& value, std::uint16_t port) {
  if (value.is_string()) return parse_host_ports(value.string(), port).has_value();
  if (!value.is_array() || value.items().empty()) return false;
  return std::all_of(value.items().begin(), value.items().end(), [&](const Value& item) {
    return is_reference(item) || is_open(item) ||
           (item.is_string() && parse_host_port(item.string(), port).has_value());
  });
}

void check_value(const Value& value, const Field& field, Mark mark, std::vector<FieldProblem>& problems) {
  const auto wrong = [&](std::string_view wanted) {
    problems.push_back(
        {value.mark.known() ? value.mark : mark,
         fmt::format("{} takes {}, this is {}", field.name, wanted,
                     value.is_scalar() && !value.is_null()
                         ? fmt::format("{} ({})", value.kind_name(), shorten(to_json(value), 200))
                         : std::string(value.kind_name()))});
  };
  if (is_open(value)) return;
  if (is_reference(value) && field.type != Type::object && field.type != Type::list &&
      field.type != Type::tls && field.type != Type::texts)
    return;
  switch (field.type) {
    case Type::text:
      if (!value.is_string()) {
        wrong("a text (quote it)");
      } else if (!field.one_of.empty() &&
                 std::find(field.one_of.begin(), field.one_of.end(), value.string()) == field.one_of.end()) {
        wrong("one of " + fmt::format("{}", fmt::join(field.one_of, ", ")));
      }
      return;
    case Type::integer:
    case Type::size:
      if (!value.is_integer()) wrong("an integer");
      return;
    case Type::number:
      if (!value.is_number()) wrong("a number");
      return;
    case Type::boolean:
      if (!value.is_bool()) wrong("true or false");
      return;
    case Type::duration:
      if (!is_duration(value)) wrong("a duration such as 500ms, 10s or 2m");
      return;
    case Type::secret:
      if (!value.is_string()) wrong("a reference such as {env: NAME} or {file: PATH}");
      return;
    case Type::address:
      if (!value.is_string() || !parse_host_port(value.string(), field.port))
        wrong(field.port == 0 ? "an address with its port, such as host:port"
                              : "an address such as host:port");
      return;
    case Type::addresses:
      if (!is_address_list(value, field.port))
        wrong("addresses such as host:port, as a list or separated by commas");
      return;
    case Type::texts:
      if (!value.is_array() ||
          !std::all_of(value.items().begin(), value.items().end(),
                       [](const Value& item) { return item.is_string() || is_reference(item); })) {
        wrong("a list of texts");
      }
      return;
    case Type::map:
      if (!value.is_object() ||
          !std::all_of(value.members().begin(), value.members().end(), [](const Member& member) {
            return member.value.is_string() || is_reference(member.value);
          })) {
        wrong("a map of texts");
      }
      return;
    case Type::tls:
      if (value.is_bool()) return;
      if (!value.is_object()) return wrong("false, true, or a map with ca, name, verify, cert, key, minimum");
      for (FieldProblem& problem : check_fields(value, tls_fields(), "tls"))
        problems.push_back(std::move(problem));
      return;
    case Type::object:
      if (!value.is_object()) return wrong("a map");
      for (FieldProblem& problem : check_fields(value, field.fields, field.name))
        problems.push_back(std::move(problem));
      return;
    case Type::list:
      if (!value.is_array()) return wrong("a list");
      if (field.fields.empty()) return;
      for (const Value& item : value.items()) {
        if (!item.is_object()) {
          problems.push_back({item.mark, fmt::format("the items of {} are maps", field.name)});
          continue;
        }
        for (FieldProblem& problem : check_fields(item, field.fields, field.name))
          problems.push_back(std::move(problem));
      }
      return;
    case Type::any:
      return;
  }
}

}  // namespace

std::vector<FieldProblem> check_fields(const Value& map, const Fields& fields, std::string_view what) {
  std::vector<FieldProblem> problems;
  if (!map.is_object() && !map.is_null()) {
    problems.push_back({map.mark, fmt::format("{} takes a map, this is {}", what, map.kind_name())});
    return problems;
  }
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  if (map.is_object()) {
    for (const Member& member : map.members()) {
      const auto field =
          std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == member.key; });
      if (field == fields.end()) {
        const std::string hint = nearest(member.key, names);
        problems.push_back(
            {member.mark, fmt::format("{} has no {}{}", what, member.key,
                                      hint.empty() ? fmt::format(" (it takes {})", fmt::join(names, ", "))
                                                   : fmt::format("; did you mean {}?", hint))});
        continue;
      }
      check_value(member.value, *field, member.mark, problems);
    }
  }
  for (const Field& field : fields) {
    if (field.required && map.find(field.name) == nullptr) {
      problems.push_back({map.mark, fmt::format("{} needs {} ({})", what, field.name, field.doc)});
    }
  }
  return problems;
}

const Value* Reader::raw(std::string_view name) {
  if (const Value* given = params_.find(name)) return given;
  for (const Field& field : fields_) {
    if (field.name == name) return field.fallback.is_null() ? nullptr : &field.fallback;
  }
  refuse(name, "is not in the probe's table");
  return nullptr;
}

void Reader::refuse(std::string_view name, const std::string& why) {
  if (first_error_) first_error_ = fail("params.invalid", "setup", fmt::format("{} {}", name, why));
}

bool Reader::has(std::string_view name) const {
  const Value* given = params_.find(name);
  return given != nullptr && !given->is_null();
}

std::string Reader::scalar_text(const Value& value) {
  if (value.is_string()) return value.string();
  if (is_reference(value)) {
    const auto secret = secrets_.get(value);
    if (secret) return secret->reveal();
    if (first_error_) first_error_ = Failure(secret.error());
    return {};
  }
  return value.is_null() ? std::string() : to_json(value);
}

std::string Reader::text(std::string_view name) {
  const Value* value = raw(name);
  return value == nullptr ? std::string() : scalar_text(*value);
}

std::int64_t Reader::integer(std::string_view name) {
  const Value* value = raw(name);
  if (value == nullptr) return 0;
  if (value->is_integer()) return value->integer();
  const std::string text = scalar_text(*value);
  char* end = nullptr;
  const long long number = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0') refuse(name, "is no integer");
  return number;
}

double Reader::number(std::string_view name) {
  const Value* value = raw(name);
  if (value == nullptr) return 0;
  if (value->is_number()) return value->number();
  const std::string text = scalar_text(*value);
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') refuse(name, "is no number");
  return number;
}

bool Reader::boolean(std::string_view name) {
  const Value* value = raw(name);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->boolean();
  const std::string text = scalar_text(*value);
  if (text != "true" && text != "false") refuse(name, "is neither true nor false");
  return text == "true";
}

Duration Reader::duration(std::string_view name) {
  const Value* value = raw(name);
  if (value == nullptr) return Duration::zero();
  const auto duration = parse_duration(scalar_text(*value));
  if (!duration) refuse(name, "is no duration");
  return duration.value_or(Duration::zero());
}

Secret Reader::secret(std::string_view name) {
  const Value* value = raw(name);
  return value == nullptr ? Secret() : Secret(scalar_text(*value));
}

std::optional<HostPort> Reader::address(std::string_view name, std::uint16_t default_port) {
  const Value* value = raw(name);
  if (value == nullptr) return std::nullopt;
  auto parsed = parse_host_port(scalar_text(*value), default_port);
  if (!parsed) refuse(name, "is no address (host:port)");
  return parsed;
}

std::vector<HostPort> Reader::addresses(std::string_view name, std::uint16_t default_port) {
  const Value* value = raw(name);
  std::vector<HostPort> all;
  if (value == nullptr) return all;
  if (!value->is_array()) {
    auto parsed = parse_host_ports(scalar_text(*value), default_port);
    if (!parsed) refuse(name, "holds something that is no address (host:port)");
    return parsed.value_or(all);
  }
  for (const Value& item : value->items()) {
    auto parsed = parse_host_port(scalar_text(item), default_port);
    if (!parsed) {
      refuse(name, "holds something that is no address (host:port)");
      continue;
    }
    all.push_back(std::move(*parsed));
  }
  return all;
}

std::vector<std::string> Reader::texts(std::string_view name) {
  const Value* value = raw(name);
  std::vector<std::string> all;
  if (value == nullptr || !value->is_array()) return all;
  for (const Value& item : value->items()) all.push_back(scalar_text(item));
  return all;
}

std::vector<std::pair<std::string, Secret>> Reader::map(std::string_view name) {
  const Value* value = raw(name);
  std::vector<std::pair<std::string, Secret>> all;
  if (value == nullptr || !value->is_object()) return all;
  for (const Member& member : value->members())
    all.emplace_back(member.key, Secret(scalar_text(member.value)));
  return all;
}

TlsOptions Reader::tls(std::string_view name) {
  TlsOptions options;
  const Value* value = raw(name);
  if (value == nullptr || value->is_null()) return options;
  if (value->is_bool()) {
    options.enabled = value->boolean();
    return options;
  }
  Reader nested(*value, tls_fields(), secrets_);
  options.enabled = true;
  options.ca = nested.text("ca");
  options.name = nested.text("name");
  options.verify = nested.boolean("verify");
  options.cert = nested.text("cert");
  options.key = nested.text("key");
  options.minimum = nested.text("minimum");
  if (first_error_) first_error_ = nested.ok();
  return options;
}

namespace {
Value resolve_all(const Value& value, const std::function<std::string(const Value&)>& text) {
  if (is_reference(value)) return text(value);
  Value copy = value;
  if (copy.is_array()) {
    for (Value& item : copy.items()) item = resolve_all(item, text);
  } else if (copy.is_object()) {
    for (Member& member : copy.members()) member.value = resolve_all(member.value, text);
  }
  return copy;
}
}  // namespace

Value Reader::any(std::string_view name) {
  const Value* value = raw(name);
  if (value == nullptr) return {};
  return resolve_all(*value, [this](const Value& reference) { return scalar_text(reference); });
}

Field seen_field(std::string name, Type type, std::string doc, Fields fields) {
  return {std::move(name), type, std::move(doc), false, {}, "", std::move(fields), {}};
}

Field tls_field() {
  return {"tls",        Type::tls, "true, or a map: secures the connection",
          false,        false,     "{ca: /etc/ssl/ca.pem}",
          tls_fields(), {}};
}

Fields connection_observations() {
  Fields phases;
  for (const char* name : {"resolve", "connect", "tls", "auth", "request", "transfer", "setup"}) {
    phases.push_back(
        {name, Type::duration, std::string("time spent in the phase ") + name, false, {}, "", {}, {}});
  }
  const Fields certificate = {
      {"subject", Type::text, "distinguished name", false, {}, "", {}, {}},
      {"issuer", Type::text, "distinguished name", false, {}, "", {}, {}},
      {"names", Type::texts, "subject alternative names", false, {}, "", {}, {}},
      {"not_before", Type::text, "valid from, in UTC", false, {}, "", {}, {}},
      {"not_after", Type::text, "valid until, in UTC", false, {}, "", {}, {}},
      {"days_left", Type::number, "days until it expires", false, {}, "", {}, {}},
      {"sha256", Type::text, "fingerprint", false, {}, "", {}, {}},
  };
  return {
      {"phases", Type::object, "seconds spent in each phase that was seen", false, {}, "", phases, {}},
      {"addresses", Type::texts, "all addresses of the name", false, {}, "", {}, {}},
      {"peer", Type::text, "the address that was dialled last", false, {}, "", {}, {}},
      {"tls",
       Type::object,
       "the secured connection",
       false,
       {},
       "",
       {{"protocol", Type::text, "TLSv1.2 or TLSv1.3", false, {}, "", {}, {}},
        {"cipher", Type::text, "cipher suite", false, {}, "", {}, {}},
        {"verified", Type::boolean, "the chain is trusted and names the host", false, {}, "", {}, {}},
        {"verify_error", Type::text, "why not", false, {}, "", {}, {}},
        {"days_left", Type::number, "days until the first certificate expires", false, {}, "", {}, {}},
        {"names", Type::texts, "names of the first certificate", false, {}, "", {}, {}},
        {"subject", Type::text, "subject of the first certificate", false, {}, "", {}, {}},
        {"chain", Type::list, "every certificate that was presented", false, {}, "", certificate, {}}},
       {}},
  };
}

}  // namespace assay
