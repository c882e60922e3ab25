#include "probes/config_address.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "net/address.h"

namespace assay {
namespace {

struct Scheme {
  std::string_view name;
  std::uint16_t port;
};
// Only schemes with a network behind them; a URL of another scheme is none of ours unless it has a port.
constexpr auto kSchemes = std::to_array<Scheme>({{"amqp", 5672},
                                                 {"amqps", 5671},
                                                 {"http", 80},
                                                 {"https", 443},
                                                 {"mongodb", 27017},
                                                 {"mysql", 3306},
                                                 {"nats", 4222},
                                                 {"postgres", 5432},
                                                 {"postgresql", 5432},
                                                 {"redis", 6379},
                                                 {"rediss", 6379},
                                                 {"ws", 80},
                                                 {"wss", 443}});

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Labels of letters, digits, - and _, with dots between them.
bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 253 || text.front() == '.' || text.front() == '-') return false;
  char before = '.';
  for (const char c : text) {
    if (c == '.' && before == '.') return false;
    if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_' && c != '.') return false;
    before = c;
  }
  return true;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '.' || c == '-') c = '_';
  }
  return out;
}

// What a key says: that its value names a host.
bool names_host(std::string_view key) {
  const std::string name = upper(key);
  static constexpr auto kEnds = std::to_array<std::string_view>(
      {"HOST", "HOSTS", "HOSTNAME", "ADDR", "ADDRESS", "SERVER", "SERVERS", "ENDPOINT", "BROKERS"});
  return std::any_of(kEnds.begin(), kEnds.end(), [&](std::string_view end) { return name.ends_with(end); });
}

bool is_service(std::string_view host) {
  return host.ends_with(".svc") || host.find(".svc.") != std::string_view::npos;
}

std::uint16_t port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() ? port : std::uint16_t{0};
}

// The port that stands beside a host's key: POSTGRES_PORT beside POSTGRES_HOST, port beside host.
std::uint16_t port_beside(const std::map<std::string, std::string>& data, const std::string& key) {
  const std::string name = upper(key);
  for (const std::string_view end : {"HOSTNAME", "HOST", "ADDRESS", "ADDR", "SERVER", "ENDPOINT"}) {
    if (!name.ends_with(end)) continue;
    const std::string wanted = name.substr(0, name.size() - end.size()) + "PORT";
    for (const auto& [other, value] : data) {
      if (upper(other) == wanted) return port_of(value);
    }
    return 0;
  }
  return 0;
}

// Takes every URL out of a value; what is left is looked at by itself.
std::string take_urls(const std::string& key, std::string value, std::vector<ConfigAddress>& found) {
  std::size_t from = 0;
  for (auto at = value.find("://"); at != std::string::npos; at = value.find("://", from)) {
    std::size_t begin = at;
    const auto of_scheme = [](char c) { return is_letter(c) || is_digit(c) || c == '+'; };
    while (begin > 0 && of_scheme(value[begin - 1])) --begin;
    const std::string scheme = value.substr(begin, at - begin);
    std::size_t end = at + 3;
    static constexpr std::string_view kEnds = " \t\r\n\"'<>`";
    while (end < value.size() && kEnds.find(value[end]) == std::string_view::npos) ++end;
    std::string authority = value.substr(at + 3, end - at - 3);
    authority.resize(std::min(authority.find_first_of("/?#"), authority.size()));
    // jdbc:postgresql://host is postgresql's; a user and a password end at the last @.
    if (const auto user = authority.rfind('@'); user != std::string::npos) authority.erase(0, user + 1);
    const auto known =
        std::find_if(kSchemes.begin(), kSchemes.end(), [&](const Scheme& one) { return one.name == scheme; });
    const std::uint16_t usual = known == kSchemes.end() ? std::uint16_t{0} : known->port;
    // Several hosts with commas between them, as Postgres and MongoDB take them.
    for (std::size_t start = 0; start <= authority.size();) {
      const auto comma = std::min(authority.find(',', start), authority.size());
      if (const auto one = parse_host_port(std::string_view(authority).substr(start, comma - start), usual))
        found.push_back({key, one->host, one->port});
      start = comma + 1;
    }
    value.replace(begin, end - begin, end - begin, ' ');
    from = end;
  }
  return value;
}

// `host:port` where it can be no image, time or ratio.
bool is_address(const std::string& key, const HostPort& one) {
  if (!is_host(one.host)) return false;
  const bool letter = std::any_of(one.host.begin(), one.host.end(), is_letter);
  return letter ? one.host.find('.') != std::string::npos || one.port >= 1024 || names_host(key)
                : SocketAddress::numeric(one.host, one.port).has_value();
}

void take_rest(const std::map<std::string, std::string>& data, const std::string& key, std::string_view value,
               std::vector<ConfigAddress>& found) {
  static constexpr std::string_view kSpace = " \t\r\n";
  const auto first = value.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return;
  value = value.substr(first, value.find_last_not_of(kSpace) - first + 1);
  if (value.find_first_of(kSpace) != std::string_view::npos) return;  // a text, not an address
  std::vector<ConfigAddress> all;
  for (std::size_t start = 0; start <= value.size();) {
    const auto comma = std::min(value.find(',', start), value.size());
    const std::string_view item = value.substr(start, comma - start);
    start = comma + 1;
    if (const auto one = parse_host_port(item); one && is_address(key, *one)) {
      all.push_back({key, one->host, one->port});
    } else if (is_host(item) && (is_service(item) || (names_host(key) && port_of(item) == 0))) {
      all.push_back({key, std::string(item), port_beside(data, key)});
    } else {
      return;  // a list in which something is no address is a list of something else
    }
  }
  found.insert(found.end(), all.begin(), all.end());
}

}  // namespace

std::string ConfigAddress::text() const { return port == 0 ? host : HostPort{host, port}.text(); }

std::vector<ConfigAddress> addresses_in(const std::map<std::string, std::string>& data) {
  std::vector<ConfigAddress> found;
  for (const auto& [key, value] : data) {
    const std::string rest = take_urls(key, value, found);
    if (rest == value) take_rest(data, key, value, found);
  }
  return found;
}

}  // namespace assay
