#include "net/proxy.h"

#include <array>

#include "core/base64.h"
#include "core/utf8.h"
#include "net/transport.h"

namespace assay {
namespace {

constexpr std::size_t kMostHead = 64U << 10;

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0;
    out += escape ? static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

// Exactly so many bytes.
Result<std::string> read_bytes(Transport& transport, std::size_t count, const Context& context) {
  std::string bytes(count, '\0');
  for (std::size_t have = 0; have < count;) {
    const auto got = transport.read({bytes.data() + have, count - have}, context, "connect");
    if (!got) return Failure(got.error());
    if (*got == 0) return fail("connect.failed", "connect", "the proxy closed the connection");
    have += *got;
  }
  return bytes;
}

Result<void> ask_http(Transport& transport, const Proxy& proxy, const HostPort& target,
                      const Context& context) {
  std::string head =
      "CONNECT " + target.text() + " HTTP/1.1\r\nHost: " + target.text() + "\r\nUser-Agent: assay\r\n";
  if (!proxy.user.empty()) {
    head += "Proxy-Authorization: Basic " +
            encode_base64(proxy.user.reveal() + ":" + proxy.password.reveal()) + "\r\n";
  }
  if (const auto sent = transport.write(head + "\r\n", context, "connect"); !sent) return sent;
  // One byte at a time: what follows the head belongs to the connection.
  std::string answer;
  while (!answer.ends_with("\r\n\r\n")) {
    const auto byte = read_bytes(transport, 1, context);
    if (!byte) return Failure(byte.error());
    answer += *byte;
    if (answer.size() > kMostHead)
      return fail("protocol.too-large", "connect", "the proxy's answer is too long");
  }
  const std::string line = answer.substr(0, answer.find("\r\n"));
  if (line.starts_with("HTTP/1.") && line.size() > 9 && line.substr(8, 2) == " 2") return {};
  return fail("connect.failed", "connect",
              "the proxy does not connect to " + target.text() + ": " + shorten(printable(line), 100));
}

// RFC 1928, section 6.
Failure socks_failure(int reply, const HostPort& target) {
  static constexpr std::array<std::string_view, 9> kWords = {"",
                                                             "it failed",
                                                             "its rules do not allow it",
                                                             "the network is unreachable",
                                                             "the host is unreachable",
                                                             "the connection was refused",
                                                             "the time to live expired",
                                                             "it does not know the command",
                                                             "it does not know such addresses"};
  const std::string_view code = reply == 5                 ? "connect.refused"
                                : reply == 3 || reply == 4 ? "connect.unreachable"
                                                           : "connect.failed";
  const std::string why = reply > 0 && static_cast<std::size_t>(reply) < kWords.size()
                              ? std::string(kWords[static_cast<std::size_t>(reply)])
                              : "reply " + std::to_string(reply);
  return fail(code, "connect", "the proxy does not connect to " + target.text() + ": " + why);
}

// User and password (RFC 1929).
Result<void> log_in(Transport& transport, const Proxy& proxy, const Context& context) {
  const std::string& user = proxy.user.reveal();
  const std::string& password = proxy.password.reveal();
  std::string message = "\x01";
  message += static_cast<char>(user.size());
  message += user;
  message += static_cast<char>(password.size());
  message += password;
  if (const auto sent = transport.write(message, context, "connect"); !sent) return sent;
  const auto answer = read_bytes(transport, 2, context);
  if (!answer) return Failure(answer.error());
  if ((*answer)[1] != 0)
    return fail("connect.failed", "connect", "the proxy does not accept the user and password");
  return {};
}

Result<void> ask_socks(Transport& transport, const Proxy& proxy, const HostPort& target,
                       const Context& context) {
  const bool login = !proxy.user.empty();
  if (target.host.size() > 255 || proxy.user.reveal().size() > 255 || proxy.password.reveal().size() > 255)
    return fail("params.invalid", "setup", "a name is too long for SOCKS");
  const std::string methods = login ? std::string("\x05\x02\x00\x02", 4) : std::string("\x05\x01\x00", 3);
  if (const auto sent = transport.write(methods, context, "connect"); !sent) return sent;
  const auto chosen = read_bytes(transport, 2, context);
  if (!chosen) return Failure(chosen.error());
  if ((*chosen)[0] != 5) return fail("protocol.invalid", "connect", "the proxy does not speak SOCKS 5");
  if ((*chosen)[1] == 2 && login) {
    if (const auto in = log_in(transport, proxy, context); !in) return in;
  } else if ((*chosen)[1] != 0) {
    return fail("connect.failed", "connect", "the proxy wants a login that is not given");
  }
  std::string request("\x05\x01\x00\x03", 4);
  request += static_cast<char>(target.host.size());
  request += target.host;
  request += static_cast<char>(target.port >> 8);
  request += static_cast<char>(target.port & 255);
  if (const auto sent = transport.write(request, context, "connect"); !sent) return sent;
  const auto reply = read_bytes(transport, 5, context);
  if (!reply) return Failure(reply.error());
  if ((*reply)[1] != 0) return socks_failure(static_cast<unsigned char>((*reply)[1]), target);
  // The address that it bound, which nobody needs: 4 or 16 bytes, or a name after its length.
  const std::size_t first = static_cast<unsigned char>((*reply)[4]);
  const std::size_t rest = (*reply)[3] == 1 ? 3 : (*reply)[3] == 4 ? 15 : first;
  const auto bound = read_bytes(transport, rest + 2, context);
  if (!bound) return Failure(bound.error());
  return {};
}

}  // namespace

Result<Proxy> parse_proxy(const std::string& url) {
  const auto refuse = [](const char* why) { return fail("params.invalid", "setup", why); };
  const auto colon = url.find("://");
  if (colon == std::string::npos) return refuse("the proxy is no URL");
  const std::string scheme = url.substr(0, colon);
  Proxy proxy;
  std::uint16_t port = 80;
  if (scheme == "https") {
    proxy.kind = Proxy::Kind::https;
    port = 443;
  } else if (scheme == "socks5" || scheme == "socks5h") {
    proxy.kind = Proxy::Kind::socks5;
    port = 1080;
  } else if (scheme != "http") {
    return refuse("the proxy's URL is none of http, https and socks5");
  }
  std::string_view rest = std::string_view(url).substr(colon + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = rest.substr(0, at);
    const auto middle = user.find(':');
    proxy.user = Secret(unescaped(user.substr(0, middle)));
    if (middle != std::string_view::npos) proxy.password = Secret(unescaped(user.substr(middle + 1)));
    rest.remove_prefix(at + 1);
  }
  const auto place = parse_host_port(rest, port);
  if (!place || place->host.empty()) return refuse("the proxy's URL names no host, or no port that there is");
  proxy.at = *place;
  return proxy;
}

Result<Transport> connect_through(Network& network, const Proxy& proxy, const HostPort& target,
                                  const Context& context, Trace& trace) {
  if (proxy.kind == Proxy::Kind::https)
    return fail("params.invalid", "setup",
                "a proxy of https is not supported here: only http and socks5 are");
  auto transport = Transport::connect(network, proxy.at, {}, context, trace);
  if (!transport) return transport;
  const PhaseTimer timer(trace, "connect");
  const auto asked = proxy.kind == Proxy::Kind::http ? ask_http(*transport, proxy, target, context)
                                                     : ask_socks(*transport, proxy, target, context);
  if (!asked) return Failure(asked.error());
  return transport;
}

}  // namespace assay
